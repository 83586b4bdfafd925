import { ArgumentError, Generator } from '@q/tensor';
import { checkOptions, generatorOf } from '@q/tensor/internal';

/** Where what is drawn at random comes from. */
export interface SeedOptions {
  /** Source of the random numbers; the default one where absent. */
  readonly generator?: Generator;
  /** Seed of a source of its own, instead of `generator`. */
  readonly seed?: number;
}

/** The generator that options name by itself or by its seed, the default one where by neither. Throws ArgumentError for both. */
export function seededGenerator(operation: string, options: SeedOptions): Generator {
  checkOptions(operation, options);
  const { generator, seed } = options;
  if (generator !== undefined && seed !== undefined)
    throw new ArgumentError(`${operation}: a generator has its own seed. Give either a generator or a seed.`);
  return seed === undefined ? generatorOf(operation, options) : new Generator(seed);
}
