import { cnnParameters, mlpParameters, type ParameterShapes } from './networks.js';
import { Draw } from './draw.js';

/** The networks that are quantized and lowered to integers. */
export type NetworkName = 'mlp' | 'cnn' | 'mobilenet-block' | 'transformer-block';

/** Sizes of one comparison, by the kind of computation. All floats are float32. */
export type Computation =
  | { readonly kind: 'matmul'; readonly m: number; readonly k: number; readonly n: number }
  | { readonly kind: 'linear'; readonly batch: number; readonly inputs: number; readonly outputs: number }
  /** Stride 1, padding 1, kernel 3x3, one image. */
  | { readonly kind: 'conv'; readonly channels: number; readonly size: number; readonly groups: number }
  | {
      readonly kind: 'binary';
      readonly fn: 'add' | 'mul';
      readonly a: readonly number[];
      readonly b: readonly number[];
    }
  | { readonly kind: 'unary'; readonly fn: 'exp' | 'tanh' | 'gelu'; readonly shape: readonly number[] }
  | { readonly kind: 'reduce'; readonly fn: 'sum' | 'max'; readonly dim: 0 | 1; readonly shape: readonly number[] }
  | { readonly kind: 'softmax' | 'transpose' | 'minmax'; readonly shape: readonly number[] }
  /** Signed 8 bits; with `perChannel`, one scale per row. */
  | { readonly kind: 'fakequant'; readonly perChannel: boolean; readonly shape: readonly number[] }
  | { readonly kind: 'histogram'; readonly bins: number; readonly bound: number; readonly shape: readonly number[] }
  /** uint8 times int8 to int32, without zero points; with `constant`, the second operand is a layer's weight. */
  | {
      readonly kind: 'int8-matmul';
      readonly m: number;
      readonly k: number;
      readonly n: number;
      readonly constant: boolean;
    }
  | { readonly kind: 'mlp-forward'; readonly parameters: ParameterShapes }
  /** A network on integers of 8 bits; takes floats and gives floats. */
  | { readonly kind: 'int8-network'; readonly network: NetworkName; readonly shape: readonly number[] }
  /** Forward, backward and a step of Adam. */
  | { readonly kind: 'train-mlp' | 'train-cnn'; readonly batch: number; readonly parameters: ParameterShapes };

export type Workload = Computation & {
  readonly id: string;
  /** Largest difference from the other results, relative to the largest element; 0: bit for bit. */
  readonly tolerance: number;
};

const square = [1024, 1024];
const million = [1_000_000];
const float = 1e-5;

/** Steps of an 8-bit grid whose largest number is as far from zero as half of it. A rounding that goes the other way moves what follows. */
const steps = (count: number): number => (1.01 * count) / 128;

const table: Record<string, [tolerance: number, computation: Computation]> = {
  'matmul-128': [float, { kind: 'matmul', m: 128, k: 128, n: 128 }],
  'matmul-256': [float, { kind: 'matmul', m: 256, k: 256, n: 256 }],
  'matmul-512': [float, { kind: 'matmul', m: 512, k: 512, n: 512 }],
  'matmul-1024': [float, { kind: 'matmul', m: 1024, k: 1024, n: 1024 }],
  'matvec-1024': [float, { kind: 'matmul', m: 1, k: 1024, n: 1024 }],
  'linear-32x768x3072': [float, { kind: 'linear', batch: 32, inputs: 768, outputs: 3072 }],
  // Winograd's transformations lose a digit and a half.
  'conv3x3-64x56': [2e-4, { kind: 'conv', channels: 64, size: 56, groups: 1 }],
  'depthwise-128x56': [float, { kind: 'conv', channels: 128, size: 56, groups: 128 }],
  'add-1m': [float, { kind: 'binary', fn: 'add', a: million, b: million }],
  'mul-1m': [float, { kind: 'binary', fn: 'mul', a: million, b: million }],
  'add-row': [float, { kind: 'binary', fn: 'add', a: [1000, 1000], b: [1, 1000] }],
  'exp-1m': [float, { kind: 'unary', fn: 'exp', shape: million }],
  'tanh-1m': [float, { kind: 'unary', fn: 'tanh', shape: million }],
  'gelu-1m': [float, { kind: 'unary', fn: 'gelu', shape: million }],
  'sum-last': [float, { kind: 'reduce', fn: 'sum', dim: 1, shape: square }],
  'sum-first': [float, { kind: 'reduce', fn: 'sum', dim: 0, shape: square }],
  'max-last': [0, { kind: 'reduce', fn: 'max', dim: 1, shape: square }],
  'max-first': [0, { kind: 'reduce', fn: 'max', dim: 0, shape: square }],
  'softmax-1024': [float, { kind: 'softmax', shape: square }],
  'transpose-1024': [0, { kind: 'transpose', shape: square }],
  // One step of the grid in 255: where x / scale is a tie, a reciprocal instead of a division goes the other way.
  'fakequant-tensor-1m': [0.01, { kind: 'fakequant', perChannel: false, shape: [1000, 1000] }],
  'fakequant-channel-1m': [0.01, { kind: 'fakequant', perChannel: true, shape: square }],
  'minmax-1m': [0, { kind: 'minmax', shape: million }],
  // A value at the border of two bins counts in either.
  'histogram-1m': [0.01, { kind: 'histogram', bins: 2048, bound: 4, shape: million }],
  'int8-matmul-512': [0, { kind: 'int8-matmul', m: 512, k: 512, n: 512, constant: false }],
  'int8-matmul-1024': [0, { kind: 'int8-matmul', m: 1024, k: 1024, n: 1024, constant: false }],
  'int8-linear-32x768x3072': [0, { kind: 'int8-matmul', m: 32, k: 768, n: 3072, constant: true }],
  'int8-mlp-784x1024x1024x10-32': [steps(2), { kind: 'int8-network', network: 'mlp', shape: [32, 784] }],
  'int8-mlp-784x1024x1024x10-1': [steps(2), { kind: 'int8-network', network: 'mlp', shape: [1, 784] }],
  'int8-cnn': [steps(2), { kind: 'int8-network', network: 'cnn', shape: [64, 1, 8, 8] }],
  'int8-mobilenet-block': [steps(2), { kind: 'int8-network', network: 'mobilenet-block', shape: [1, 32, 56, 56] }],
  'int8-transformer-block': [steps(4), { kind: 'int8-network', network: 'transformer-block', shape: [128, 256] }],
  'add-16': [float, { kind: 'binary', fn: 'add', a: [16], b: [16] }],
  'mlp-forward-1': [float, { kind: 'mlp-forward', parameters: mlpParameters }],
  'train-step-mlp': [1e-3, { kind: 'train-mlp', batch: 64, parameters: mlpParameters }],
  'train-step-cnn': [1e-2, { kind: 'train-cnn', batch: 64, parameters: cnnParameters }],
};

/** Largest difference between two libraries that compute a workload's network before it is quantized. */
export const floatTolerance = float;

export const workloads: readonly Workload[] = Object.entries(table).map(([id, [tolerance, computation]]) => ({
  id,
  tolerance,
  ...computation,
}));

/** The workload of that name. */
export function workloadOf(id: string): Workload {
  const found = workloads.find((workload) => workload.id === id);
  if (!found) throw new Error(`No workload '${id}'. There are: ${Object.keys(table).join(', ')}.`);
  return found;
}

const seeds = { first: 1, second: 2, parameters: 3, labels: 4 };

/** `count` floats of an operand. */
export const operand = (which: 'first' | 'second', count: number, bound = 1): Float32Array =>
  new Draw(seeds[which]).uniform(count, bound);

/** Operands of an integer product. */
export const integers = (m: number, k: number, n: number): { a: Uint8Array; b: Int8Array } => ({
  a: new Draw(seeds.first).bytes(m * k),
  b: new Draw(seeds.second).signedBytes(k * n),
});

/** Class labels of a batch. */
export const labels = (batch: number): Int32Array => new Draw(seeds.labels).labels(batch, 10);

/** Scales of the rows of a fake-quantized matrix. */
export const rowScales = (rows: number): Float32Array =>
  Float32Array.from({ length: rows }, (_, i) => 0.005 + i / 2 ** 18);

/** The scale where one serves all elements. */
export const tensorScale = Math.fround(0.0071);

/** Starting values of a network: weights as PyTorch's default bound, norms as the identity. */
export function initial(shapes: ParameterShapes): Record<string, Float32Array> {
  const draw = new Draw(seeds.parameters);
  const values = Object.entries(shapes).map(([name, shape]): [string, Float32Array] => {
    const count = shape.reduce((product, size) => product * size, 1);
    if (/^(bn|norm)/.test(name)) return [name, new Float32Array(count).fill(name.endsWith('weight') ? 1 : 0)];
    return [name, draw.uniform(count, name.endsWith('bias') ? 0.1 : Math.sqrt(shape[0]! / count))];
  });
  return Object.fromEntries(values);
}

/** Losses that a training workload reports to be compared. */
export const comparedSteps = 3;

export const learningRate = 1e-3;
