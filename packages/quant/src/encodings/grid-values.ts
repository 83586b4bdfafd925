import { dequantizeLinear, noGrad, Storage, Tensor, type Shape } from '@q/tensor';
import { Layout, numel } from '@q/tensor/internal';
import type { AffineEncoding } from './affine.js';

/** The dtypes in which grid positions are stored. */
export type GridDType = AffineEncoding['dtype'];

/**
 * Grid positions as integers, in the order of the float storage they belong to. What an integer cannot say, the sign of a
 * zero, is kept for the floats in one bit per element where there is any. The floats are made in plain loops: they may be
 * asked for while a kernel gathers its operands, when no other kernel may run.
 */
export class GridValues {
  /** The version of the integers for which all of this holds. */
  private readonly made: number;

  private constructor(
    readonly integers: Storage<GridDType>,
    /** The float storage they belong to, and its version at that time. */
    private readonly floats: Storage,
    private readonly version: number,
    /** The one scale and offset that turn all integers into the floats; null where the floats are something else. */
    private readonly entries: Entries | null = null,
  ) {
    this.made = integers.version;
  }

  /** Over integers that exist; also gives the float storage, whose elements are made when first asked for. */
  static ofIntegers(
    integers: Storage<GridDType>,
    negativeZeros: Uint8Array | null = null,
  ): { grid: GridValues; floats: Storage<'float32'> } {
    const make = (): Float32Array<ArrayBuffer> => {
      const { array, base } = integers;
      const made = new Float32Array(array.subarray(base, base + integers.length));
      if (negativeZeros !== null)
        for (let i = 0; i < made.length; i++) if ((negativeZeros[i >> 3]! >> (i & 7)) & 1) made[i] = -0;
      return made;
    };
    const floats = new Storage('float32', integers.length, make, false, integers);
    return { grid: new GridValues(integers, floats, floats.version), floats };
  }

  /**
   * The numbers that integers stand for, whose elements are made when first asked for: of the whole storage where one scale
   * serves all of it, else of a tensor that fills its storage in order.
   */
  static dequantized(
    { storage, shape }: Tensor<GridDType>,
    encoding: AffineEncoding,
  ): { grid: GridValues; floats: Storage<'float32'> } {
    // Read now, by kernels; all else waits until somebody wants the floats.
    const { scale, offset } = entriesOf(encoding);
    const make = (): Float32Array<ArrayBuffer> => {
      const made = new Float32Array(storage.length);
      forEachRun(scale.length === 1 ? [storage.length] : shape, encoding, (start, end, entry) =>
        makeNumbers(storage, start, made.subarray(start, end), scale[entry]!, offset[entry]!),
      );
      return made;
    };
    const floats = new Storage('float32', storage.length, make, false, storage);
    const one = scale.length === 1 ? { scale, offset } : null;
    return { grid: new GridValues(storage, floats, floats.version, one), floats };
  }

  /** All the floats, made by a kernel; null where no single scale makes them. To be called outside of kernels. */
  numbers(): Tensor<'float32'> | null {
    if (this.entries === null) return null;
    const { scale, offset } = this.entries;
    const integers = new Tensor(this.integers, new Layout([this.integers.length]));
    return noGrad(() => dequantizeLinear(integers, scale[0]!, offset[0]!)).to('float32');
  }

  /** The elements of a contiguous float32 tensor as integers of `dtype`; null where they are not all such integers (NaN). */
  static compacted(values: Tensor, dtype: GridDType): { grid: GridValues; floats: Storage<'float32'> } | null {
    const { array, base } = values.storage;
    const start = base + values.layout.offset;
    const count = values.numel;
    const floats = array.subarray(start, start + count) as Float32Array;
    const integers = new arrays[dtype](count);
    for (let i = 0; i < count; i++) {
      const value = floats[i]!;
      integers[i] = value;
      if (integers[i] !== value) return null;
    }
    return GridValues.ofIntegers(new Storage(dtype, count, integers), signsOfZeros(floats));
  }

  /** Whether nothing was written to the integers, which may be somebody else's too. */
  get isIntact(): boolean {
    return this.integers.version === this.made;
  }

  /** Whether the floats are still the ones these integers stand for. */
  standsFor(floats: Storage): boolean {
    return floats === this.floats && floats.version === this.version && this.isIntact;
  }

  /** The integers walked as the floats are. */
  tensor(layout: Layout): Tensor<GridDType> {
    return new Tensor(this.integers, layout);
  }
}

const arrays = { uint8: Uint8Array, int8: Int8Array, int16: Int16Array, int32: Int32Array } as const;

/** Numbers from integers of a storage from `start` on: `(q + offset) * scale` in float32. */
function makeNumbers(
  { array, base, dtype }: Storage<GridDType>,
  start: number,
  to: Float32Array,
  scale: number,
  offset: number,
): void {
  const number = (q: number): number => Math.fround(q + offset) * scale;
  const first = base + start;
  if (to.length < 2048 || (dtype !== 'uint8' && dtype !== 'int8')) {
    for (let i = 0; i < to.length; i++) to[i] = number(array[first + i]!);
    return;
  }
  // By a table, and bytes without their sign: engines make the best of a loop that sees arrays of one kind.
  const table = Float32Array.from({ length: 256 }, (_, byte) => number(dtype === 'int8' ? (byte << 24) >> 24 : byte));
  const bytes = new Uint8Array(array.buffer, array.byteOffset + first, to.length);
  for (let i = 0; i < to.length; i++) to[i] = table[bytes[i]!]!;
}

/** Scale and offset of an encoding, as many of both, as float32 of their own. */
export interface Entries {
  readonly scale: Float32Array;
  readonly offset: Float32Array;
}

const known = new WeakMap<AffineEncoding, Entries & { readonly versions: number }>();

/** Scale and offset of an encoding as numbers. They are read once, as long as nobody can have changed them. */
export function entriesOf(encoding: AffineEncoding): Entries {
  const { scale, offset } = encoding;
  const versions = scale.storage.version + offset.storage.version;
  const found = known.get(encoding);
  if (found?.versions === versions) return found;
  const { shape } = scale;
  const entries = { scale: entriesAsFloats(scale, shape), offset: entriesAsFloats(offset, shape), versions };
  if (scale.storage.isStable && offset.storage.isStable) known.set(encoding, entries);
  return entries;
}

/** Parameters of an encoding spread to a shape, as float32 of their own. */
const entriesAsFloats = (entries: Tensor, shape: Shape): Float32Array =>
  entries.numel === 1 && shape.every((size) => size === 1)
    ? Float32Array.of(entries.item())
    : Float32Array.from(entries.detach().to('float32').broadcastTo(shape).data);

/** A dim of x along which the encoding changes: how often, after how many elements, and how far apart its entries are. */
interface Change {
  readonly count: number;
  readonly length: number;
  readonly stride: number;
}

/** Calls `visit` for each stretch of elements that share an encoding entry; there is one, from 0 to the end, where all do. */
function forEachRun(
  shape: Shape,
  { scale: { shape: entries }, blockSize }: AffineEncoding,
  visit: (start: number, end: number, entry: number) => void,
): void {
  const leading = shape.length - entries.length;
  const stride = (d: number): number => numel(entries.slice(d + 1));
  const changes = shape.map((size, d): Change | null => {
    const count = entries[d - leading] ?? 1;
    return count === 1 ? null : { count, length: blockSize === null ? 1 : size / count, stride: stride(d - leading) };
  });
  const last = changes.findLastIndex((change) => change !== null);
  const inside = numel(shape.slice(last + 1));
  let at = 0;
  const walk = (d: number, entry: number): void => {
    if (d > last) return visit(at, (at += inside), entry);
    const { count, length, stride } = changes[d] ?? { count: 1, length: shape[d]!, stride: 0 };
    for (let c = 0; c < count; c++)
      if (d === last) visit(at, (at += length * inside), entry + c * stride);
      else for (let i = 0; i < length; i++) walk(d + 1, entry + c * stride);
  };
  walk(0, 0);
}

/** The bits of -0 in float32. */
const NEGATIVE_ZERO = 0x80000000;

/** One bit per element: whether it is -0. Null where none is. */
function signsOfZeros(floats: Float32Array): Uint8Array | null {
  const bits = new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
  let signs: Uint8Array | null = null;
  for (let i = 0; i < bits.length; i++)
    if (bits[i] === NEGATIVE_ZERO) {
      signs ??= new Uint8Array((bits.length + 7) >> 3);
      signs[i >> 3]! |= 1 << (i & 7);
    }
  return signs;
}
