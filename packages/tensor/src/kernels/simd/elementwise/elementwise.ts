import type {
  BinaryName,
  CompareName,
  ElementwiseKernels,
  ParametricName,
  TernaryName,
  UnaryName,
} from '../../contract/elementwise.js';
import type { Layout } from '../../../layout.js';
import { alloc, type View } from '../../../storage.js';
import type { Emission, Family, SimdEngine } from '../engine/engine.js';
import { addressOf } from '../engine/places.js';
import { extremaFamily } from '../reduce/extrema.js';
import { parametricFunctions, vectorFunctions } from './functions.js';
import type { Lockstep, Wide } from './lockstep.js';
import { vectorComparisons, vectorPairs, vectorTriples } from './operators.js';
import { LARGEST_ANGLE } from './trigonometric.js';
import { emitRow, overRows, worthwhile, type Access, type Body, type RowKernel } from './rows.js';

/** Functions that are right up to a size of the argument. */
const limits: Partial<Record<UnaryName, number>> = { sin: LARGEST_ANGLE, cos: LARGEST_ANGLE };

/** Whether no element is larger than `limit`, or NaN; false where elements do not lie in a row. */
function within(engine: SimdEngine, view: View, limit: number): boolean {
  const { memory } = engine;
  memory.beginKernel();
  try {
    const [from, to] = [addressOf(memory, view), memory.scratch(8)];
    engine.load(extremaFamily)['extrema']!(from, 0, 1, view.layout.numel, to, to + 4);
    const [low, high] = memory.heap('float32').subarray(to / 4, to / 4 + 2);
    return -limit <= low! && high! <= limit;
  } finally {
    memory.endKernel();
  }
}

const unaryFamily =
  (name: UnaryName): Family =>
  (emission) =>
    emitRow(emission, name, ['vector'], (code, [x]) => vectorFunctions[name]!(code, x!));

const parametricFamily =
  (name: ParametricName): Family =>
  (emission) => {
    const [count, of] = parametricFunctions[name]!;
    const accesses: Access[] = ['vector', ...new Array<Access>(count).fill('number')];
    emitRow(emission, name, accesses, (code, [x, ...params]) => of(code, x!, ...params));
  };

/** One function for each way in which two operands of a row may lie: a vector or one element each, not both the latter. */
function emitPairs(
  emission: Emission,
  of: (code: Lockstep, a: Wide, b: Wide) => Wide,
  result: 'vector' | 'mask',
): void {
  const body: Body = (code, [a, b]) => of(code, a!, b!);
  emitRow(emission, 'vv', ['vector', 'vector'], body, result);
  emitRow(emission, 'vs', ['vector', 'scalar'], body, result);
  emitRow(emission, 'sv', ['scalar', 'vector'], body, result);
}

/** The one of `emitPairs` for the steps of two operands. */
function pairFor(family: Family, a: number, b: number): RowKernel | null {
  const name = a === 1 ? (b === 1 ? 'vv' : b === 0 ? 'vs' : null) : a === 0 && b === 1 ? 'sv' : null;
  return name && [family, name];
}

const binaryFamily =
  (name: BinaryName): Family =>
  (emission) =>
    emitPairs(emission, vectorPairs[name]!, 'vector');

const compareFamily =
  (name: CompareName): Family =>
  (emission) =>
    emitPairs(emission, vectorComparisons[name]!, 'mask');

const whereFamily: Family = (emission) => {
  const accesses = { v: 'vector', s: 'scalar' } as const;
  for (const a of ['v', 's'] as const)
    for (const b of ['v', 's'] as const)
      emitRow(emission, a + b, ['mask', accesses[a], accesses[b]], (code, [mask, x, y]) => code.choose(mask!, x!, y!));
};

const ternaryFamily =
  (name: TernaryName): Family =>
  (emission) =>
    emitRow(emission, name, ['vector', 'vector', 'vector', 'number'], vectorTriples[name]!);

const scaledFamily: Family = (emission) =>
  emitRow(emission, 'addScaled', ['vector', 'vector', 'number'], (code, [a, b, alpha]) =>
    code.add(a!, code.mul(alpha!, b!)),
  );

const inOrder = (steps: readonly number[]): boolean => steps.every((step) => step === 1);

const families = <N extends string>(
  names: Partial<Record<N, unknown>>,
  family: (name: N) => Family,
): Partial<Record<N, Family>> =>
  Object.fromEntries((Object.keys(names) as N[]).map((name) => [name, family(name)])) as Partial<Record<N, Family>>;

/** Elements from which operands that lie across the rows of the result are copied first. */
const MANY = 1024;

/** Whether the elements of the last dim that has several are apart. */
function liesAcross({ shape, strides }: Layout): boolean {
  const d = shape.findLastIndex((size) => size > 1);
  return d >= 0 && strides[d] !== 0 && strides[d] !== 1;
}

/** Element-wise kernels on float32; what has no vector form goes to `fallback`, as do copies. */
export function simdElementwise(engine: SimdEngine, fallback: ElementwiseKernels): Partial<ElementwiseKernels> {
  /** Runs a kernel over rows, if need be of copies that lie in order. */
  function over(
    inputs: readonly View[],
    out: View,
    rowFor: (steps: readonly number[]) => RowKernel | null,
    numbers: readonly number[] = [],
  ): boolean {
    if (overRows(engine, inputs, out, rowFor, numbers)) return true;
    const { numel, isContiguous } = out.layout;
    if (numel < MANY || !isContiguous || !inputs.some(({ layout }) => liesAcross(layout))) return false;
    const rows = inputs.map((view) => (liesAcross(view.layout) ? copied(view) : view));
    const done = overRows(engine, rows, out, rowFor, numbers);
    for (const view of rows) if (!inputs.includes(view)) view.storage.free();
    return done;
  }

  /** The elements of a view in order. */
  function copied(view: View): View {
    const copy = alloc(view.layout.shape, view.storage.dtype);
    fallback.copy(view, copy);
    return copy;
  }

  const unaries = families(vectorFunctions, unaryFamily);
  const parametrics = families(parametricFunctions, parametricFamily);
  const binaries = families(vectorPairs, binaryFamily);
  const comparisons = families(vectorComparisons, compareFamily);
  const ternaries = families(vectorTriples, ternaryFamily);
  return {
    unary(name, x, out) {
      const family = unaries[name];
      const limit = limits[name];
      const worth = family !== undefined && worthwhile([x, out], out.layout.numel);
      // Whether all lie within the limit is found out in one run over them, however they lie.
      const inOrder = worth && limit !== undefined && !x.layout.isContiguous ? copied(x) : x;
      const done =
        worth &&
        (limit === undefined || within(engine, inOrder, limit)) &&
        over([inOrder], out, ([step]) => (step === 1 ? [family, name] : null));
      if (!done) fallback.unary(name, x, out);
      if (inOrder !== x) inOrder.storage.free();
    },
    parametric(name, x, out, params) {
      const family = parametrics[name];
      const done =
        family !== undefined &&
        worthwhile([x, out], out.layout.numel) &&
        over([x], out, ([step]) => (step === 1 ? [family, name] : null), params);
      if (!done) fallback.parametric(name, x, out, params);
    },
    binary(name, a, b, out) {
      const family = binaries[name];
      const done =
        family !== undefined &&
        worthwhile([a, b, out], out.layout.numel) &&
        over([a, b], out, ([as, bs]) => pairFor(family, as!, bs!));
      if (!done) fallback.binary(name, a, b, out);
    },
    compare(name, a, b, out) {
      const family = comparisons[name];
      const done =
        family !== undefined &&
        worthwhile([a, b], out.layout.numel) &&
        over([a, b], out, ([as, bs]) => pairFor(family, as!, bs!));
      if (!done) fallback.compare(name, a, b, out);
    },
    where(condition, a, b, out) {
      const done =
        worthwhile([a, b, out], out.layout.numel) &&
        over([condition, a, b], out, ([flag, as, bs]) => {
          const near = (step: number | undefined): boolean => step === 0 || step === 1;
          return flag === 1 && near(as) && near(bs) ? [whereFamily, `${'sv'[as!]}${'sv'[bs!]}`] : null;
        });
      if (!done) fallback.where(condition, a, b, out);
    },
    ternary(name, a, b, c, out, value) {
      const family = ternaries[name];
      const views = [a, b, c];
      const done =
        family !== undefined &&
        worthwhile([...views, out], out.layout.numel) &&
        over(views, out, (steps) => (inOrder(steps) ? [family, name] : null), [value]);
      if (!done) fallback.ternary(name, a, b, c, out, value);
    },
    addScaled(a, b, out, alpha) {
      const done =
        worthwhile([a, b, out], out.layout.numel) &&
        over([a, b], out, (steps) => (inOrder(steps) ? [scaledFamily, 'addScaled'] : null), [alpha]);
      if (!done) fallback.addScaled(a, b, out, alpha);
    },
  };
}
