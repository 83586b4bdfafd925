import { checkNumber } from '../arguments.js';
import { isFloat, isHalf, type DType } from '../dtype.js';
import { ArgumentError, DTypeError } from '../errors.js';
import { generatorOf, uniformOf, type Generator } from '../generator.js';
import { kernels } from '../kernels/active.js';
import { Layout } from '../layout.js';
import { Storage } from '../storage.js';
import type { Tensor } from '../tensor.js';
import { IndexingMethods } from './indexing.js';

/** Options of what draws random numbers. */
export interface DrawOptions {
  /** Where the random numbers come from; the default generator unless given. */
  readonly generator?: Generator;
}

/** Overwriting a tensor with random numbers, drawn one after the other in row-major order. */
export abstract class RandomMethods<D extends DType = DType> extends IndexingMethods<D> {
  /** Overwrites with numbers uniform in [from, to). */
  uniform_(this: Tensor<D>, from = 0, to = 1, options: DrawOptions = {}): Tensor<D> {
    const generator = generatorOf('uniform_', options);
    checkNumber('uniform_', 'from', from);
    checkNumber('uniform_', 'to', to);
    if (!(from <= to)) throw new ArgumentError(`uniform_: wants from <= to, got ${from} and ${to}.`);
    const uniform = isHalf(this.dtype) ? uniformOf(this.dtype, generator) : () => generator.uniform53();
    const stored = this.dtype === 'float32' ? Math.fround : (value: number) => value;
    return overwrite('uniform_', this, () => {
      const value = from + (to - from) * uniform();
      // What the dtype would round up to the end, or an infinite range makes of it, is the beginning.
      return stored(value) < to ? value : from;
    });
  }

  /** Overwrites with normal numbers of a mean and a standard deviation. */
  normal_(this: Tensor<D>, mean = 0, std = 1, options: DrawOptions = {}): Tensor<D> {
    const generator = generatorOf('normal_', options);
    checkNumber('normal_', 'mean', mean);
    checkNumber('normal_', 'the standard deviation', std, 0);
    return overwrite('normal_', this, () => mean + std * generator.normal());
  }

  /** Overwrites with 1 at probability `p`, else 0. Works for every dtype. */
  bernoulli_(this: Tensor<D>, p = 0.5, options: DrawOptions = {}): Tensor<D> {
    const generator = generatorOf('bernoulli_', options);
    checkNumber('bernoulli_', 'p', p, 0, 1);
    return overwrite('bernoulli_', this, () => (generator.uniform53() < p ? 1 : 0), false);
  }
}

function overwrite<D extends DType>(operation: string, x: Tensor<D>, draw: () => number, floats = true): Tensor<D> {
  if (floats && !isFloat(x.dtype))
    throw new DTypeError(`${operation}: wants a floating tensor, this one is ${x.dtype}. Use randint() for integers.`);
  x.beginWrite(operation);
  const values = new Float64Array(x.numel);
  for (let i = 0; i < values.length; i++) values[i] = draw();
  kernels.copy({ storage: new Storage('float64', values.length, values), layout: new Layout(x.shape) }, x);
  return x;
}
