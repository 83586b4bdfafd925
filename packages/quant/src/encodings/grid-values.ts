import { Storage, Tensor, type Layout } from '@q/tensor';
import type { AffineEncoding } from './affine.js';

/** The dtypes in which grid positions are stored. */
export type GridDType = AffineEncoding['dtype'];

/**
 * Grid positions as integers, in the order of the float storage they belong to. What an integer cannot say, the sign of a
 * zero, is kept for the floats in one bit per element where there is any.
 */
export class GridValues {
  private constructor(
    readonly integers: Storage<GridDType>,
    /** The float storage they belong to, and its version at that time. */
    private readonly floats: Storage,
    private readonly version: number,
  ) {}

  /** Over integers that exist; also gives the float storage, whose elements are made when first asked for. */
  static ofIntegers(
    integers: Storage<GridDType>,
    negativeZeros: Uint8Array | null = null,
  ): { grid: GridValues; floats: Storage<'float32'> } {
    const floats = new Storage('float32', integers.length, () => {
      const { array, base } = integers;
      const made = Float32Array.from(array.subarray(base, base + integers.length));
      if (negativeZeros !== null)
        for (let i = 0; i < made.length; i++) if ((negativeZeros[i >> 3]! >> (i & 7)) & 1) made[i] = -0;
      return made;
    });
    return { grid: new GridValues(integers, floats, floats.version), floats };
  }

  /** The integers for a float storage that will be, or has been, computed from them. */
  static behind(floats: Storage, integers: Storage<GridDType>): GridValues {
    return new GridValues(integers, floats, floats.version);
  }

  /** The elements of a contiguous float32 tensor as integers of `dtype`; null where they are not all such integers (NaN). */
  static compacted(values: Tensor, dtype: GridDType): { grid: GridValues; floats: Storage<'float32'> } | null {
    const { array, base } = values.storage;
    const start = base + values.layout.offset;
    const count = values.numel;
    const integers = new Storage(dtype, count, new arrays[dtype](count));
    const into = integers.array;
    let negativeZeros: Uint8Array | null = null;
    for (let i = 0; i < count; i++) {
      const value = array[start + i]!;
      into[i] = value;
      if (into[i] !== value) return null;
      if (value === 0 && 1 / value < 0) (negativeZeros ??= new Uint8Array((count + 7) >> 3))[i >> 3]! |= 1 << (i & 7);
    }
    return GridValues.ofIntegers(integers, negativeZeros);
  }

  /** Whether the floats are still the ones these integers stand for. */
  standsFor(floats: Storage): boolean {
    return floats === this.floats && floats.version === this.version;
  }

  /** The integers walked as the floats are. */
  tensor(layout: Layout): Tensor<GridDType> {
    return new Tensor(this.integers, layout);
  }
}

const arrays = { uint8: Uint8Array, int8: Int8Array, int16: Int16Array, int32: Int32Array } as const;
