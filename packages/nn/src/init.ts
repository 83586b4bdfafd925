import {
  ArgumentError,
  described,
  noGrad,
  rand,
  randn,
  ShapeError,
  shown,
  type Generator,
  type Tensor,
} from '@q/tensor';

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

/**
 * Inputs per output (`fanIn`) and outputs per input (`fanOut`) of a weight `[out, in, ...kernel]`.
 *
 * @throws ShapeError for fewer than 2 dims
 */
export function calculateFans({ shape }: Tensor): { fanIn: number; fanOut: number } {
  if (shape.length < 2)
    throw new ShapeError(
      `calculateFans: wants a weight [out, in, ...kernel] of at least 2 dims, got shape ${shown(shape)}.`,
    );
  const kernel = shape.slice(2).reduce((count, size) => count * size, 1);
  return { fanIn: shape[1]! * kernel, fanOut: shape[0]! * kernel };
}

/** Copies `values` into `tensor`, outside autograd. */
function put<T extends Tensor>(tensor: T, values: () => Tensor): T {
  noGrad(() => tensor.copy_(values()));
  return tensor;
}

/** Fills `tensor` with one value, in place. */
export function constant<T extends Tensor>(tensor: T, value: number): T {
  noGrad(() => tensor.fill_(value));
  return tensor;
}

/** Fills `tensor` with 0, in place. */
export const zeros = <T extends Tensor>(tensor: T): T => constant(tensor, 0);

/** Fills `tensor` with 1, in place. */
export const ones = <T extends Tensor>(tensor: T): T => constant(tensor, 1);

/** Fills `tensor` from the uniform distribution on [a, b), in place. */
export const uniform = <T extends Tensor>(tensor: T, a = 0, b = 1, { generator }: InitOptions = {}): T =>
  put(tensor, () =>
    rand(tensor.shape, { generator })
      .mul(b - a)
      .add(a),
  );

/** Fills `tensor` from the normal distribution, in place. */
export const normal = <T extends Tensor>(tensor: T, mean = 0, std = 1, { generator }: InitOptions = {}): T =>
  put(tensor, () => randn(tensor.shape, { generator }).mul(std).add(mean));

/** Fills `tensor` from the normal distribution, redrawing what falls outside [a, b], in place. */
export function truncNormal<T extends Tensor>(
  tensor: T,
  mean = 0,
  std = 1,
  a = -2,
  b = 2,
  { generator }: InitOptions = {},
): T {
  if (!(std > 0) || !(b > a) || mean + 8 * std < a || mean - 8 * std > b)
    throw new ArgumentError(`truncNormal: no normal numbers of mean ${mean} and std ${std} lie between ${a} and ${b}.`);
  return put(tensor, () => {
    const values = randn(tensor.shape, { generator }).mul(std).add(mean);
    const { data } = values;
    for (let i = 0; i < data.length; i++)
      while (data[i]! < a || data[i]! > b) data[i] = randn([], { generator }).item() * std + mean;
    return values;
  });
}

/** Xavier's uniform distribution: bound `gain * sqrt(6 / (fanIn + fanOut))` (Glorot and Bengio, 2010), in place. */
export function xavierUniform<T extends Tensor>(tensor: T, { gain = 1, generator }: GainOptions = {}): T {
  const { fanIn, fanOut } = calculateFans(tensor);
  const bound = gain * Math.sqrt(6 / (fanIn + fanOut));
  return uniform(tensor, -bound, bound, { generator });
}

/** Xavier's normal distribution: deviation `gain * sqrt(2 / (fanIn + fanOut))` (Glorot and Bengio, 2010), in place. */
export function xavierNormal<T extends Tensor>(tensor: T, { gain = 1, generator }: GainOptions = {}): T {
  const { fanIn, fanOut } = calculateFans(tensor);
  return normal(tensor, 0, gain * Math.sqrt(2 / (fanIn + fanOut)), { generator });
}

function kaimingStd(tensor: Tensor, { a = 0, mode = 'fanIn', nonlinearity = 'leakyRelu' }: KaimingOptions): number {
  return calculateGain(nonlinearity, a) / Math.sqrt(calculateFans(tensor)[mode]);
}

/** He's uniform distribution: bound `gain * sqrt(3 / fan)` (He et al., 2015), in place. */
export function kaimingUniform<T extends Tensor>(tensor: T, options: KaimingOptions = {}): T {
  const bound = Math.sqrt(3) * kaimingStd(tensor, options);
  return uniform(tensor, -bound, bound, options);
}

/** He's normal distribution: deviation `gain / sqrt(fan)` (He et al., 2015), in place. */
export const kaimingNormal = <T extends Tensor>(tensor: T, options: KaimingOptions = {}): T =>
  normal(tensor, 0, kaimingStd(tensor, options), options);

/** A (semi) orthogonal matrix times `gain`, over the first dim and all others together (Saxe et al., 2013), in place. */
export function orthogonal<T extends Tensor>(tensor: T, { gain = 1, generator }: GainOptions = {}): T {
  if (tensor.ndim < 2) throw new ShapeError(`orthogonal: wants at least 2 dims, got shape ${shown(tensor.shape)}.`);
  const rows = tensor.shape[0]!;
  const columns = rows === 0 ? 0 : tensor.numel / rows;
  const [count, length] = [Math.min(rows, columns), Math.max(rows, columns)];
  return put(tensor, () => {
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
