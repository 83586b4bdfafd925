import { noGrad, type Layout, type ScaledGrid, type ScaledIntegers, type Storage, type Tensor } from '@q/tensor';
import { sameShape } from '@q/tensor/internal';
import type { AffineEncoding } from '../encodings/affine.js';
import type { GridDType } from '../encodings/grid-values.js';
import { sameEncoding } from '../encodings/same.js';
import { QuantizationError } from '../errors.js';
import { look, positions, tableOf, tabulates, type Table } from '../kernels/table.js';
import { DequantizedTensor, EncodedTensor } from '../tensor.js';
import { Accumulated } from './accumulated.js';
import { offsetOf, scaleOf, unsuited, wholeGrid } from './grids.js';

/** Integers and the one scale and offset that all of them have. */
export interface Integers {
  readonly values: Tensor;
  readonly encoding: AffineEncoding;
}

/** Whom a storage would share its elements with in the simulation, and that one's version when it was copied. */
interface Twin {
  readonly storage: Storage;
  readonly version: number;
  /** How messages call the layer that copied. */
  readonly layer: string;
}

const twins = new WeakMap<Storage, Twin>();

/** Notes that a layer copied elements that the simulation only looks at in another way. */
export function tie(layer: string, from: Storage, to: Storage): void {
  twins.set(from, { storage: to, version: to.version, layer });
  twins.set(to, { storage: from, version: from.version, layer });
}

/** Throws QuantizationError where a write would have been seen in these elements, had they not been copied. */
function checkTwin(storage: Storage): void {
  const twin = twins.get(storage);
  if (twin !== undefined && twin.storage.version !== twin.version)
    throw new QuantizationError(
      `${twin.layer}: integers in this memory order are copied, and now one of its input and its result was written to in place, and the other is read. Make a new tensor instead: mul(2) for mul_(2).`,
    );
}

/** The integers of a tensor that carries them and was not written to since, through whatever view; or null. */
export function integersOf(x: unknown): Integers | null {
  if (!(x instanceof EncodedTensor)) return null;
  checkTwin(x.storage);
  if (x.encoding === null || unsuited(x.encoding) !== null) return null;
  return { values: x.integers(), encoding: x.encoding };
}

/** Whether a tensor stands for integers of a layer, on a grid or in its accumulators. */
export const isFromIntegers = (x: Tensor): boolean => x instanceof Accumulated || integersOf(x) !== null;

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

/** Integers as kernels that compute with their numbers take them. */
export const scaled = ({ values, encoding }: Integers): ScaledIntegers => ({
  values,
  scale: scaleOf(encoding),
  offset: offsetOf(encoding),
});

/** A grid as such kernels take it. */
export function scaledGrid(encoding: AffineEncoding): ScaledGrid<GridDType> {
  const { qmin, qmax, dtype } = encoding;
  return { scale: scaleOf(encoding), offset: offsetOf(encoding), qmin, qmax, dtype };
}

/** Floats on a grid as integers. */
export const quantized = (x: Tensor, encoding: AffineEncoding): Integers => ({
  values: positions(x, encoding),
  encoding,
});

/** Floats that were put on a grid, and the gates that have taken the integers. */
interface Shared {
  readonly version: number;
  readonly integers: Integers;
  readonly takers: Set<Gate>;
}

/** What was last made of a tensor of floats. Each gate takes it once: the next time it sees the tensor is another call. */
const shared = new WeakMap<Tensor, Shared>();

/** Puts tensors on the grid of one place, and remembers the last table it needed. */
export class Gate {
  private table: { readonly from: AffineEncoding; readonly table: Table } | null = null;

  constructor(readonly encoding: AffineEncoding) {}

  /** Any tensor on this grid: integers of another grid by a table, accumulators by their scales, floats by division. */
  enter(x: Tensor): Integers {
    const { encoding } = this;
    if (x instanceof Accumulated) return { values: x.onGrid(wholeGrid(encoding)), encoding };
    const integers = integersOf(x);
    return integers === null ? this.divided(x) : this.moved(integers);
  }

  /** Floats on this grid. What several layers read, as a residual and the layers beside it do, is divided once for all of them. */
  private divided(x: Tensor): Integers {
    const { encoding } = this;
    const { version, isStable } = x.storage;
    if (!isStable) return quantized(x, encoding);
    const known = shared.get(x);
    const usable =
      known?.version === version &&
      !known.takers.has(this) &&
      !known.integers.values.storage.isFreed &&
      sameEncoding(known.integers.encoding, encoding);
    if (usable) {
      known.takers.add(this);
      return { values: known.integers.values, encoding };
    }
    const integers = quantized(x, encoding);
    shared.set(x, { version, integers, takers: new Set([this]) });
    return integers;
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

/** Elements as they were seen. */
export interface Sight {
  readonly storage: Storage;
  readonly version: number;
  readonly layout: Layout;
}

/** Elements as they are now; null where they may change without notice. */
export const sightOf = ({ storage, layout }: Tensor): Sight | null =>
  storage.isStable ? { storage, version: storage.version, layout } : null;

/** Whether a tensor has the elements that were seen, and nobody may have changed them without notice. */
export const isSeen = ({ storage, layout }: Tensor, sight: Sight | null): boolean =>
  sight !== null &&
  storage.isStable &&
  sight.storage === storage &&
  sight.version === storage.version &&
  sight.layout.offset === layout.offset &&
  sameShape(sight.layout.shape, layout.shape) &&
  sameShape(sight.layout.strides, layout.strides);

/** A place where parameters enter: what is made of one is kept, from the second time on, until it is written to. */
export class ParameterGate extends Gate {
  private last: Sight | null = null;
  private integers: Integers | null = null;

  override enter(x: Tensor): Integers {
    const again = isSeen(x, this.last);
    if (again && this.integers !== null && !this.integers.values.storage.isFreed) return this.integers;
    this.last = sightOf(x);
    this.integers = null;
    const integers = super.enter(x);
    if (again) {
      integers.values.storage.keep();
      this.integers = integers;
    }
    return integers;
  }
}
