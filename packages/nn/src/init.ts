import {
  ArgumentError,
  described,
  eye as identity,
  full,
  noGrad,
  rand,
  randn,
  ShapeError,
  shown,
  type Generator,
  type Tensor,
} from '@q/tensor';
import { checkChoice, checkInteger, checkNumber, checkTensor, generatorOf, optionsOf } from '@q/tensor/internal';

/** Options of the random initialisers. */
export interface InitOptions {
  /** Source of the random numbers; the default one where absent. */
  readonly generator?: Generator;
}

/** Functions whose effect on the variance `calculateGain` knows. */
export type Nonlinearity =
  | 'linear'
  | 'conv1d'
  | 'conv2d'
  | 'conv3d'
  | 'convTranspose1d'
  | 'convTranspose2d'
  | 'convTranspose3d'
  | 'sigmoid'
  | 'tanh'
  | 'relu'
  | 'leakyRelu'
  | 'selu';

/** Options of the initialisers after He et al. */
export interface KaimingOptions extends InitOptions {
  /** Negative slope of the leaky ReLU that follows. Default: 0. */
  readonly a?: number;
  /** Whether to keep the variance of the forward pass ('fanIn', the default) or of the backward pass. */
  readonly mode?: 'fanIn' | 'fanOut';
  /** The function that follows. Default: 'leakyRelu'. */
  readonly nonlinearity?: Nonlinearity;
}

/** Options of the initialisers that take a gain. */
export interface GainOptions extends InitOptions {
  /** Factor of the standard deviation, see `calculateGain`. Default: 1. */
  readonly gain?: number;
}

/** Recommended factor of the standard deviation in front of a function; `param` is the slope of leaky ReLU (0.01). */
export function calculateGain(nonlinearity: Nonlinearity, param = 0.01): number {
  checkNumber('calculateGain', 'param', param);
  switch (nonlinearity) {
    case 'tanh':
      return 5 / 3;
    case 'relu':
      return Math.SQRT2;
    case 'leakyRelu':
      return Math.sqrt(2 / (1 + param * param));
    case 'selu':
      return 3 / 4;
    case 'linear':
    case 'sigmoid':
    case 'conv1d':
    case 'conv2d':
    case 'conv3d':
    case 'convTranspose1d':
    case 'convTranspose2d':
    case 'convTranspose3d':
      return 1;
    default:
      throw new ArgumentError(`calculateGain: unknown nonlinearity ${described(nonlinearity)}.`);
  }
}

/** How many numbers a weight joins. */
export interface Fans {
  /** Inputs per output. */
  readonly fanIn: number;
  /** Outputs per input. */
  readonly fanOut: number;
}

/**
 * Inputs per output (`fanIn`) and outputs per input (`fanOut`) of a weight `[out, in, ...kernel]`.
 *
 * @throws ShapeError for fewer than 2 dims
 */
export function calculateFans(tensor: Tensor): Fans {
  checkTensor('calculateFans', 'its argument', tensor);
  const { shape } = tensor;
  if (shape.length < 2)
    throw new ShapeError(
      `calculateFans: wants a weight [out, in, ...kernel] of at least 2 dims, got shape ${shown(shape)}.`,
    );
  const kernel = shape.slice(2).reduce((count, size) => count * size, 1);
  return { fanIn: shape[1]! * kernel, fanOut: shape[0]! * kernel };
}

/** Copies `values` into `tensor`, outside autograd. */
function put<T extends Tensor>(operation: string, tensor: T, values: () => Tensor): T {
  checkTensor(operation, 'its argument', tensor);
  noGrad(() => tensor.copy_(values()));
  return tensor;
}

/** Fills `tensor` with one value, in place. */
export function constant<T extends Tensor>(tensor: T, value: number): T {
  checkTensor('constant', 'its argument', tensor);
  noGrad(() => tensor.fill_(value));
  return tensor;
}

/** Fills `tensor` with 0, in place. */
export const zeros = <T extends Tensor>(tensor: T): T => constant(tensor, 0);

/** Fills `tensor` with 1, in place. */
export const ones = <T extends Tensor>(tensor: T): T => constant(tensor, 1);

/**
 * Fills a matrix with ones on the main diagonal and zeros elsewhere, in place: a linear layer passes as many inputs as it can.
 *
 * @throws ShapeError for other than 2 dims
 */
export function eye<T extends Tensor>(tensor: T): T {
  checkTensor('eye', 'its argument', tensor);
  if (tensor.ndim !== 2) throw new ShapeError(`eye: wants a matrix, got shape ${shown(tensor.shape)}.`);
  const [rows, columns] = tensor.shape as [number, number];
  return put('eye', tensor, () => identity(rows, columns));
}

/** Options of `dirac`. */
export interface DiracOptions {
  /** Blocks of output channels, each of which passes the inputs anew. Default: 1. */
  readonly groups?: number;
}

/**
 * Fills the weight `[out, in, ...kernel]` of a convolution with a one in the middle of the kernel that leads from each channel to
 * itself and zeros elsewhere, in place: the convolution passes as many channels as it can.
 *
 * @throws ShapeError for other than 3 to 5 dims; ArgumentError where the output channels do not divide into the groups
 */
export function dirac<T extends Tensor>(tensor: T, options: DiracOptions = {}): T {
  const { groups = 1 } = optionsOf('dirac', options, ['groups']);
  checkTensor('dirac', 'its argument', tensor);
  checkInteger('dirac', 'groups', groups, 1);
  if (tensor.ndim < 3 || tensor.ndim > 5)
    throw new ShapeError(
      `dirac: wants a weight [out, in, ...kernel] of 3 to 5 dims, got shape ${shown(tensor.shape)}.`,
    );
  const [outputs, inputs, ...kernel] = tensor.shape as [number, number, ...number[]];
  if (outputs % groups !== 0)
    throw new ArgumentError(`dirac: ${outputs} output channels do not divide into ${groups} groups.`);
  const middle = kernel.map((size) => Math.floor(size / 2));
  return put('dirac', tensor, () => {
    const values = full(tensor.shape, 0, { dtype: 'float32' });
    for (let output = 0; output < outputs; output++) {
      const channel = output % (outputs / groups);
      if (channel < inputs) values.set_([output, channel, ...middle], 1);
    }
    return values;
  });
}

/** Fills `tensor` from the uniform distribution on [a, b), in place. */
export const uniform = <T extends Tensor>(tensor: T, a = 0, b = 1, options: InitOptions = {}): T => {
  const generator = generatorOf('uniform', options);
  checkNumber('uniform', 'a', a);
  checkNumber('uniform', 'b', b);
  return put('uniform', tensor, () =>
    rand(tensor.shape, { generator })
      .mul(b - a)
      .add(a),
  );
};

/** Fills `tensor` from the normal distribution, in place. */
export const normal = <T extends Tensor>(tensor: T, mean = 0, std = 1, options: InitOptions = {}): T => {
  const generator = generatorOf('normal', options);
  checkNumber('normal', 'the mean', mean);
  checkNumber('normal', 'the standard deviation', std, 0);
  return put('normal', tensor, () => randn(tensor.shape, { generator }).mul(std).add(mean));
};

/**
 * Fills `tensor` from the normal distribution cut off outside [a, b], in place.
 *
 * @throws ArgumentError where the range is empty or 8 standard deviations away from the mean
 */
export function truncNormal<T extends Tensor>(
  tensor: T,
  mean = 0,
  std = 1,
  a = -2,
  b = 2,
  options: InitOptions = {},
): T {
  const generator = generatorOf('truncNormal', options);
  for (const [name, value] of Object.entries({ mean, std, a, b })) checkNumber('truncNormal', name, value);
  const possible = Number.isFinite(mean) && std > 0 && std < Infinity && b > a;
  if (!possible || mean + 8 * std < a || mean - 8 * std > b)
    throw new ArgumentError(`truncNormal: no normal numbers of mean ${mean} and std ${std} lie between ${a} and ${b}.`);
  const draw = truncated((a - mean) / std, (b - mean) / std, generator);
  return put('truncNormal', tensor, () => {
    const values = full(tensor.shape, 0, { dtype: 'float32' });
    const { data } = values;
    for (let i = 0; i < data.length; i++) data[i] = Math.min(Math.max(draw() * std + mean, a), b);
    return values;
  });
}

/**
 * Standard normal numbers between `low` and `high`: draws are rejected, each of a distribution that falls into the range often
 * enough (Robert, "Simulation of truncated normal variables", 1995).
 */
function truncated(low: number, high: number, generator: Generator): () => number {
  if (high < 0) {
    const mirrored = truncated(-high, -low, generator);
    return () => -mirrored();
  }
  const between = (nearest: number): (() => number) =>
    rejecting(
      () => low + (high - low) * generator.uniform53(),
      (x) => Math.exp((nearest * nearest - x * x) / 2),
      generator,
    );
  if (low <= 0) {
    // Wide enough for half of all normal numbers, or so narrow that their density hardly varies.
    if (high - low <= Math.sqrt(2 * Math.PI)) return between(0);
    return rejecting(
      () => generator.normal(),
      (x) => Number(x >= low && x <= high),
      generator,
    );
  }
  const rate = (low + Math.sqrt(low * low + 4)) / 2;
  if (high - low < (Math.sqrt(Math.E) / rate) * Math.exp((low * low - low * Math.sqrt(low * low + 4)) / 4))
    return between(low);
  return rejecting(
    () => low - Math.log(1 - generator.uniform53()) / rate,
    (x) => (x <= high ? Math.exp((x - rate) ** 2 / -2) : 0),
    generator,
  );
}

/** Draws until one is accepted, each with its own probability. */
const rejecting = (draw: () => number, accepted: (x: number) => number, generator: Generator) => (): number => {
  for (;;) {
    const x = draw();
    const probability = accepted(x);
    if (probability >= 1 || (probability > 0 && generator.uniform53() < probability)) return x;
  }
};

/** Xavier's uniform distribution: bound `gain * sqrt(6 / (fanIn + fanOut))` (Glorot and Bengio, 2010), in place. */
export function xavierUniform<T extends Tensor>(tensor: T, options: GainOptions = {}): T {
  const { gain = 1, generator } = optionsOf('xavierUniform', options, ['gain', 'generator']);
  checkNumber('xavierUniform', 'gain', gain);
  const { fanIn, fanOut } = calculateFans(tensor);
  const bound = gain * Math.sqrt(6 / (fanIn + fanOut));
  return uniform(tensor, -bound, bound, { generator });
}

/** Xavier's normal distribution: deviation `gain * sqrt(2 / (fanIn + fanOut))` (Glorot and Bengio, 2010), in place. */
export function xavierNormal<T extends Tensor>(tensor: T, options: GainOptions = {}): T {
  const { gain = 1, generator } = optionsOf('xavierNormal', options, ['gain', 'generator']);
  checkNumber('xavierNormal', 'gain', gain);
  const { fanIn, fanOut } = calculateFans(tensor);
  return normal(tensor, 0, gain * Math.sqrt(2 / (fanIn + fanOut)), { generator });
}

function kaimingStd(operation: string, tensor: Tensor, options: KaimingOptions): number {
  const {
    a = 0,
    mode = 'fanIn',
    nonlinearity = 'leakyRelu',
  } = optionsOf(operation, options, ['a', 'mode', 'nonlinearity', 'generator']);
  checkChoice(operation, 'mode', mode, ['fanIn', 'fanOut']);
  return calculateGain(nonlinearity, a) / Math.sqrt(calculateFans(tensor)[mode]);
}

/** He's uniform distribution: bound `gain * sqrt(3 / fan)` (He et al., 2015), in place. */
export function kaimingUniform<T extends Tensor>(tensor: T, options: KaimingOptions = {}): T {
  const bound = Math.sqrt(3) * kaimingStd('kaimingUniform', tensor, options);
  return uniform(tensor, -bound, bound, options);
}

/** He's normal distribution: deviation `gain / sqrt(fan)` (He et al., 2015), in place. */
export const kaimingNormal = <T extends Tensor>(tensor: T, options: KaimingOptions = {}): T =>
  normal(tensor, 0, kaimingStd('kaimingNormal', tensor, options), options);

/** A (semi) orthogonal matrix times `gain`, over the first dim and all others together (Saxe et al., 2013), in place. */
export function orthogonal<T extends Tensor>(tensor: T, options: GainOptions = {}): T {
  const { gain = 1, generator } = optionsOf('orthogonal', options, ['gain', 'generator']);
  checkTensor('orthogonal', 'its argument', tensor);
  checkNumber('orthogonal', 'gain', gain);
  if (tensor.ndim < 2) throw new ShapeError(`orthogonal: wants at least 2 dims, got shape ${shown(tensor.shape)}.`);
  const rows = tensor.shape[0]!;
  const columns = rows === 0 ? 0 : tensor.numel / rows;
  const [count, length] = [Math.min(rows, columns), Math.max(rows, columns)];
  return put('orthogonal', tensor, () => {
    const vectors = orthonormal(randn([count, length], { generator, dtype: 'float64' }).data, count, length);
    const result = randn([count, length], { generator, dtype: 'float64' });
    result.data.set(vectors);
    return (rows <= columns ? result : result.transpose(0, 1)).reshape(tensor.shape).mul(gain);
  });
}

/** Gram-Schmidt, done twice over for accuracy, on the rows of a matrix. */
function orthonormal(matrix: Float64Array, count: number, length: number): Float64Array {
  const dot = (a: number, b: number): number => {
    let sum = 0;
    for (let i = 0; i < length; i++) sum += matrix[a * length + i]! * matrix[b * length + i]!;
    return sum;
  };
  for (let row = 0; row < count; row++) {
    for (let pass = 0; pass < 2; pass++)
      for (let before = 0; before < row; before++) {
        const share = dot(row, before);
        for (let i = 0; i < length; i++) matrix[row * length + i]! -= share * matrix[before * length + i]!;
      }
    const norm = Math.sqrt(dot(row, row));
    for (let i = 0; i < length; i++) matrix[row * length + i]! /= norm;
  }
  return matrix;
}
