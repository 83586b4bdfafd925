import type { KernelMemory } from '../../../memory.js';
import type { Regions } from '../../contract/pool.js';
import {
  doWhile,
  f64,
  forRange,
  i32,
  seq,
  v128,
  when,
  type Arg,
  type Expr,
  type FunctionScope,
  type Local,
  type Locals,
  type Stmt,
} from '../assembler/assembler.js';

/** int32 per position of a dim in the table of regions: start, end, length. */
const ENTRY = 3;

/** What every function over regions takes: places, sizes of a plane of the larger tensor, the table of regions and how many there are. */
export const REGION_PARAMS = new Array<'i32'>(14).fill('i32');

/** Which of them is the step along a line. */
export const STEP = 13;

/** Regions that a function takes at a time in a run. */
export const AT_ONCE = 4;

/** What a function that takes several regions at a time is called with besides: see `runOf`. */
export const RUN_PARAMS = new Array<'i32'>(3).fill('i32');

/** How elements become 32-bit lanes. */
export interface Elements {
  readonly bytes: number;
  /** One in the first lane; what the other lanes hold does not matter. */
  readonly load: (at: Expr<'i32'>) => Expr<'v128'>;
  /** Four that lie side by side. */
  readonly loadFour: (at: Expr<'i32'>) => Expr<'v128'>;
}

export const loadFloats: Elements = {
  bytes: 4,
  load: (at) => v128.load32Zero(at),
  loadFour: (at) => v128.load(at),
};

/** Sets `value` to elements of `AT_ONCE` regions, which are `stride` elements apart, the first at `at`. */
export function readApart(
  { bytes, load, loadFour }: Elements,
  value: Local<'v128'>,
  at: Local<'i32'>,
  stride: Local<'i32'>,
): Stmt {
  const lane = (l: number): Expr<'v128'> => load(i32.add(at, i32.mul(stride, bytes * l)));
  const pair = (l: number): Expr<'v128'> => v128.shuffle32(lane(l), lane(l + 1), [0, 4, 0, 4]);
  const everySecond = v128.shuffle32(loadFour(at), loadFour(i32.add(at, 4 * bytes)), [0, 2, 4, 6]);
  return when(
    i32.eq(stride, 2),
    value.set(everySecond),
    when(i32.eq(stride, 1), value.set(loadFour(at)), value.set(v128.shuffle32(pair(0), pair(2), [0, 1, 4, 5]))),
  );
}

/** What a region shows: its bounds, how its address moves, and the counter of each dim. */
export interface Region {
  readonly starts: readonly Local<'i32'>[];
  readonly ends: readonly Local<'i32'>[];
  /** All three lengths multiplied, as float64. */
  readonly length: Expr<'f64'>;
  /** True where it has no element. */
  readonly empty: Expr<'i32'>;
  /** Calls `body` for each element, whose position in the plane is in `position`; `begin` before those of each line. */
  each(body: Stmt, begin?: Stmt): Stmt;
  readonly position: Local<'i32'>;
  /** How far elements are from each other in a line. */
  readonly step: Local<'i32'>;
  /** Position of the first element. */
  readonly first: Expr<'i32'>;
  /** Calls `body` for each line of elements that lie side by side, from `position` on. */
  lines(body: Stmt): Stmt;
  /** How many these are. */
  readonly along: Expr<'i32'>;
}

/** Code for a region: `large` points at its plane, `small` and `indices` at its own elements. */
type Visit = (large: Local<'i32'>, small: Local<'i32'>, indices: Local<'i32'>, region: Region) => Stmt;

/**
 * Visits all regions of `planes` planes in order; their own elements take `bytes` in the smaller tensor. Where a `run` is given,
 * `AT_ONCE` regions whose entries lie in it are visited together by `regions`, which is shown the first of them.
 */
export function overRegions(
  f: FunctionScope,
  all: readonly Local<'i32'>[],
  bytes: number,
  region: Visit,
  run?: { readonly from: Local<'i32'>; readonly to: Local<'i32'>; readonly regions: Visit },
): Stmt {
  const [large, small, indices, planes, plane, rows, columns, table] = all as Locals<'i32', 8>;
  const counts = all.slice(8, 11);
  const steps = all.slice(11, 14);
  const [p, position] = f.locals('i32', 2);
  const entries = f.locals<'i32', number>('i32', 3);
  const lasts = f.locals<'i32', number>('i32', 3);
  const starts = f.locals<'i32', number>('i32', 3);
  const ends = f.locals<'i32', number>('i32', 3);
  const at = f.locals<'i32', number>('i32', 3);
  const count = f.local('i32');
  const loop = (d: number, body: Stmt): Stmt =>
    seq(
      at[d]!.set(starts[d]!),
      when(
        i32.ltS(at[d]!, ends[d]!),
        doWhile(seq(body, at[d]!.set(i32.add(at[d]!, steps[d]!))), i32.ltS(at[d]!, ends[d]!)),
      ),
    );
  const place = (d: Expr<'i32'>, h: Expr<'i32'>, w: Expr<'i32'>): Expr<'i32'> =>
    i32.add(i32.mul(i32.add(i32.mul(d, rows), h), columns), w);
  const view: Region = {
    starts,
    ends,
    position,
    length: f64.fromI32(count),
    empty: starts.map((start, d) => i32.eqz(i32.ltS(start, ends[d]!))).reduce((none, part) => i32.or(none, part)),
    first: place(starts[0]!, starts[1]!, starts[2]!),
    along: i32.sub(ends[2]!, starts[2]!),
    lines: (body) => loop(0, loop(1, seq(position.set(place(at[0]!, at[1]!, starts[2]!)), body))),
    step: steps[2]!,
    each: (body, begin = seq()) =>
      view.lines(seq(begin, loop(2, seq(body, position.set(i32.add(position, steps[2]!)))))),
  };
  const visited = (visit: Visit, count: number): Stmt =>
    seq(
      visit(large, small, indices, view),
      small.set(i32.add(small, bytes * count)),
      indices.set(i32.add(indices, 4 * count)),
    );
  /** The regions of dim `d` and of those inside it. */
  const dims = (d: number, table: Arg<'i32'>): Stmt => {
    const entry = entries[d]!;
    const one = visited(region, 1);
    const widest = (wide: NonNullable<typeof run>): Stmt =>
      when(
        i32.and(i32.geU(entry, wide.from), i32.ltU(i32.add(entry, AT_ONCE * ENTRY * 4 - 1), wide.to)),
        seq(visited(wide.regions, AT_ONCE), entry.set(i32.add(entry, (AT_ONCE - 1) * ENTRY * 4))),
        one,
      );
    const inner = d < 2 ? dims(d + 1, lasts[d]!) : run ? widest(run) : one;
    return seq(
      entry.set(table),
      lasts[d]!.set(i32.add(entry, i32.mul(counts[d]!, ENTRY * 4))),
      forRange(
        entry,
        entry,
        lasts[d]!,
        ENTRY * 4,
        seq(
          starts[d]!.set(i32.load(entry)),
          ends[d]!.set(i32.load(entry, 4)),
          ...(d === 2
            ? [
                count.set(
                  i32.mul(i32.mul(i32.load(entries[0]!, 8), i32.load(entries[1]!, 8)), i32.load(entries[2]!, 8)),
                ),
              ]
            : []),
          inner,
        ),
      ),
    );
  };
  return forRange(p, 0, planes, 1, seq(dims(0, table), large.set(i32.add(large, plane))));
}

/** Writes the table of regions to scratch memory. */
export function regionTable(memory: KernelMemory, regions: Regions): number {
  const entries = new Int32Array(ENTRY * regions.reduce((count, { starts }) => count + starts.length, 0));
  let at = 0;
  for (const { starts, ends, lengths } of regions)
    for (let i = 0; i < starts.length; i++) {
      entries[at++] = starts[i]!;
      entries[at++] = ends[i]!;
      entries[at++] = lengths[i]!;
    }
  const table = memory.scratch(entries.length * 4);
  memory.heap('int32').set(entries, table / 4);
  return table;
}

/**
 * The longest run of regions of the innermost dim that are equally long and equally far from each other: the addresses at which its
 * entries in the `table` begin and end, and that distance.
 */
export function runOf(regions: Regions, table: number): readonly [from: number, to: number, stride: number] {
  const [depth, rows, { starts, ends, lengths }] = regions;
  const continues = (i: number, stride: number): boolean =>
    starts[i]! - starts[i - 1]! === stride && ends[i]! - ends[i - 1]! === stride && lengths[i] === lengths[i - 1];
  let [from, to, step] = [0, 0, 0];
  for (let first = 0; first + 1 < starts.length;) {
    const stride = starts[first + 1]! - starts[first]!;
    let last = first + 1;
    while (last < starts.length && continues(last, stride)) last++;
    if (last - first > to - from) [from, to, step] = [first, last, stride];
    first = Math.max(last - 1, first + 1);
  }
  const entries = table + ENTRY * 4 * (depth.starts.length + rows.starts.length);
  return [entries + from * ENTRY * 4, entries + to * ENTRY * 4, step];
}
