import { f32x4, forRange, i32, i32x4, doWhile, seq, v128, when } from '../assembler/assembler.js';
import type { EmittedFunction, Local, Locals, Stmt } from '../assembler/assembler.js';
import { lanes, type Count, type LaneDType } from '../elementwise/lanes.js';
import { Lockstep, type Wide } from '../elementwise/lockstep.js';
import type { Emission, Family } from '../engine/engine.js';
import { familiesOf } from '../engine/families.js';
import { sheetForm } from '../engine/sheet.js';
import type { BytePair } from '../product/gemm-i8.js';
import { rescaled } from '../quantize/requantize.js';
import type { BandProduct } from './band-product.js';
import { emitColumns, type Goal } from './conv-i8.js';

/** What `bands` is told about a convolution, all of it in bytes where nothing else is said; lists by where they begin in the sheet. */
export interface Sheet {
  /** Positions of k: taps of all channels. */
  readonly k: number;
  /** From the image of a sample to the next, and from one of its rows to the next. */
  readonly sample: number;
  readonly pitch: number;
  /** Outputs of a row. */
  readonly width: number;
  /** Whether rows of windows follow one another without a gap. */
  readonly dense: number;
  /** Strides of the input where it is itself the matrix of windows; `row` is 0 where it is not. */
  readonly row: number;
  readonly column: number;
  /** From a filter of the result to the next, and from a sample to the next. */
  readonly yFilter: number;
  readonly ySample: number;
  /** Whether the samples of a filter follow one another in the result. */
  readonly together: number;
  /** Zero points of filters, see `FilterZeros`; `zeros` is 0 where there is no list. */
  readonly factor: number;
  readonly zeros: number;
  /** Where in the workspace windows, and sums, have their place. */
  readonly windows: number;
  readonly sums: number;
  /** Lists: where taps lie, seen from an output; what is done with the sums of each filter; the tasks. */
  readonly taps: number;
  readonly filters: number;
  readonly tasks: number;
}

const sheetFields = sheetForm<keyof Sheet>([
  'k',
  'sample',
  'pitch',
  'width',
  'dense',
  'row',
  'column',
  'yFilter',
  'ySample',
  'together',
  'factor',
  'zeros',
  'windows',
  'sums',
  'taps',
  'filters',
  'tasks',
]);

/** int32 of a filter: what is added to its sums, and multiplier and bias as float32. */
export const FILTER_WORDS = 3;

/** Some rows of some samples, and some filters. */
export interface Task {
  /** Where the windows of the first output begin, and where it is written. */
  readonly from: number;
  readonly to: number;
  readonly samples: number;
  readonly rows: number;
  /** The first filter, and how many. */
  readonly filter: number;
  readonly filters: number;
}

const taskFields = sheetForm<keyof Task>(['from', 'to', 'samples', 'rows', 'filter', 'filters']);

/** Lists that belong to a sheet. */
export interface SheetLists {
  readonly taps: Int32Array;
  readonly filters: Int32Array;
  readonly zeros: Int32Array | null;
  readonly tasks: readonly Task[];
}

/** A sheet as `bands` reads it. */
export function writtenSheet(
  numbers: Omit<Sheet, keyof SheetLists>,
  { taps, filters, zeros, tasks }: SheetLists,
): Int32Array {
  const rows = Int32Array.from(tasks.flatMap((task) => taskFields.words(task)));
  const lists = [taps, filters, rows, zeros ?? new Int32Array(0)];
  const starts: number[] = [];
  let end = sheetFields.bytes / 4;
  for (const { length } of lists) {
    starts.push(end * 4);
    end += length;
  }
  const [tapsAt, filtersAt, tasksAt, zerosAt] = starts as [number, number, number, number];
  const sheet: Sheet = {
    ...numbers,
    taps: tapsAt,
    filters: filtersAt,
    tasks: tasksAt,
    zeros: zeros ? zerosAt : 0,
  };
  const words = new Int32Array(end);
  words.set(sheetFields.words(sheet));
  lists.forEach((list, i) => words.set(list, starts[i]! / 4));
  return words;
}

/**
 * Emits `(rows, n, from, fromRow, filter, to, toRow, low, high, base)`: sums of `rows` filters, `n` of each, as the result: with what is
 * added to them, and put on a grid or as they are. Of a filter the address of its words.
 */
function emitResults({ module, constants, features }: Emission, result: LaneDType, goal: Goal): EmittedFunction {
  const { shift, write } = lanes[result];
  const params = [...new Array<'i32'>(7).fill('i32'), ...new Array<'f32'>(3).fill('f32')];
  return module.func(null, params, (f, ...all) => {
    const [rows, n, from, fromRow, filter, to, toRow] = all as Locals<'i32', 7>;
    const numbers = all.slice(7) as Locals<'f32', 3>;
    const [i, rest, at, place, end] = f.locals('i32', 5);
    const [term, multiplier, bias] = f.locals('v128', 3);
    const limits = f.locals('v128', 3);
    const step = (count: Count): Stmt => {
      const code = new Lockstep(f, constants, features.fused, Math.max(1, count / 4));
      const all = (vector: Local<'v128'>): Wide => code.vectors(() => vector);
      const read = code.vectors((u) => (count === 1 ? v128.load32Zero(at) : v128.load(at, u * 16)));
      const sums = code.step(i32x4.add, read, all(term));
      const [low, high, base] = limits.map(all) as [Wide, Wide, Wide];
      const values =
        goal === 'sums'
          ? sums
          : rescaled(code, code.step(i32x4.toF32x4, sums), all(multiplier), all(bias), [
              low,
              goal === 'clamped' ? high : null,
              base,
            ]);
      return seq(
        code.code,
        write(place, values, count, true),
        at.set(i32.add(at, count * 4)),
        place.set(i32.add(place, count << shift)),
      );
    };
    const blocks = (count: 16 | 4): Stmt =>
      seq(
        end.set(i32.add(at, i32.shl(i32.and(rest, -count), 2))),
        when(i32.ltU(at, end), doWhile(step(count), i32.ltU(at, end))),
        rest.set(i32.and(rest, count - 1)),
      );
    return seq(
      ...limits.map((vector, l) => vector.set(f32x4.splat(numbers[l]!))),
      forRange(
        i,
        0,
        rows,
        1,
        seq(
          ...[term, multiplier, bias].map((vector, w) => vector.set(v128.load32Splat(filter, w * 4))),
          at.set(from),
          place.set(to),
          rest.set(n),
          blocks(16),
          blocks(4),
          when(rest, doWhile(seq(step(1), rest.set(i32.sub(rest, 1))), rest)),
          from.set(i32.add(from, fromRow)),
          to.set(i32.add(to, toRow)),
          filter.set(i32.add(filter, FILTER_WORDS * 4)),
        ),
      ),
    );
  });
}

/**
 * Emits `bands(first, end, sheet, x, weight, y, low, high, base, workspace)`: some tasks of a convolution of bytes. Each one writes its
 * windows as a matrix, multiplies the filters with it, and puts the sums where they belong.
 */
function emitBands(emission: Emission, { emit }: BandProduct, pair: BytePair, result: LaneDType, goal: Goal): void {
  const { module } = emission;
  const [columns, product, results] = [emitColumns(module), emit(module, pair), emitResults(emission, result, goal)];
  const params = [...new Array<'i32'>(6).fill('i32'), ...new Array<'f32'>(3).fill('f32'), 'i32' as const];
  module.func('bands', params, (f, ...all) => {
    const [first, end, sheet, x, weight, y] = all as Locals<'i32', 6>;
    const grid = all.slice(6, 9) as Locals<'f32', 3>;
    const workspace = all[9] as Local<'i32'>;
    const [i, at, s, n, length, k, rows, line] = f.locals('i32', 8);
    const [b, bRow, bColumn, sums, to, zeros, filter] = f.locals('i32', 7);
    const given = (field: keyof Sheet) => sheetFields.read(sheet, field);
    const task = (field: keyof Task) => taskFields.read(at, field);
    const list = (field: keyof Sheet) => i32.add(sheet, given(field));
    const windows = seq(
      bRow.set(n),
      bColumn.set(1),
      rows.set(task('rows')),
      line.set(given('width')),
      // Rows without a gap are one.
      when(given('dense'), seq(rows.set(1), line.set(length))),
      columns(
        b,
        k,
        list('taps'),
        task('samples'),
        given('sample'),
        rows,
        line,
        given('pitch'),
        i32.add(workspace, given('windows')),
      ),
      b.set(i32.add(workspace, given('windows'))),
    );
    const written = (count: Local<'i32'>): Stmt =>
      results(task('filters'), count, sums, i32.shl(n, 2), filter, to, given('yFilter'), ...grid);
    return seq(
      k.set(given('k')),
      sums.set(i32.add(workspace, given('sums'))),
      forRange(
        i,
        first,
        end,
        1,
        seq(
          at.set(i32.add(list('tasks'), i32.mul(i, taskFields.bytes))),
          length.set(i32.mul(task('rows'), given('width'))),
          n.set(i32.mul(task('samples'), length)),
          b.set(i32.add(x, task('from'))),
          bRow.set(given('row')),
          bColumn.set(given('column')),
          when(i32.eqz(bRow), windows),
          zeros.set(0),
          when(given('zeros'), zeros.set(i32.add(list('zeros'), i32.shl(task('filter'), 2)))),
          product(
            task('filters'),
            n,
            k,
            i32.add(weight, i32.mul(task('filter'), k)),
            zeros,
            given('factor'),
            b,
            bRow,
            bColumn,
            sums,
            workspace,
          ),
          filter.set(i32.add(list('filters'), i32.mul(task('filter'), FILTER_WORDS * 4))),
          to.set(i32.add(y, task('to'))),
          when(
            given('together'),
            written(n),
            forRange(
              s,
              0,
              task('samples'),
              1,
              seq(written(length), sums.set(i32.add(sums, i32.shl(length, 2))), to.set(i32.add(to, given('ySample')))),
            ),
          ),
          sums.set(i32.add(workspace, given('sums'))),
        ),
      ),
    );
  });
}

/** Families of `bands` by how bytes are read and what becomes of sums. */
export const bandFamilies = (product: BandProduct): ((pair: BytePair, result: LaneDType, goal: Goal) => Family) =>
  familiesOf((pair, result, goal) => (emission) => emitBands(emission, product, pair, result, goal));
