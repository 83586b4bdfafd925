import { ArgumentError, described } from '@q/tensor';
import { checkInteger } from '@q/tensor/internal';

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

/** A normalized shape as a list. Throws ArgumentError unless it has one size at least, and all are positive integers. */
export function normalizedSizes(layer: string, normalizedShape: number | readonly number[]): number[] {
  const sizes =
    typeof normalizedShape === 'number'
      ? [normalizedShape]
      : Array.isArray(normalizedShape)
        ? [...normalizedShape]
        : [];
  if (sizes.length === 0) throw new ArgumentError(`${layer}: normalizedShape must have at least one size.`);
  sizes.forEach((size, d) => checkSizes(layer, { [`normalizedShape[${d}]`]: size }));
  return sizes;
}
