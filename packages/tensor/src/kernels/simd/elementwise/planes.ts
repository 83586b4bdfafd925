import { dtypes } from '../../../dtype.js';
import { memoryOrder } from '../../../layout.js';
import type { View } from '../../../storage.js';
import { merge } from '../../reference/walk.js';
import {
  doWhile,
  f32x4,
  forRange,
  i32,
  seq,
  when,
  type EmittedFunction,
  type Expr,
  type Local,
  type Stmt,
} from '../assembler/assembler.js';
import type { Emission, Family, SimdEngine } from '../engine/engine.js';
import { isLaneDType, lanes, type Count, type LaneDType } from './lanes.js';
import { Lockstep, type Wide } from './lockstep.js';
import type { Body } from './rows.js';

/** An operand in memory: a dtype, and whether a row has one element of it for each of its own, or one for all. */
export interface Operand {
  readonly dtype: LaneDType;
  readonly each: boolean;
}

/**
 * Emits a function `(rows, n, [at, stride] of every operand, numbers..., out, stride)`: a function of operands and numbers, in float32, on
 * `rows` > 0 rows of `n` > 0 elements, `stride` bytes apart. The body gets the operands, then the numbers.
 */
export function emitPlane(
  { module, constants, features }: Emission,
  name: string | null,
  operands: readonly Operand[],
  numbers: number,
  result: LaneDType,
  body: Body,
  gives: 'floats' | 'integers',
): EmittedFunction {
  const types = [
    ...(['i32', 'i32'] as const),
    ...operands.flatMap(() => ['i32', 'i32'] as const),
    ...new Array<'f32'>(numbers).fill('f32'),
    ...(['i32', 'i32'] as const),
  ];
  return module.func(name, types, (f, ...all) => {
    const [rows, n] = all as unknown as [Local<'i32'>, Local<'i32'>];
    const places = operands.map((_, i) => [all[2 + 2 * i], all[3 + 2 * i]] as [Local<'i32'>, Local<'i32'>]);
    const given = all.slice(2 + 2 * operands.length, -2) as Local<'f32'>[];
    const [out, outStride] = all.slice(-2) as [Local<'i32'>, Local<'i32'>];
    const [row, rest, to, end] = f.locals('i32', 4);
    const at = operands.map(() => f.local('i32'));
    const shared = operands.map(({ each }) => (each ? null : f.local('v128')));
    const splats = given.map(() => f.local('v128'));

    /** `count` elements: read, computed in lockstep, written. */
    const step = (count: Count): Stmt => {
      const code = new Lockstep(f, constants, features.fused, Math.max(1, count / 4));
      const read = operands.map(({ dtype }, i) => {
        const value = shared[i];
        return value ? code.vectors(() => value) : code.take(lanes[dtype].read(f, at[i]!, count));
      });
      const values = body(code, [...read, ...splats.map((splat): Wide => code.vectors(() => splat))]);
      return seq(
        code.code,
        lanes[result].write(to, values, count, gives === 'integers'),
        ...operands.flatMap(({ dtype, each }, i) =>
          each ? [at[i]!.set(i32.add(at[i]!, count << lanes[dtype].shift))] : [],
        ),
        to.set(i32.add(to, count << lanes[result].shift)),
      );
    };
    const blocks = (count: 16 | 4): Stmt =>
      seq(
        end.set(i32.add(to, i32.shl(i32.and(rest, -count), lanes[result].shift))),
        when(i32.ltU(to, end), doWhile(step(count), i32.ltU(to, end))),
        rest.set(i32.and(rest, count - 1)),
      );
    const oneRow = seq(
      ...at.map((pointer, i) => pointer.set(places[i]![0])),
      ...shared.flatMap((value, i) => (value ? [value.set(lanes[operands[i]!.dtype].read(f, at[i]!, 1)[0]!)] : [])),
      to.set(out),
      rest.set(n),
      blocks(16),
      blocks(4),
      when(rest, doWhile(seq(step(1), rest.set(i32.sub(rest, 1))), rest)),
      ...places.map(([pointer, stride]) => pointer.set(i32.add(pointer, stride))),
      out.set(i32.add(out, outStride)),
    );
    return seq(
      ...splats.map((splat, i) => splat.set(f32x4.splat(given[i] as Expr<'f32'>))),
      forRange(row, 0, rows, 1, oneRow),
    );
  });
}

/** The family of a function for each way in which its operands and its result may look. */
export type PlaneFamilies = (operands: readonly Operand[], result: LaneDType) => Family;

/**
 * Families of one function, with `numbers` numbers behind its operands, each made when it is first needed. The function gives
 * float32 lanes, or int32 ones that fit the result.
 */
export function planeFamilies(numbers: number, body: Body, gives: 'floats' | 'integers' = 'floats'): PlaneFamilies {
  const made = new Map<string, Family>();
  return (operands, result) => {
    const key = operands.reduce((text, { dtype, each }) => `${text} ${dtype} ${each}`, result as string);
    let family = made.get(key);
    if (!family) {
      family = (emission) => {
        emitPlane(emission, 'plane', operands, numbers, result, body, gives);
      };
      made.set(key, family);
    }
    return family;
  };
}

/** Elements below which an operation is left to the plain loops. */
const FEW = 128;

/** Nanoseconds per element, roughly: what decides whether a plane is worth several threads. */
const WORK = 0.3;

/**
 * Runs a function over views of one shape; false, and nothing is done, where they do not lie so that rows of the output can be
 * told, or there is too little to do. Numbers that are addresses are asked for while storages keep their places.
 */
export function overPlanes(
  engine: SimdEngine,
  inputs: readonly View[],
  out: View,
  families: PlaneFamilies,
  numbers: readonly number[] | (() => readonly number[]) = [],
): boolean {
  const result = out.storage.dtype;
  if (out.layout.numel < FEW || !isLaneDType(result)) return false;
  const views = [...inputs, out];
  const order = out.layout.isContiguous ? null : memoryOrder(out.layout.strides);
  const { sizes, strides } = merge(
    views.map(({ layout }) => layout),
    order,
  );
  const inner = sizes.length - 1;
  if (strides.at(-1)![inner] !== 1) return false;
  const operands: Operand[] = [];
  for (const [i, { storage }] of inputs.entries()) {
    const step = strides[i]![inner]!;
    if (!isLaneDType(storage.dtype) || step < 0 || step > 1) return false;
    operands.push({ dtype: storage.dtype, each: step === 1 });
  }
  const family = families(operands, result);
  const { memory } = engine;
  memory.beginKernel();
  try {
    const target = out.storage.writePointer(memory, out.layout);
    if (target === null) return false;
    const bytes = views.map(({ storage }) => dtypes[storage.dtype].bytes);
    const addresses = views.map(
      ({ storage, layout }, o) =>
        (o < inputs.length ? storage.pointer(memory, layout) : target) + layout.offset * bytes[o]!,
    );
    const given = typeof numbers === 'function' ? numbers() : numbers;
    const rows = inner > 0 ? sizes[inner - 1]! : 1;
    const steps = strides.map((stride, o) => (inner > 0 ? stride[inner - 1]! * bytes[o]! : 0));
    const count = sizes[inner]!;
    /** Rows from `first` to `last`, and of each the elements from `from` to `to`, of the plane at the addresses. */
    const args = (first: number, last: number, from: number, to: number): number[] => {
      const list = [last - first, to - from];
      for (let o = 0; o < views.length; o++) {
        if (o === inputs.length) list.push(...given);
        const along = strides[o]![inner]! * bytes[o]!;
        list.push(addresses[o]! + first * steps[o]! + from * along, steps[o]!);
      }
      return list;
    };
    const work = rows * count * WORK;
    const plane = (): void =>
      rows > 1
        ? engine.divide(family, 'plane', { count: rows, grain: 1, work }, (first, last) => args(first, last, 0, count))
        : engine.divide(family, 'plane', { count, grain: 1024, work }, (from, to) => args(0, 1, from, to));
    const outer = Math.max(0, inner - 1);
    const visit = (d: number): void => {
      if (d === outer) return plane();
      for (let i = 0; i < sizes[d]!; i++) {
        visit(d + 1);
        for (let o = 0; o < views.length; o++) addresses[o]! += strides[o]![d]! * bytes[o]!;
      }
      for (let o = 0; o < views.length; o++) addresses[o]! -= strides[o]![d]! * bytes[o]! * sizes[d]!;
    };
    visit(0);
    return true;
  } finally {
    memory.endKernel();
  }
}
