import type { View } from '../../../storage.js';
import type { IntegerGrid } from '../../contract/integer.js';
import type { LaneDType } from '../elementwise/lanes.js';
import type { BatchSteps, GemmOperand } from './gemm.js';
import type { BytePair, Bytes } from './gemm-i8.js';
import type { ZeroPoints } from './zero-points.js';

/** How the bytes of an operand are read; null where it has others. */
export const bytesOf = ({ storage: { dtype } }: View): Bytes | null =>
  dtype === 'int8' ? 'signed' : dtype === 'uint8' ? 'unsigned' : null;

/** One product of a batch, in memory. */
export interface ByteProduct extends ZeroPoints {
  readonly pair: BytePair;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: GemmOperand;
  readonly b: GemmOperand;
  readonly c: number;
  /** B, where it is the whole of a tensor that may be met again. */
  readonly weight: View | null;
}

/** Small products of a batch, with one zero point for all of each side. */
export interface ByteBatch {
  readonly first: ByteProduct;
  readonly batches: number;
  readonly steps: BatchSteps;
  readonly aZero: number;
  readonly bZero: number;
}

/** A way to multiply matrices of bytes. To be called between `beginKernel` and `endKernel`. */
export interface ByteMultiplication {
  /** Multiplications that one thread does in a nanosecond, roughly. */
  readonly rate: number;
  /** One product, divided between threads. */
  product(product: ByteProduct): void;
  /** A batch, of which one thread does each product. */
  batch(batch: ByteBatch): void;
  /** One product that is put on a grid as it is made; false, and nothing is done, where it takes more than a packed B without zeros. */
  rescaled(product: Omit<ByteProduct, 'c'>, results: Results): boolean;
}

/** The results of a product, and how its sums become them; addresses. */
export interface Results {
  readonly at: number;
  readonly dtype: LaneDType;
  /** float32, one for each column. */
  readonly multiplier: number;
  readonly bias: number;
  readonly grid: IntegerGrid;
}

/** Columns by rows from which those are divided. */
export const WIDE = 4;

/** What there is for each way of reading the bytes of A and of B. */
export const perPair = <T>(make: (a: Bytes, b: Bytes) => T): Readonly<Record<BytePair, T>> => ({
  'signed-signed': make('signed', 'signed'),
  'signed-unsigned': make('signed', 'unsigned'),
  'unsigned-signed': make('unsigned', 'signed'),
  'unsigned-unsigned': make('unsigned', 'unsigned'),
});
