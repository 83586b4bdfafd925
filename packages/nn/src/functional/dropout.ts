import { ArgumentError, rand, ShapeError, shown, type Generator, type Shape, type Tensor } from '@q/tensor';
import { checkBoolean, checkNumber, checkTensor, optionsOf } from '@q/tensor/internal';

/** Options of the dropout functions. */
export interface DropoutOptions {
  /** Probability of an element (or channel) to be dropped. Default: 0.5. */
  readonly p?: number;
  /** Whether to drop at all. Default: true. */
  readonly training?: boolean;
  /** Source of the random numbers; the default one where absent. */
  readonly generator?: Generator;
}

/** Throws unless `p` is a probability. */
export function checkProbability(operation: string, p: number): void {
  checkNumber(operation, 'p', p, 0, 1);
}

/** 1 with probability 1 - p, else 0. */
const kept = (x: Tensor, shape: Shape, p: number, generator: Generator | undefined): Tensor =>
  rand(shape, { generator }).ge(p).to(x.dtype);

/** One random decision per element of the mask; what is kept grows by 1 / (1 - p). */
function drop(operation: string, x: Tensor, maskShape: (x: Tensor) => Shape, options: DropoutOptions): Tensor {
  const { p = 0.5, training = true, generator } = optionsOf(operation, options, ['p', 'training', 'generator']);
  checkTensor(operation, 'x', x);
  checkProbability(operation, p);
  checkBoolean(operation, 'training', training);
  if (!training || p === 0) return x;
  if (p === 1) return x.mul(0);
  return x.mul(kept(x, maskShape(x), p, generator).mul(1 / (1 - p)));
}

/** Keeps mean and variance of a self-normalizing network: dropped elements become -alpha', then all are rescaled. */
function alphaDrop(operation: string, x: Tensor, maskShape: (x: Tensor) => Shape, options: DropoutOptions): Tensor {
  const { p = 0.5, training = true, generator } = optionsOf(operation, options, ['p', 'training', 'generator']);
  checkTensor(operation, 'x', x);
  checkProbability(operation, p);
  checkBoolean(operation, 'training', training);
  if (!training || p === 0) return x;
  if (p === 1) return x.mul(0);
  const alpha = 1.7580993408473766;
  const a = 1 / Math.sqrt((alpha * alpha * p + 1) * (1 - p));
  const noise = kept(x, maskShape(x), p, generator);
  return x.mul(noise.mul(a)).add(
    noise
      .sub(1)
      .mul(alpha * a)
      .add(alpha * a * p),
  );
}

/** One element per channel: `[N, C, ...]`, or `[C, ...]` where the rank is `unbatched`. */
const channels =
  (operation: string, unbatched: number) =>
  ({ shape }: Tensor): Shape => {
    if (shape.length < 2)
      throw new ShapeError(`${operation}: wants [N, C, ...] or [C, ...], got shape ${shown(shape)}.`);
    const outer = shape.length === unbatched ? 1 : 2;
    return shape.map((size, d) => (d < outer ? size : 1));
  };

/** A decision of its own for every element. */
const elements = ({ shape }: Tensor): Shape => shape;

/** Sets elements to 0 at random and scales the others by 1 / (1 - p) (Hinton et al., 2012). */
export const dropout = (x: Tensor, options: DropoutOptions = {}): Tensor => drop('dropout', x, elements, options);

/** `dropout` of whole channels of `[N, C, L]` or `[C, L]`. */
export const dropout1d = (x: Tensor, options: DropoutOptions = {}): Tensor =>
  drop('dropout1d', x, channels('dropout1d', 2), options);

/** `dropout` of whole channels of `[N, C, H, W]` (a tensor of 3 dims is `[N, C, L]`, as in PyTorch). */
export const dropout2d = (x: Tensor, options: DropoutOptions = {}): Tensor =>
  drop('dropout2d', x, channels('dropout2d', 0), options);

/** `dropout` of whole channels of `[N, C, D, H, W]` or `[C, D, H, W]`. */
export const dropout3d = (x: Tensor, options: DropoutOptions = {}): Tensor =>
  drop('dropout3d', x, channels('dropout3d', 4), options);

/** Dropout for self-normalizing networks (Klambauer et al., 2017). */
export const alphaDropout = (x: Tensor, options: DropoutOptions = {}): Tensor =>
  alphaDrop('alphaDropout', x, elements, options);

/** `alphaDropout` of whole channels of `[N, C, ...]`. */
export const featureAlphaDropout = (x: Tensor, options: DropoutOptions = {}): Tensor =>
  alphaDrop('featureAlphaDropout', x, channels('featureAlphaDropout', 0), options);

/** Options of `rrelu`. */
export interface RReluOptions {
  /** Smallest slope. Default: 1/8. */
  readonly lower?: number;
  /** Largest slope. Default: 1/3. */
  readonly upper?: number;
  /** Whether slopes are drawn, instead of their mean. Default: false. */
  readonly training?: boolean;
  /** Source of the random numbers; the default one where absent. */
  readonly generator?: Generator;
}

/** Leaky ReLU with a slope between `lower` and `upper` drawn per element in training, and their mean otherwise. */
export function rrelu(x: Tensor, options: RReluOptions = {}): Tensor {
  const {
    lower = 1 / 8,
    upper = 1 / 3,
    training = false,
    generator,
  } = optionsOf('rrelu', options, ['lower', 'upper', 'training', 'generator']);
  checkTensor('rrelu', 'x', x);
  checkNumber('rrelu', 'lower', lower);
  checkNumber('rrelu', 'upper', upper);
  checkBoolean('rrelu', 'training', training);
  if (!(lower <= upper)) throw new ArgumentError(`rrelu: lower (${lower}) must not be above upper (${upper}).`);
  if (!training) return x.leakyRelu({ negativeSlope: (lower + upper) / 2 });
  const slopes = rand(x.shape, { generator })
    .mul(upper - lower)
    .add(lower)
    .to(x.dtype);
  return x.mul(slopes.maskedFill(x.detach().ge(0), 1));
}
