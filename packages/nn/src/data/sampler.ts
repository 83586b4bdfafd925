import { Generator, multinomial, ShapeError, shown, tensor, Tensor } from '@q/tensor';
import { checkBoolean, checkInteger, optionsOf } from '@q/tensor/internal';
import { seededGenerator, type SeedOptions } from './seed.js';

/** Which samples a pass takes, and in which order: iterated anew for every pass. An array of indices is one. */
export interface Sampler extends Iterable<number> {
  /** Number of indices of a pass. */
  readonly length: number;
}

/** Options of `WeightedRandomSampler`. */
export interface WeightedSamplerOptions extends SeedOptions {
  /** Whether a pass may take a sample several times. Default: true. */
  readonly replacement?: boolean;
}

/**
 * Indices at random in proportion to weights, drawn anew for every pass, after `torch.utils.data.WeightedRandomSampler`:
 * weights of `1 / count of the class` balance classes.
 *
 * @example
 * const sampler = new WeightedRandomSampler([0.1, 0.1, 0.8], 3, { seed: 0 });
 * for (const [x] of new DataLoader(dataset, { sampler, batchSize: 3 })) step(x);
 */
export class WeightedRandomSampler implements Sampler {
  /** The weights, one for each sample. */
  readonly weights: Tensor;
  /** Number of indices of a pass. */
  readonly length: number;
  /** Whether a pass may take a sample several times. */
  readonly replacement: boolean;
  /** Source of the random numbers. */
  readonly generator: Generator;

  /**
   * @throws ArgumentError for weights that are not finite numbers of at least 0, or too few positive ones to draw from;
   * ShapeError for a tensor of other than one dim
   */
  constructor(weights: ArrayLike<number> | Tensor, numSamples: number, options: WeightedSamplerOptions = {}) {
    const { replacement = true } = optionsOf('WeightedRandomSampler', options, ['replacement', 'generator', 'seed']);
    checkBoolean('WeightedRandomSampler', 'replacement', replacement);
    checkInteger('WeightedRandomSampler', 'numSamples', numSamples, 1);
    this.weights = weights instanceof Tensor ? weights : tensor(Array.from(weights), { dtype: 'float64' });
    if (this.weights.ndim !== 1)
      throw new ShapeError(`WeightedRandomSampler: wants weights of [samples], got ${shown(this.weights.shape)}.`);
    this.length = numSamples;
    this.replacement = replacement;
    this.generator = seededGenerator('WeightedRandomSampler', options);
    // Weights that cannot be drawn from are refused here, without a number of the generator.
    multinomial(this.weights, numSamples, { replacement, generator: new Generator(0) });
  }

  /** The indices of a new pass. */
  [Symbol.iterator](): Iterator<number> {
    const { weights, length, replacement, generator } = this;
    return multinomial(weights, length, { replacement, generator }).data[Symbol.iterator]();
  }
}
