import type { View } from '../../storage.js';
import { merge } from '../reference/walk.js';
import { doWhile, f32, f32x4, forRange, i32, seq, v128, when, type Expr, type Local, type Stmt } from './assembler.js';
import type { Emission, Kernel, SimdEngine } from './engine.js';
import { Lockstep, type Wide } from './lockstep.js';

/** Rows shorter than this are left to the plain loops: a call into WebAssembly would cost more. */
const SHORT_ROW = 16;

/** Elements below which an operation is left to the plain loops. */
const FEW = 256;

/** Vectors per iteration. */
const UNROLL = 4;

/** How an operand of a row is given: element by element, one element in memory for all, or as a number. */
export type Access = 'vector' | 'scalar' | 'number';

/** The steps of a function of several vectors. */
export type Body = (code: Lockstep, inputs: readonly Wide[]) => Wide;

/** Emits `name(inputs..., out, n)`: the function on every element of a row of `n` > 0 float32. */
export function emitRow(
  { module, constants, features }: Emission,
  name: string,
  accesses: readonly Access[],
  body: Body,
): void {
  const params = [...accesses.map((access) => (access === 'number' ? 'f32' : 'i32')), 'i32', 'i32'] as const;
  module.func(name, params, (f, ...all) => {
    const pointers = all.slice(0, -2) as Local<'i32'>[];
    const [out, n] = all.slice(-2) as [Local<'i32'>, Local<'i32'>];
    const end = f.local('i32');
    const splats = accesses.map((access) => (access === 'vector' ? null : f.local('v128')));
    const moving = pointers.filter((_, i) => accesses[i] === 'vector');
    const advance = (bytes: number): Stmt =>
      seq(...moving.map((pointer) => pointer.set(i32.add(pointer, bytes))), out.set(i32.add(out, bytes)));
    /** `width` vectors: read, computed in lockstep, written. */
    const steps = (
      width: number,
      read: (pointer: Local<'i32'>, u: number) => Expr<'v128'>,
      write: (value: Expr<'v128'>, u: number) => Stmt,
    ): Stmt => {
      const code = new Lockstep(f, constants, features.fused, width);
      const inputs = pointers.map((pointer, i) =>
        Array.from({ length: width }, (_, u) => splats[i] ?? read(pointer, u)),
      );
      const result = body(
        code,
        inputs.map((input) => code.step((x) => x, input)),
      );
      return seq(code.code, ...result.map(write));
    };
    const blocks = (width: number): Stmt =>
      seq(
        end.set(i32.add(out, i32.and(i32.shl(n, 2), -16 * width))),
        when(
          i32.ltU(out, end),
          doWhile(
            seq(
              steps(
                width,
                (pointer, u) => v128.load(pointer, u * 16),
                (value, u) => v128.store(out, value, u * 16),
              ),
              advance(16 * width),
            ),
            i32.ltU(out, end),
          ),
        ),
        n.set(i32.and(n, 4 * width - 1)),
      );
    const single = steps(
      1,
      (pointer) => f32x4.splat(f32.load(pointer)),
      (value) => v128.storeLane32(out, value),
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
      forRange(end, 0, n, 1, seq(single, advance(4))),
    );
  });
}

/** True where every view is float32 and there is enough to do. */
export const worthwhile = (views: readonly View[], count: number): boolean =>
  count >= FEW && views.every((view) => view.storage.dtype === 'float32');

/** Runs `row(addresses, count)` over merged rows; false where some row is short or strided and nothing was done. */
export function overRows(
  engine: SimdEngine,
  inputs: readonly View[],
  out: View,
  rowFor: (steps: readonly number[]) => Kernel | null | undefined,
  numbers: readonly number[] = [],
): boolean {
  const { sizes, strides } = merge([...inputs.map((view) => view.layout), out.layout]);
  const inner = sizes.length - 1;
  const count = sizes[inner]!;
  if (count < SHORT_ROW || strides[strides.length - 1]![inner] !== 1) return false;
  const row = rowFor(strides.slice(0, -1).map((stride) => stride[inner]!));
  if (!row) return false;
  const { memory } = engine;
  memory.beginKernel();
  try {
    const target = out.storage.writePointer(memory, out.layout);
    if (target === null) return false;
    // One array of arguments serves every row: addresses of the inputs, numbers, address of the output, length.
    const args = inputs.map((view) => view.storage.pointer(memory, view.layout) + view.layout.offset * 4);
    args.push(...numbers, target + out.layout.offset * 4, count);
    const places = strides.map((_, o) => (o < inputs.length ? o : o + numbers.length));
    const index = new Array<number>(inner).fill(0);
    for (;;) {
      row(...args);
      let d = inner - 1;
      for (; d >= 0; d--) {
        for (let o = 0; o < places.length; o++) args[places[o]!]! += strides[o]![d]! * 4;
        if (++index[d]! < sizes[d]!) break;
        for (let o = 0; o < places.length; o++) args[places[o]!]! -= strides[o]![d]! * sizes[d]! * 4;
        index[d] = 0;
      }
      if (d < 0) return true;
    }
  } finally {
    memory.endKernel();
  }
}
