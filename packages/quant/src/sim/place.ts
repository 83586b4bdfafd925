import * as nn from '@q/nn';
import { ArgumentError, described } from '@q/tensor';
import type { EncodingAnalyzer } from '../analyzers/analyzer.js';
import { MinMaxEncodingAnalyzer } from '../analyzers/min-max.js';
import { PercentileEncodingAnalyzer } from '../analyzers/percentile.js';
import { SqnrEncodingAnalyzer } from '../analyzers/sqnr.js';
import { definitionOf, parameterPlaces, type ModuleClass, type QuantizerSlot } from '../modules/quantized-module.js';
import { QuantizeDequantize } from '../quantizers/affine.js';
import { FloatQuantizeDequantize } from '../quantizers/float.js';
import type { QuantizerBase } from '../quantizers/quantizer.js';
import type { OpRule, ParamRule, Rules } from './config.js';
import { readersOf, type Flow, type Layer, type Origin } from './graph.js';
import { opTypesOf } from './op-types.js';

/** How ranges are found. */
export type QuantScheme = 'min_max' | 'percentile' | 'sqnr';

/** What the quantizers of a model have in common. */
export interface Settings {
  readonly scheme: QuantScheme;
  readonly outputBits: number;
  readonly paramBits: number;
  readonly dtype: 'int' | 'float';
}

const analyzers: Readonly<Record<QuantScheme, (shape: readonly number[]) => EncodingAnalyzer>> = {
  min_max: (shape) => new MinMaxEncodingAnalyzer(shape),
  percentile: (shape) => new PercentileEncodingAnalyzer(shape),
  sqnr: (shape) => new SqnrEncodingAnalyzer(shape),
};

/** Throws ArgumentError for what is no scheme; AIMET has other names for two of them. */
export function checkScheme(operation: string, scheme: unknown): asserts scheme is QuantScheme {
  if (typeof scheme !== 'string' || !Object.hasOwn(analyzers, scheme))
    throw new ArgumentError(
      `${operation}: quantScheme must be one of ${Object.keys(analyzers).map(described).join(', ')}, got ${described(scheme)}. AIMET's tf is "min_max", its tf_enhanced "sqnr".`,
    );
}

/** Where the output channels of a weight are, by the class of its layer. */
const channelAxes: ReadonlyMap<ModuleClass, number> = new Map<ModuleClass, number>([
  ...[nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d].map((type): [ModuleClass, number] => [type, 0]),
  ...[nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d].map((type): [ModuleClass, number] => [type, 1]),
]);

/** Which input is a weight that was made elsewhere, as the projections of attention have it; a bias follows. */
const weightInputs: ReadonlyMap<ModuleClass, number> = new Map<ModuleClass, number>([
  [nn.DynamicLinear, 1],
  [nn.DynamicConv2d, 1],
]);

const floatOf = (layer: Layer): ModuleClass => definitionOf(layer)!.float;

/** What a configuration says of a layer: the rules for its type, those by ONNX's name first. */
function ruleOf(layer: Layer, { types }: Rules): OpRule | undefined {
  const name = opTypesOf(floatOf(layer)).find((type) => types.has(type));
  return name === undefined ? undefined : types.get(name);
}

/** 'weight' of `weight_ih_l0`: parameters of recurrent layers have numbers. */
const kindOf = (name: string, known: ReadonlyMap<string, ParamRule>): string =>
  [name, name.replace(/_.*$/, '')].find((kind) => known.has(kind)) ?? name;

/** Places quantizers in a model by a configuration. */
export class Placement {
  constructor(
    private readonly rules: Rules,
    private readonly settings: Settings,
    private readonly flow: Flow,
  ) {}

  /** A quantizer with scales of a shape. */
  private quantizer(shape: readonly number[], bitwidth: number, symmetric: boolean): QuantizerBase {
    const { scheme, dtype } = this.settings;
    if (dtype === 'float') return new FloatQuantizeDequantize({ dtype: 'float16' });
    const encodingAnalyzer = analyzers[scheme](shape);
    const half = 2 ** (bitwidth - 1);
    return symmetric && this.rules.strictSymmetric
      ? new QuantizeDequantize({ shape, symmetric, qmin: 1 - half, qmax: half - 1, encodingAnalyzer })
      : new QuantizeDequantize({ shape, symmetric, bitwidth, encodingAnalyzer });
  }

  /** Sets the quantizers of a layer, all places of which are empty. */
  place(layer: Layer): void {
    const rule = ruleOf(layer, this.rules);
    const symmetric = rule?.symmetric ?? this.rules.ops.symmetric ?? false;
    const make = (): QuantizerBase => this.quantizer([], this.settings.outputBits, symmetric);
    layer.outputQuantizers = this.outputs(layer, rule, make);
    layer.inputQuantizers = this.inputs(layer, rule, make);
    for (const { name, value } of parameterPlaces(layer))
      layer.paramQuantizers[name] = this.forParameter(layer, rule, name, value.shape);
  }

  private outputs(layer: Layer, rule: OpRule | undefined, make: () => QuantizerBase): QuantizerSlot[] {
    const { ops, modelOutputs } = this.rules;
    const general = rule?.outputs ?? ops.outputs ?? false;
    const wanted = this.flow.results.has(layer) ? (modelOutputs ?? general) : general && !this.isTakenUp(layer);
    const seen = this.flow.outputs.get(layer);
    return layer.outputQuantizers.map((_slot, i) => {
      // A layer that the sample did not reach is taken to give floats.
      if (!wanted || seen?.has(i) === false) return null;
      const quantizer = make();
      if (rule?.range && quantizer instanceof QuantizeDequantize) {
        quantizer.setRange(rule.range.min, rule.range.max);
        quantizer.allowOverwrite(false);
      }
      return quantizer;
    });
  }

  private inputs(layer: Layer, rule: OpRule | undefined, make: () => QuantizerBase): QuantizerSlot[] {
    const { ops, modelInputs } = this.rules;
    const general = rule?.inputs ?? ops.inputs ?? false;
    const wanted = (origin: Origin | null): boolean =>
      origin === 'argument' ? (modelInputs ?? general) : general && (origin === null || !this.isQuantized(origin));
    const entered = this.flow.inputs.get(layer);
    const weight = weightInputs.get(floatOf(layer)) ?? Infinity;
    return layer.inputQuantizers.map((_slot, i) => {
      if (i >= weight) return this.forParameter(layer, rule, i === weight ? 'weight' : 'bias', []);
      return [...(entered?.get(i) ?? [])].some(wanted) ? make() : null;
    });
  }

  /** The quantizer of a parameter, or null. */
  private forParameter(
    layer: Layer,
    rule: OpRule | undefined,
    name: string,
    shape: readonly number[],
  ): QuantizerBase | null {
    const { ops, param, params } = this.rules;
    const own = rule?.params.get(kindOf(name, rule.params));
    const general = params.get(kindOf(name, params));
    if (!(own?.quantized ?? general?.quantized ?? param.quantized ?? false)) return null;
    const perChannel = rule?.perChannel ?? ops.perChannel ?? false;
    const axis = perChannel && name === 'weight' ? channelAxes.get(floatOf(layer)) : undefined;
    const scales = axis === undefined ? [] : shape.map((size, d) => (d === axis ? size : 1));
    const symmetric = own?.symmetric ?? general?.symmetric ?? param.symmetric ?? false;
    return this.quantizer(scales, this.settings.paramBits, symmetric);
  }

  /** Whether what a layer gives lies on a grid: its own, or where outputs are quantized that of what it moves. */
  private isQuantized(layer: Layer): boolean {
    return (this.rules.ops.outputs ?? false) || (ruleOf(layer, this.rules)?.outputs ?? false);
  }

  /** Whether a layer is in a chain that is computed as one, and not the last of it. */
  private isTakenUp(layer: Layer): boolean {
    return this.rules.supergroups.some((chain) =>
      chain.slice(0, -1).some((_name, position) => {
        const before = this.follows(layer, chain.slice(0, position + 1).reverse(), (one) => this.makers(one));
        return before && this.follows(layer, chain.slice(position), (one) => readersOf(this.flow, one));
      }),
    );
  }

  /** Whether layers of these types follow each other from `layer` on, each the only one. */
  private follows(layer: Layer, chain: readonly string[], next: (layer: Layer) => readonly Layer[]): boolean {
    const [name, ...rest] = chain;
    if (!opTypesOf(floatOf(layer)).includes(name!)) return false;
    if (rest.length === 0) return true;
    const following = next(layer);
    return following.length === 1 && this.follows(following[0]!, rest, next);
  }

  /** The layers that a layer reads, each of which it alone reads. */
  private makers(layer: Layer): readonly Layer[] {
    const origins = [...(this.flow.inputs.get(layer)?.values() ?? [])].flatMap((set) => [...set]);
    return origins.filter(
      (origin): origin is Layer =>
        origin !== null && origin !== 'argument' && readersOf(this.flow, origin).length === 1,
    );
  }
}
