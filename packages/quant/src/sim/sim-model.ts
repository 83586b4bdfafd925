import { Module } from '@q/nn';
import { described, type Tensor } from '@q/tensor';
import { checkBoolean, checkChoice, checkFunction, optionsOf } from '@q/tensor/internal';
import { PercentileEncodingAnalyzer } from '../analyzers/percentile.js';
import { checkInstance } from '../arguments.js';
import { computeEncodings } from '../calibrate.js';
import { QuantizationError } from '../errors.js';
import { checkBitwidth } from '../grid.js';
import { replaced, toQuantized } from '../modules/model.js';
import { isQuantized, quantizerSlots, type ImportOptions } from '../modules/quantized-module.js';
import { QuantizerBase } from '../quantizers/quantizer.js';
import { defaultConfig, rulesOf, type QuantSimConfig } from './config.js';
import { exportEncodings, importEncodings, namedLayers, type ModelEncodings, type Named } from './encodings.js';
import { argumentsOf, trace, type Layer } from './graph.js';
import { checkScheme, Placement, type QuantScheme } from './place.js';

/** Options of `QuantizationSimModel`. */
export interface QuantizationSimOptions {
  /** The arguments of `forward`, or the only one: shows how layers follow each other. Its values do not matter. */
  readonly dummyInput: Tensor | readonly unknown[];
  /** Where quantizers are placed: AIMET's configuration file, parsed. Default: `defaultConfig`. */
  readonly config?: QuantSimConfig;
  /** How ranges are found. Default: 'min_max'. */
  readonly quantScheme?: QuantScheme;
  /** Bits of inputs and outputs. Default: 8. */
  readonly defaultOutputBw?: number;
  /** Bits of parameters. Default: 8. */
  readonly defaultParamBw?: number;
  /** 'float' puts everything into float16, with 16 bits. Default: 'int'. */
  readonly defaultDataType?: 'int' | 'float';
  /** Whether the given model itself becomes the simulation, or a copy. Default: false. */
  readonly inPlace?: boolean;
}

/**
 * Simulates a model as it would run on integers: makes its layers quantized ones, places quantizers by a configuration, calibrates
 * them, and reads and writes their encodings. AIMET's `QuantizationSimModel`.
 *
 * ```ts
 * const sim = new QuantizationSimModel(model, { dummyInput: images });
 * sim.computeEncodings((model) => { for (const x of batches) model.forward(x); });
 * sim.model.forward(images);
 * writeFileSync('net.encodings', JSON.stringify(sim.exportEncodings()));
 * ```
 */
export class QuantizationSimModel<M extends Module = Module> {
  /** The simulation: a copy of the model whose layers are quantized. */
  model: M;

  /**
   * @throws QuantizationError for a configuration or options that are none; ModuleError for layers without a quantized class, with
   *   definitions to paste; whatever the model throws for `dummyInput`
   */
  constructor(model: M, options: QuantizationSimOptions) {
    const name = 'QuantizationSimModel';
    checkInstance(name, 'the model', model, Module);
    const {
      dummyInput,
      config = defaultConfig,
      quantScheme = 'min_max',
      defaultDataType = 'int',
      inPlace = false,
      defaultOutputBw = defaultDataType === 'float' ? 16 : 8,
      defaultParamBw = defaultDataType === 'float' ? 16 : 8,
    } = optionsOf(name, options ?? {}, [
      'dummyInput',
      'config',
      'quantScheme',
      'defaultOutputBw',
      'defaultParamBw',
      'defaultDataType',
      'inPlace',
    ]);
    const args = argumentsOf(name, dummyInput);
    checkScheme(name, quantScheme);
    checkChoice(name, 'defaultDataType', defaultDataType, ['int', 'float'] as const);
    checkBoolean(name, 'inPlace', inPlace);
    for (const bits of [defaultOutputBw, defaultParamBw]) {
      checkBitwidth(name, bits);
      if (defaultDataType === 'float' && bits !== 16)
        throw new QuantizationError(`${name}: floats are simulated in 16 bits, got ${described(bits)}.`);
    }
    const rules = rulesOf(config);
    // What fails must leave the model as it is: all of it is tried on a copy first.
    if (inPlace) new QuantizationSimModel(model, { ...options, inPlace: false });
    const quantized = toQuantized(inPlace ? model : model.clone()) as M;
    this.model = quantized;
    const layers = this.layers();
    const only = layers.map(([, layer]) => layer);
    const settings = {
      scheme: quantScheme,
      outputBits: defaultOutputBw,
      paramBits: defaultParamBw,
      dtype: defaultDataType,
    };
    const placement = new Placement(rules, settings, trace(name, quantized, only, args));
    for (const layer of only) placement.place(layer);
  }

  /** The quantized layers by name. */
  private layers(): Named[] {
    return namedLayers(this.model, (module): module is Layer => isQuantized(module));
  }

  /**
   * Calibrates: runs `fn`, which passes representative data through the model it is given, and computes all encodings. Returns what
   * `fn` returns; a promise is awaited. Where `fn` throws or rejects, no quantizer changes (analyzers keep what they
   * were shown); where it runs another model, there is a warning.
   */
  computeEncodings<T>(fn: (model: M) => T): T {
    checkFunction('computeEncodings', fn);
    return computeEncodings(this.model, () => fn(this.model));
  }

  /** The encodings there are, in AIMET's file format. */
  exportEncodings(): ModelEncodings {
    return exportEncodings(this.layers());
  }

  /**
   * Sets quantizers from encodings in AIMET's file format, all or none: what `exportEncodings` gives, AIMET's `_torch.encodings`, and
   * what its `save_encodings_to_json` writes.
   *
   * @param options `strict: false` ignores encodings for places without a quantizer; `partial: false` removes quantizers without an
   *   encoding; `requiresGrad` and `allowOverwrite` say what becomes of those that are set
   * @throws QuantizationError or ShapeError for encodings that are none, of another format, or that do not fit; nothing is changed then
   */
  loadEncodings(encodings: ModelEncodings, options: ImportOptions = {}): void {
    importEncodings('loadEncodings', this.layers(), encodings, options, false);
  }

  /** Sets the quantizers of parameters from encodings, and keeps calibrations and training from changing them. */
  setAndFreezeParamEncodings(encodings: Pick<ModelEncodings, 'param_encodings'>): void {
    const frozen = { requiresGrad: false, allowOverwrite: false };
    importEncodings('setAndFreezeParamEncodings', this.layers(), encodings, frozen, true);
  }

  /**
   * Makes layers of `model` float layers again, with their parameters; of a module that holds others, all quantized layers in it.
   *
   * @throws QuantizationError for what is no quantized layer of the model and holds none; nothing is changed then
   */
  excludeLayersFromQuantization(layers: readonly Module[]): void {
    const name = 'excludeLayersFromQuantization';
    if (!Array.isArray(layers))
      throw new QuantizationError(`${name}: wants a list of layers, got ${described(layers)}.`);
    const known = new Set<unknown>(this.model.modules());
    const originals = new Map<Module, Module>();
    for (const layer of Array.from<unknown>(layers)) {
      const quantized = layer instanceof Module && known.has(layer) ? layer.modules().filter(isQuantized) : [];
      if (quantized.length === 0)
        throw new QuantizationError(
          `${name}: ${described(layer)} is no quantized layer of the simulation, and holds none. Take layers of sim.model.`,
        );
      for (const each of quantized) originals.set(each, each.getOriginalModule());
    }
    // What is quantized as a whole may hold quantized layers too.
    for (const original of originals.values()) replaced(original, originals);
    this.model = replaced(this.model, originals) as M;
  }

  /** Sets which part of the values lies within the ranges that 'percentile' finds, in percent. */
  setPercentileValue(percentile: number): void {
    const analyzers = this.model
      .modules()
      .flatMap((module) => (module instanceof QuantizerBase ? [module.encodingAnalyzer] : []))
      .filter((analyzer) => analyzer instanceof PercentileEncodingAnalyzer);
    if (analyzers.length === 0)
      throw new QuantizationError("setPercentileValue: no quantizer has a percentile. Use quantScheme: 'percentile'.");
    for (const analyzer of analyzers) analyzer.percentile = percentile;
  }

  /** The layers, and the bits of their inputs, parameters and outputs. */
  toString(): string {
    const bits = (slot: QuantizerBase | null): string =>
      slot === null ? '-' : String(Math.ceil(Math.log2(slot.numSteps + 1)));
    const rows = this.layers().map(([path, layer]) => {
      const { inputQuantizers, paramQuantizers, outputQuantizers } = quantizerSlots(layer);
      return [
        path || '(model)',
        layer.constructor.name,
        inputQuantizers.map(bits).join(' '),
        Object.entries(paramQuantizers)
          .map(([name, slot]) => `${name} ${bits(slot)}`)
          .join(', '),
        outputQuantizers.map(bits).join(' '),
      ];
    });
    const table = [['layer', 'class', 'inputs', 'parameters', 'outputs'], ...rows];
    const widths = table[0]!.map((_title, c) => Math.max(...table.map((row) => row[c]!.length)));
    return table
      .map((row) =>
        row
          .map((cell, c) => cell.padEnd(widths[c]!))
          .join('  ')
          .trimEnd(),
      )
      .join('\n');
  }
}
