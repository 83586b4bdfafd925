import { described } from '@q/tensor';
import { isJSONObject } from '@q/tensor/internal';
import { QuantizationError } from '../errors.js';

/** True or false; a string in AIMET's files. */
export type Flag = boolean | 'True' | 'False';

/** How a kind of parameter is quantized. */
export interface ParamConfig {
  /** Whether it is quantized. */
  readonly is_quantized?: Flag;
  /** Whether its range lies around zero. */
  readonly is_symmetric?: Flag;
}

/** How the inputs and outputs of operations are quantized. */
export interface OpConfig {
  /** Whether inputs are quantized that no quantized operation made. */
  readonly is_input_quantized?: Flag;
  /** Whether outputs are quantized. */
  readonly is_output_quantized?: Flag;
  /** Whether the ranges of inputs and outputs lie around zero. */
  readonly is_symmetric?: Flag;
}

/** A range that is not observed. */
export interface RangeConfig {
  /** Lower end. */
  readonly min: number;
  /** Upper end. */
  readonly max: number;
}

/** Operations that follow each other. */
export interface SupergroupConfig {
  /** Their types, from the first to the last. */
  readonly op_list: readonly string[];
}

/** What holds for one type of operation. */
export interface OpTypeConfig extends OpConfig {
  /** Whether weights have a scale per output channel. */
  readonly per_channel_quantization?: Flag;
  /** How its parameters are quantized, by name ('weight', 'bias'). */
  readonly params?: Readonly<Record<string, ParamConfig>>;
  /** The range of its outputs, whatever is observed. */
  readonly encoding_constraints?: RangeConfig;
}

/** Where a `QuantizationSimModel` places quantizers: AIMET's configuration file, parsed. */
export interface QuantSimConfig {
  /** What holds where nothing else is said. */
  readonly defaults: {
    /** Inputs and outputs. */
    readonly ops?: OpConfig;
    /** Parameters. */
    readonly params?: ParamConfig;
    /** Whether symmetric grids leave out their lowest position. */
    readonly strict_symmetric?: Flag;
    /** Accepted as AIMET 2 does, and without effect: grids are chosen before data is seen. */
    readonly unsigned_symmetric?: Flag;
    /** Whether weights have a scale per output channel. */
    readonly per_channel_quantization?: Flag;
  };
  /** By name of the parameter. */
  readonly params?: Readonly<Record<string, ParamConfig>>;
  /** By type of operation: ONNX's name ('Conv', 'Gemm') or that of the class ('Conv2d'). */
  readonly op_type?: Readonly<Record<string, OpTypeConfig>>;
  /** Chains of operations that are computed as one: only the last has its output quantized. */
  readonly supergroups?: readonly SupergroupConfig[];
  /** The inputs of the model. */
  readonly model_input?: Pick<OpConfig, 'is_input_quantized'>;
  /** The results of the model. */
  readonly model_output?: Pick<OpConfig, 'is_output_quantized'>;
}

const unquantized: OpTypeConfig = { is_output_quantized: false };

/** Operations that give elements of their input: these lie on its grid already. */
const movements = [
  ...['Dropout', 'Expand', 'Flatten', 'MaxPool', 'GlobalMaxPool', 'Reshape', 'Slice', 'Split', 'Tile', 'Transpose'],
  ...['DepthToSpace', 'SpaceToDepth', 'Gather', 'ChannelShuffle', 'Unflatten', 'Select', 'StridedSlice'],
];

const activations = ['Relu', 'Clip'];

/**
 * The configuration where none is given: outputs in `defaultOutputBw` bits with any range, weights in `defaultParamBw` bits
 * around zero with a scale per output channel, the model's inputs, and what a function without a layer gives to a matrix product;
 * neither biases, nor what only moves elements, nor what an activation or a batch norm behind it takes up.
 */
export const defaultConfig: QuantSimConfig = {
  defaults: {
    ops: { is_output_quantized: true },
    params: { is_quantized: true, is_symmetric: true },
    per_channel_quantization: true,
  },
  params: { bias: { is_quantized: false } },
  op_type: {
    ...Object.fromEntries(movements.map((name) => [name, unquantized])),
    MatMul: { is_input_quantized: true },
  },
  supergroups: [
    ...['Conv', 'ConvTranspose', 'Gemm'].flatMap((product) => [
      { op_list: [product, 'BatchNormalization'] },
      ...activations.flatMap((activation) => [
        { op_list: [product, activation] },
        { op_list: [product, 'BatchNormalization', activation] },
      ]),
    ]),
    ...activations.map((activation) => ({ op_list: ['Add', activation] })),
  ],
  model_input: { is_input_quantized: true },
};

type Entry = Readonly<Record<string, unknown>>;

/** The entries of a configuration, checked as they are read. */
class Reader {
  constructor(
    private readonly entry: Entry,
    private readonly where: string,
  ) {}

  /** Throws for a key that is none of these. */
  only(...keys: readonly string[]): this {
    const unknown = Object.keys(this.entry).filter((key) => !keys.includes(key));
    if (unknown.length > 0)
      throw new QuantizationError(
        `QuantizationSimModel: config${this.where} has '${unknown[0]}', which is none of ${keys.join(', ')}.`,
      );
    return this;
  }

  private value(key: string): unknown {
    return Object.hasOwn(this.entry, key) ? this.entry[key] : undefined;
  }

  /** A flag, or undefined where nothing is said. */
  flag(key: string): boolean | undefined {
    const value = this.value(key);
    if (value === undefined || typeof value === 'boolean') return value;
    if (value === 'True' || value === 'False') return value === 'True';
    throw this.error(key, "wants true, false, 'True' or 'False'", value);
  }

  private number(key: string): number {
    const value = this.value(key);
    if (typeof value === 'number' && Number.isFinite(Math.fround(value))) return value;
    throw this.error(key, 'wants a finite number', value);
  }

  /** The ends under `min` and `max`. */
  range(): RangeConfig {
    const [min, max] = [this.number('min'), this.number('max')];
    if (min <= max) return { min, max };
    throw this.error('max', `wants a number that is not below min=${min}`, max);
  }

  /** The entries under a key, none where it is missing. */
  under(key: string): Reader {
    const value = this.value(key) ?? {};
    if (!isJSONObject(value)) throw this.error(key, 'wants an object', value);
    return new Reader(value, `${this.where}.${key}`);
  }

  has(key: string): boolean {
    return this.value(key) !== undefined;
  }

  /** What `read` makes of each entry. */
  each<T>(read: (reader: Reader) => T): ReadonlyMap<string, T> {
    return new Map(Object.keys(this.entry).map((key) => [key, read(this.under(key))]));
  }

  /** The lists of names under `op_list` in each entry of a list. */
  chains(key: string): readonly (readonly string[])[] {
    const value = this.value(key) ?? [];
    const isChain = (item: unknown): item is SupergroupConfig =>
      isJSONObject(item) &&
      Array.isArray(item.op_list) &&
      Array.from<unknown>(item.op_list).every((name) => typeof name === 'string');
    if (!Array.isArray(value) || !Array.from<unknown>(value).every(isChain))
      throw this.error(key, 'wants a list of { op_list: [names] }', value);
    return (value as readonly SupergroupConfig[]).map(({ op_list }) => op_list);
  }

  private error(key: string, wants: string, got: unknown): QuantizationError {
    return new QuantizationError(`QuantizationSimModel: config${this.where}.${key} ${wants}, got ${described(got)}.`);
  }
}

/** What is said of a kind of parameter. */
export interface ParamRule {
  readonly quantized: boolean | undefined;
  readonly symmetric: boolean | undefined;
}

/** What is said of a type of operation; undefined where nothing is. */
export interface OpRule {
  readonly inputs: boolean | undefined;
  readonly outputs: boolean | undefined;
  readonly symmetric: boolean | undefined;
  readonly perChannel: boolean | undefined;
  readonly params: ReadonlyMap<string, ParamRule>;
  readonly range: RangeConfig | null;
}

/** A configuration, checked. */
export interface Rules {
  readonly ops: OpRule;
  readonly param: ParamRule;
  readonly strictSymmetric: boolean;
  readonly params: ReadonlyMap<string, ParamRule>;
  readonly types: ReadonlyMap<string, OpRule>;
  readonly supergroups: readonly (readonly string[])[];
  readonly modelInputs: boolean | undefined;
  readonly modelOutputs: boolean | undefined;
}

const opKeys = ['is_input_quantized', 'is_output_quantized', 'is_symmetric'] as const;

function paramRule(reader: Reader): ParamRule {
  reader.only('is_quantized', 'is_symmetric');
  return { quantized: reader.flag('is_quantized'), symmetric: reader.flag('is_symmetric') };
}

/** The range of encoding constraints, or null. */
function rangeOf(reader: Reader): RangeConfig | null {
  const constraints = reader.under('encoding_constraints').only('min', 'max');
  return reader.has('encoding_constraints') ? constraints.range() : null;
}

function opRule(reader: Reader): OpRule {
  reader.only(...opKeys, 'per_channel_quantization', 'params', 'encoding_constraints');
  return {
    inputs: reader.flag('is_input_quantized'),
    outputs: reader.flag('is_output_quantized'),
    symmetric: reader.flag('is_symmetric'),
    perChannel: reader.flag('per_channel_quantization'),
    params: reader.under('params').each(paramRule),
    range: rangeOf(reader),
  };
}

/** A configuration, checked. Throws QuantizationError that says where it is none. */
export function rulesOf(config: unknown): Rules {
  if (!isJSONObject(config))
    throw new QuantizationError(`QuantizationSimModel: config wants an object, got ${described(config)}.`);
  const reader = new Reader(config, '').only(
    ...['defaults', 'params', 'op_type', 'supergroups', 'model_input', 'model_output'],
  );
  const defaults = reader
    .under('defaults')
    .only('ops', 'params', 'strict_symmetric', 'unsigned_symmetric', 'per_channel_quantization');
  defaults.flag('unsigned_symmetric');
  return {
    ops: {
      ...opRule(defaults.under('ops').only(...opKeys)),
      perChannel: defaults.flag('per_channel_quantization'),
    },
    param: paramRule(defaults.under('params')),
    strictSymmetric: defaults.flag('strict_symmetric') ?? false,
    params: reader.under('params').each(paramRule),
    types: reader.under('op_type').each(opRule),
    supergroups: reader.chains('supergroups'),
    modelInputs: reader.under('model_input').only('is_input_quantized').flag('is_input_quantized'),
    modelOutputs: reader.under('model_output').only('is_output_quantized').flag('is_output_quantized'),
  };
}
