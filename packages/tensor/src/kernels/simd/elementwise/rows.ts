import { dtypes } from '../../../dtype.js';
import type { View } from '../../../storage.js';
import { merge } from '../../reference/walk.js';
import {
  doWhile,
  f32,
  f32x4,
  forRange,
  i16x8,
  i32,
  i32x4,
  i8x16,
  seq,
  v128,
  when,
  type EmittedFunction,
  type Expr,
  type Local,
  type ModuleBuilder,
  type Stmt,
} from '../assembler/assembler.js';
import type { Emission, Family, SimdEngine } from '../engine/engine.js';
import { Lockstep, type Wide } from './lockstep.js';

/** Rows shorter than this are left to the plain loops. */
const SHORT_ROW = 4;

/** Elements below which an operation is left to the plain loops. */
export const FEW = 192;

/** Vectors per iteration. */
const UNROLL = 4;

/** How an operand of a row is given: element by element, bool by bool, one element in memory for all, or as a number. */
export type Access = 'vector' | 'mask' | 'scalar' | 'number';

/** The steps of a function of several vectors. */
export type Body = (code: Lockstep, inputs: readonly Wide[]) => Wide;

/** What a function gives: float32, or bools from a mask. */
type Result = 'vector' | 'mask';

/** Four bools in memory as lanes with all bits set or none. */
const maskLanes = (bools: Expr<'v128'>): Expr<'v128'> => i32x4.ne(i32x4.extendLowU(i16x8.extendLowU(bools)), v128.zero);

/** Lanes of up to four masks as bools. */
function bools([first, ...rest]: readonly Expr<'v128'>[]): Expr<'v128'> {
  const [second = first!, third = first!, fourth = second] = rest;
  return i8x16.abs(i8x16.narrowS(i16x8.narrowS(first!, second), i16x8.narrowS(third, fourth)));
}

/** Emits a function of one result. See `emitRows`. */
export const emitRow = (
  emission: Emission,
  name: string,
  accesses: readonly Access[],
  body: Body,
  result: Result = 'vector',
): void => emitRows(emission, name, accesses, [result], (code, inputs) => [body(code, inputs)]);

/**
 * Emits `name(inputs..., outs..., n, count, steps...)`: a function of several results on every element of `count` rows of `n` > 0
 * float32; `steps` are the bytes from one row to the next of the inputs in memory, then of the outputs. Inputs that are numbers
 * come last. An output may lie where an input does. Where a result is a mask, its output is a row of bools.
 */
export function emitRows(
  { module, constants, features }: Emission,
  name: string,
  accesses: readonly Access[],
  results: readonly Result[],
  body: (code: Lockstep, inputs: readonly Wide[]) => readonly Wide[],
): void {
  const types = accesses.map((access): 'f32' | 'i32' => (access === 'number' ? 'f32' : 'i32'));
  const outputs = results.map(() => 'i32' as const);
  const row = module.func(null, [...types, ...outputs, 'i32'], (f, ...all) => {
    const pointers = all.slice(0, accesses.length) as Local<'i32'>[];
    const outs = all.slice(accesses.length, -1) as Local<'i32'>[];
    const n = all.at(-1) as Local<'i32'>;
    const end = f.local('i32');
    const splats = accesses.map((access) => (access === 'vector' || access === 'mask' ? null : f.local('v128')));
    /** The logarithm of the bytes of an element. */
    const shift = (access: Access): number => (access === 'mask' ? 0 : 2);
    const advance = (count: number): Stmt =>
      seq(
        ...pointers.flatMap((pointer, i) =>
          splats[i] ? [] : [pointer.set(i32.add(pointer, count << shift(accesses[i]!)))],
        ),
        ...outs.map((out, i) => out.set(i32.add(out, count << shift(results[i]!)))),
      );
    /** `width` vectors: read, computed in lockstep, written. */
    const steps = (
      width: number,
      read: (pointer: Local<'i32'>, access: Access, u: number) => Expr<'v128'>,
      write: (out: Local<'i32'>, result: Result, values: Wide) => Stmt,
    ): Stmt => {
      const code = new Lockstep(f, constants, features.fused, width);
      const inputs = pointers.map((pointer, i) =>
        Array.from({ length: width }, (_, u) => splats[i] ?? read(pointer, accesses[i]!, u)),
      );
      const values = body(
        code,
        inputs.map((input) => code.step((x) => x, input)),
      );
      return seq(code.code, ...values.map((value, i) => write(outs[i]!, results[i]!, value)));
    };
    const writeVectors = (out: Local<'i32'>, result: Result, values: Wide): Stmt =>
      result === 'vector'
        ? seq(...values.map((value, u) => v128.store(out, value, u * 16)))
        : values.length === 4
          ? v128.store(out, bools(values))
          : v128.storeLane32(out, bools(values));
    const [first] = outs as [Local<'i32'>];
    const blocks = (width: number): Stmt =>
      seq(
        end.set(i32.add(first, i32.shl(i32.and(n, -4 * width), shift(results[0]!)))),
        when(
          i32.ltU(first, end),
          doWhile(
            seq(
              steps(
                width,
                (pointer, access, u) =>
                  access === 'mask' ? maskLanes(v128.load32Zero(pointer, u * 4)) : v128.load(pointer, u * 16),
                writeVectors,
              ),
              advance(4 * width),
            ),
            i32.ltU(first, end),
          ),
        ),
        n.set(i32.and(n, 4 * width - 1)),
      );
    const single = steps(
      1,
      (pointer, access) =>
        access === 'mask' ? maskLanes(i32x4.splat(i32.load8U(pointer))) : f32x4.splat(f32.load(pointer)),
      (out, result, [value]) =>
        result === 'vector' ? v128.storeLane32(out, value!) : i32.store8(out, i32.and(i32x4.lane(value!, 0), 1)),
    );
    return seq(
      ...splats.flatMap((splat, i) => {
        if (!splat) return [];
        const parameter = all[i]!;
        return [
          splat.set(f32x4.splat(parameter.type === 'f32' ? (parameter as Local<'f32'>) : f32.load(pointers[i]!))),
        ];
      }),
      blocks(UNROLL),
      blocks(1),
      forRange(end, 0, n, 1, seq(single, advance(1))),
    );
  });
  emitOverRows(module, name, types, results.length, row);
}

/**
 * Emits `name(inputs..., outs..., n, count, steps...)` of a function `(inputs..., outs..., n)` for one row: it is called for `count` rows,
 * `steps` bytes from one to the next of the inputs in memory and of the outputs. What `overRows` calls.
 */
export function emitOverRows(
  module: ModuleBuilder,
  name: string,
  inputs: readonly ('i32' | 'f32')[],
  outputs: number,
  row: EmittedFunction,
): void {
  const outs = new Array<'i32'>(outputs).fill('i32');
  const inMemory = inputs.filter((type) => type === 'i32');
  module.func(name, [...inputs, ...outs, 'i32', 'i32', ...inMemory, ...outs], (f, ...all) => {
    const pointers = all.slice(0, inputs.length + outputs);
    const [n, count, ...steps] = all.slice(pointers.length) as Local<'i32'>[];
    const moving = pointers.filter(({ type }) => type === 'i32') as Local<'i32'>[];
    const i = f.local('i32');
    return forRange(
      i,
      0,
      count!,
      1,
      seq(row(...pointers, n!), ...moving.map((pointer, o) => pointer.set(i32.add(pointer, steps[o]!)))),
    );
  });
}

/** True where every view is float32 and there is enough to do. */
export const worthwhile = (views: readonly View[], count: number): boolean =>
  count >= FEW && views.every((view) => view.storage.dtype === 'float32');

/** A kernel that `emitRow` emitted. */
export type RowKernel = readonly [family: Family, name: string];

/** Nanoseconds per element, roughly: what decides whether a row is worth several threads. */
const WORK = 0.3;

/** Runs a row kernel over merged rows; false where some row is short or strided and nothing was done. */
export function overRows(
  engine: SimdEngine,
  inputs: readonly View[],
  out: View,
  rowFor: (steps: readonly number[]) => RowKernel | null,
  numbers: readonly number[] = [],
): boolean {
  const { sizes, strides } = merge([...inputs.map((view) => view.layout), out.layout]);
  const inner = sizes.length - 1;
  const count = sizes[inner]!;
  if (count < SHORT_ROW || strides[strides.length - 1]![inner] !== 1) return false;
  const steps = strides.slice(0, -1).map((stride) => stride[inner]!);
  const chosen = rowFor(steps);
  if (!chosen) return false;
  const [family, name] = chosen;
  const { memory } = engine;
  memory.beginKernel();
  try {
    const target = out.storage.writePointer(memory, out.layout);
    if (target === null) return false;
    const bytes = [...inputs, out].map((view) => dtypes[view.storage.dtype].bytes);
    const at = inputs.map((view, o) => view.storage.pointer(memory, view.layout) + view.layout.offset * bytes[o]!);
    at.push(target + out.layout.offset * bytes.at(-1)!);
    const last = at.length - 1;
    /** Positions moved by `count` steps of a dim. */
    const moved = (d: number, by: number): number[] =>
      at.map((address, o) => address + by * strides[o]![d]! * bytes[o]!);
    if (inner === 0) {
      engine.divide(family, name, { count, grain: 1024, work: count * WORK }, (from, to) => {
        const places = moved(0, from);
        return [...places.slice(0, last), ...numbers, places[last]!, to - from, 1];
      });
      return true;
    }
    // The kernel walks the rows of the last two dims; further dims are walked here.
    const outer = inner - 1;
    const rows = sizes[outer]!;
    const jumps = strides.map((stride, o) => stride[outer]! * bytes[o]!);
    const index = new Array<number>(outer).fill(0);
    for (;;) {
      engine.divide(family, name, { count: rows, grain: 1, work: rows * count * WORK }, (from, to) => {
        const places = moved(outer, from);
        return [...places.slice(0, last), ...numbers, places[last]!, count, to - from, ...jumps];
      });
      let d = outer - 1;
      for (; d >= 0; d--) {
        for (let o = 0; o <= last; o++) at[o]! += strides[o]![d]! * bytes[o]!;
        if (++index[d]! < sizes[d]!) break;
        for (let o = 0; o <= last; o++) at[o]! -= strides[o]![d]! * sizes[d]! * bytes[o]!;
        index[d] = 0;
      }
      if (d < 0) return true;
    }
  } finally {
    memory.endKernel();
  }
}
