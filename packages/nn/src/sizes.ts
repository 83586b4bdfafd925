import { ArgumentError, described } from '@q/tensor';
import { checkInteger, isIntegers } from '@q/tensor/internal';

/** One number for all spatial dims, or one per dim. */
export type Sizes = number | readonly number[];

/** Throws unless every size is a positive integer. */
export function checkSizes(layer: string, sizes: Readonly<Record<string, number>>): void {
  for (const [name, size] of Object.entries(sizes))
    if (!Number.isInteger(size) || size < 1)
      throw new ArgumentError(`${layer}: ${name} must be a positive integer, got ${described(size)}.`);
}

/** Layers that nobody stacks: a number beyond is a mistake. */
const MANY = 65536;

/** Throws unless `numLayers` is a number of layers to be stacked. */
export const checkLayers = (layer: string, numLayers: number): void =>
  checkInteger(layer, 'numLayers', numLayers, 1, MANY);

/** `value` once per spatial dim. Throws unless it is a number or `rank` numbers, integers of at least `least`. */
export function perDim(layer: string, name: string, value: Sizes, rank: number, least: number): number[] {
  const list = typeof value === 'number' ? new Array<number>(rank).fill(value) : Array.isArray(value) ? [...value] : [];
  if (list.length !== rank || !isIntegers(list, least))
    throw new ArgumentError(
      `${layer}: ${name} must be an integer of at least ${least} or ${rank} of them, got ${described(value)}.`,
    );
  return list;
}
