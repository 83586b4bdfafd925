import { checkNumber, checkTensor, optionsOf } from './arguments.js';
import type { CreateOptions } from './create.js';
import { checkDType, dtypes, isFloat, type DType } from './dtype.js';
import { ArgumentError, described, DTypeError, ShapeError, shown } from './errors.js';
import { filled } from './fill.js';
import { generatorOf, uniformOf, type Generator } from './generator.js';
import { checkFits, checkShape, type Shape } from './shape.js';
import { Tensor } from './tensor.js';
import type { DrawOptions } from './tensor/random.js';

/** Options of the functions that make random tensors. */
export interface RandomOptions<D extends DType = DType> extends CreateOptions<D> {
  /** Where the random numbers come from; the default generator unless given. */
  readonly generator?: Generator;
}

/** A tensor whose elements are drawn one after the other in row-major order. */
function drawn<D extends DType>(
  operation: string,
  shape: Shape,
  dtype: D,
  requiresGrad: boolean,
  draw: () => number,
): Tensor<D> {
  const out = filled(operation, shape, dtype, draw);
  const created = new Tensor(out.storage, out.layout);
  if (requiresGrad) created.requiresGrad = true;
  return created;
}

function floatDType<D extends DType>(operation: string, options: RandomOptions<D>): D {
  const { dtype = 'float32' as D } = optionsOf(operation, options, ['generator', 'dtype', 'requiresGrad']);
  checkDType(operation, dtype);
  if (!isFloat(dtype))
    throw new DTypeError(`${operation}: wants a floating dtype, got ${dtype}. Use randint() for integers.`);
  return dtype;
}

/** Uniform in [0, 1). */
export function rand<D extends DType = 'float32'>(shape: Shape, options: RandomOptions<D> = {}): Tensor<NoInfer<D>> {
  const dtype = floatDType('rand', options);
  return drawn('rand', shape, dtype, options.requiresGrad ?? false, uniformOf(dtype, generatorOf('rand', options)));
}

/** Standard normal. */
export function randn<D extends DType = 'float32'>(shape: Shape, options: RandomOptions<D> = {}): Tensor<NoInfer<D>> {
  const dtype = floatDType('randn', options);
  const generator = generatorOf('randn', options);
  return drawn('randn', shape, dtype, options.requiresGrad ?? false, () => generator.normal());
}

/** Normal with a mean and a standard deviation. */
export function normal<D extends DType = 'float32'>(
  mean: number,
  std: number,
  shape: Shape,
  options: RandomOptions<D> = {},
): Tensor<NoInfer<D>> {
  const dtype = floatDType('normal', options);
  const generator = generatorOf('normal', options);
  checkNumber('normal', 'the mean', mean);
  checkNumber('normal', 'the standard deviation', std, 0);
  return drawn('normal', shape, dtype, options.requiresGrad ?? false, () => mean + std * generator.normal());
}

/**
 * Uniform among the integers from `low` (0 where left out) to before `high`; int32 unless `dtype` is given.
 *
 * @throws ArgumentError for an empty range or one the dtype cannot hold
 * @example
 * randint(10, [3]); // three digits
 * randint(-5, 5, [2, 2]);
 */
export function randint<D extends DType = 'int32'>(
  high: number,
  shape: Shape,
  options?: RandomOptions<D>,
): Tensor<NoInfer<D>>;
export function randint<D extends DType = 'int32'>(
  low: number,
  high: number,
  shape: Shape,
  options?: RandomOptions<D>,
): Tensor<NoInfer<D>>;
export function randint<D extends DType = 'int32'>(
  first: number,
  second: number | Shape,
  third?: Shape | RandomOptions<D>,
  fourth?: RandomOptions<D>,
): Tensor<NoInfer<D>> {
  const [low, high, shape, options] = (
    typeof second === 'number' ? [first, second, third, fourth ?? {}] : [0, first, second, third ?? {}]
  ) as [number, number, Shape, RandomOptions<D>];
  const { dtype = 'int32' as D } = optionsOf('randint', options, ['generator', 'dtype', 'requiresGrad']);
  const generator = generatorOf('randint', options);
  checkDType('randint', dtype);
  if (!Number.isSafeInteger(low) || !Number.isSafeInteger(high) || low >= high)
    throw new ArgumentError(`randint: wants integers low < high, got ${described(low)} and ${described(high)}.`);
  if (low < dtypes[dtype].min || high - 1 > dtypes[dtype].max)
    throw new ArgumentError(`randint: ${dtype} does not hold all integers from ${low} to ${high - 1}.`);
  return drawn('randint', shape, dtype, options.requiresGrad ?? false, () => low + generator.integer(high - low));
}

/** The integers from 0 to before `n` in random order; int32 unless `dtype` is given. */
export function randperm<D extends DType = 'int32'>(n: number, options: RandomOptions<D> = {}): Tensor<NoInfer<D>> {
  checkShape('randperm', [n]);
  const generator = generatorOf('randperm', optionsOf('randperm', options, ['generator', 'dtype', 'requiresGrad']));
  const { dtype = 'int32' as D } = options;
  checkDType('randperm', dtype);
  checkFits('randperm', [n], Float64Array.BYTES_PER_ELEMENT);
  const order = new Float64Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  for (let i = n - 1; i > 0; i--) {
    const j = generator.integer(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  let next = 0;
  return drawn('randperm', [n], dtype, options.requiresGrad ?? false, () => order[next++]!);
}

/** 1 with the probability each element of `input` states, else 0; in the shape and dtype of `input`. */
export function bernoulli<D extends DType>(input: Tensor<D>, options: DrawOptions = {}): Tensor<D> {
  checkTensor('bernoulli', 'input', input);
  const generator = generatorOf('bernoulli', options);
  if (!isFloat(input.dtype)) throw new DTypeError(`bernoulli: probabilities are floating numbers, got ${input.dtype}.`);
  const chances = input.detach().to('float64').contiguous().data;
  for (const chance of chances)
    if (!(chance >= 0 && chance <= 1))
      throw new ArgumentError(
        `bernoulli: probabilities must be in [0, 1], got ${chance} in a tensor of shape ${shown(input.shape)}.`,
      );
  let next = 0;
  return drawn('bernoulli', input.shape, input.dtype, false, () => (generator.uniform53() < chances[next++]! ? 1 : 0));
}

/** Options of `multinomial`. */
export interface MultinomialOptions extends DrawOptions {
  /** Whether a category may be drawn several times. Default: false. */
  readonly replacement?: boolean;
}

/** The sums of weights up to each. */
function cumulated(weights: Float64Array): Float64Array {
  let sum = 0;
  return weights.map((weight) => (sum += weight));
}

/** A category in proportion to its weight: the first whose sum lies above a uniform number, so none of weight 0. */
function category(sums: Float64Array, generator: Generator): number {
  const total = sums.at(-1)!;
  const drawn = generator.uniform53() * total;
  // The product of a total that is nearly 0 may be rounded up to it.
  const target = drawn < total ? drawn : 0;
  let [low, high] = [0, sums.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sums[middle]! > target) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * Categories at random, in proportion to the weights in the rows of `input`, `[c]` or `[n, c]`: int32 of `[numSamples]` or
 * `[n, numSamples]`. Weights need not sum to 1.
 *
 * @throws ShapeError for another rank; DTypeError for weights that are not floating; ArgumentError for weights that are negative or not
 *   finite, for rows without a positive one, and without replacement for rows with fewer than `numSamples` of them
 * @example
 * multinomial(logits.softmax(-1), 1); // the next token of each row
 */
export function multinomial(input: Tensor, numSamples: number, options: MultinomialOptions = {}): Tensor<'int32'> {
  checkTensor('multinomial', 'input', input);
  const { replacement = false } = optionsOf('multinomial', options, ['replacement', 'generator']);
  const generator = generatorOf('multinomial', options);
  if (input.ndim !== 1 && input.ndim !== 2)
    throw new ShapeError(`multinomial: wants weights of [c] or [n, c], got ${shown(input.shape)}.`);
  if (!isFloat(input.dtype)) throw new DTypeError(`multinomial: weights are floating numbers, got ${input.dtype}.`);
  if (!Number.isInteger(numSamples) || numSamples < 1)
    throw new ArgumentError(`multinomial: numSamples must be a positive integer, got ${described(numSamples)}.`);
  const c = input.shape.at(-1)!;
  const weights = input.detach().to('float64').contiguous().clone().data;
  const rows = Array.from({ length: input.ndim === 1 ? 1 : input.shape[0]! }, (_, i) =>
    weights.subarray(i * c, (i + 1) * c),
  );
  for (const [i, row] of rows.entries()) {
    const bad = row.find((weight) => !(weight >= 0 && weight < Infinity));
    if (bad !== undefined) throw new ArgumentError(`multinomial: weights must be finite and at least 0, got ${bad}.`);
    const possible = row.reduce((count, weight) => count + Number(weight > 0), 0);
    if (possible < (replacement ? 1 : numSamples))
      throw new ArgumentError(
        `multinomial: row ${i} has ${possible} positive weights, too few for ${numSamples} samples${replacement ? '' : ' without replacement'}.`,
      );
  }
  const shape = [...input.shape.slice(0, -1), numSamples];
  const chosen = rows.flatMap((row) => {
    let sums = cumulated(row);
    return Array.from({ length: numSamples }, () => {
      const one = category(sums, generator);
      if (replacement) return one;
      row[one] = 0;
      sums = cumulated(row);
      return one;
    });
  });
  let next = 0;
  return drawn('multinomial', shape, 'int32', false, () => chosen[next++]!);
}

function like<D extends DType>(operation: string, input: Tensor, options: RandomOptions<D>): [Shape, RandomOptions<D>] {
  checkTensor(operation, 'input', input);
  return [
    input.shape,
    {
      ...optionsOf(operation, options, ['generator', 'dtype', 'requiresGrad']),
      dtype: options.dtype ?? (input.dtype as D),
    },
  ];
}

/** `rand` in the shape of `input`, and in its dtype unless another is given. */
export const randLike = <S extends DType, D extends DType = S>(
  input: Tensor<S>,
  options: RandomOptions<D> = {},
): Tensor<NoInfer<D>> => rand(...like('randLike', input, options));

/** `randn` in the shape of `input`, and in its dtype unless another is given. */
export const randnLike = <S extends DType, D extends DType = S>(
  input: Tensor<S>,
  options: RandomOptions<D> = {},
): Tensor<NoInfer<D>> => randn(...like('randnLike', input, options));
