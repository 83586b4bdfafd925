import { noGrad, type Tensor } from '@q/tensor';
import { AffineEncoding } from '../encodings/affine.js';
import { look, positions, tableOf, tabulates, type Table } from '../kernels/table.js';
import { DequantizedTensor, EncodedTensor } from '../tensor.js';
import { Accumulated } from './accumulated.js';

/** Integers and the one scale and offset that all of them have. */
export interface Integers {
  readonly values: Tensor;
  readonly encoding: AffineEncoding;
}

/** The widest grids that integer layers compute with. */
const MOST_BITS = 16;

/** Why an encoding does not suit an activation, or null where it does. */
export function unsuited(encoding: unknown): string | null {
  if (!(encoding instanceof AffineEncoding)) return 'is not on an integer grid';
  if (encoding.scale.numel !== 1) return 'is not quantized per tensor';
  if (encoding.numSteps >= 2 ** MOST_BITS) return `has more than ${MOST_BITS} bits`;
  if (encoding.qmin < -(2 ** 15) || encoding.qmax > 2 ** 16 - 1) return 'has a grid outside 16 bits';
  const [scale, offset] = [encoding.scale.item(), encoding.offset.item()];
  if (!(scale > 0 && Number.isFinite(scale))) return `has the scale ${scale}`;
  return Math.abs(offset) < 2 ** 20 ? null : `has the offset ${offset}`;
}

/** The integer that stands for zero: minus the offset. */
export const zeroOf = ({ offset }: AffineEncoding): number => 0 - offset.item();

/** The integers of a tensor that carries them, or null. */
export function integersOf(x: unknown): Integers | null {
  if (!(x instanceof EncodedTensor) || x.encoding === null || unsuited(x.encoding) !== null) return null;
  return { values: x.quantizedRepr(), encoding: x.encoding };
}

/** The numbers of integers; they are made only where something reads them. */
export const numbers = ({ values, encoding }: Integers): DequantizedTensor =>
  DequantizedTensor.ofIntegers(
    noGrad(() => values.to(encoding.dtype)),
    encoding.detach(),
  );

/** An argument for a float layer: integers as floats of their own, made by a kernel. */
export function floats(x: unknown): unknown {
  const integers = integersOf(x);
  return integers === null ? x : integers.encoding.dequantize(integers.values);
}

/** Whether two encodings say the same. */
export const sameEncoding = (a: AffineEncoding, b: AffineEncoding): boolean =>
  a === b ||
  (a.qmin === b.qmin &&
    a.qmax === b.qmax &&
    a.scale.numel === 1 &&
    b.scale.numel === 1 &&
    a.scale.item() === b.scale.item() &&
    a.offset.item() === b.offset.item());

/** Floats on a grid as integers. */
export const quantized = (x: Tensor, encoding: AffineEncoding): Integers => ({
  values: positions(x, encoding),
  encoding,
});

/** Puts tensors on the grid of one place, and remembers the last table it needed. */
export class Gate {
  private table: { readonly from: AffineEncoding; readonly table: Table } | null = null;

  constructor(readonly encoding: AffineEncoding) {}

  /** Any tensor on this grid: integers of another grid by a table, accumulators by their scales, floats by division. */
  enter(x: Tensor): Integers {
    const { encoding } = this;
    if (x instanceof Accumulated) return { values: x.onGrid(encoding, encoding.qmin, encoding.qmax), encoding };
    const integers = integersOf(x);
    return integers === null ? quantized(x, encoding) : this.moved(integers);
  }

  /** Integers of another grid on this one. */
  moved({ values, encoding: from }: Integers): Integers {
    const { encoding } = this;
    if (sameEncoding(from, encoding)) return { values, encoding };
    if (!tabulates(from)) return quantized(from.dequantize(values), encoding);
    if (this.table?.from !== from) this.table = { from, table: tableOf(from, encoding, (x) => x) };
    return { values: look(this.table.table, values), encoding };
  }
}
