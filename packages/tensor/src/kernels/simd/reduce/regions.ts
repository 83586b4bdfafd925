import type { KernelMemory } from '../../../memory.js';
import type { Regions } from '../../contract/pool.js';
import {
  doWhile,
  f64,
  forRange,
  i32,
  seq,
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

/** What a region shows: its bounds, how its address moves, and the counter of each dim. */
export interface Region {
  readonly starts: readonly Local<'i32'>[];
  readonly ends: readonly Local<'i32'>[];
  /** All three lengths multiplied, as float64. */
  readonly length: Expr<'f64'>;
  /** True where it has no element. */
  readonly empty: Expr<'i32'>;
  /** Calls `body` for each element, whose position in the plane is in `position`. */
  each(body: Stmt): Stmt;
  readonly position: Local<'i32'>;
  /** Position of the first element. */
  readonly first: Expr<'i32'>;
  /** Calls `body` for each line of elements that lie side by side, from `position` on. */
  lines(body: Stmt): Stmt;
  /** How many these are. */
  readonly along: Expr<'i32'>;
}

/**
 * Visits all regions of `planes` planes in order; `large` and `small` point at the plane and at the region's own element, which
 * takes `bytes`.
 */
export function overRegions(
  f: FunctionScope,
  all: readonly Local<'i32'>[],
  bytes: number,
  region: (large: Local<'i32'>, small: Local<'i32'>, indices: Local<'i32'>, region: Region) => Stmt,
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
    each: (body) => view.lines(loop(2, seq(body, position.set(i32.add(position, steps[2]!))))),
  };
  /** The regions of dim `d` and of those inside it. */
  const dims = (d: number, table: Arg<'i32'>): Stmt => {
    const entry = entries[d]!;
    const inner =
      d < 2
        ? dims(d + 1, lasts[d]!)
        : seq(region(large, small, indices, view), small.set(i32.add(small, bytes)), indices.set(i32.add(indices, 4)));
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
