import type { View } from '../../storage.js';
import type { ConvParts } from '../reference/conv-integer.js';
import {
  doWhile,
  fillBytes,
  forRange,
  i16x8,
  i32,
  i32x4,
  seq,
  v128,
  when,
  type Expr,
  type FunctionScope,
  type Local,
  type Stmt,
} from './assembler.js';
import type { Family, SimdEngine } from './engine.js';
import type { Bytes } from './gemm-i8.js';

/** Bytes of a segment in memory. */
const SEGMENT_BYTES = 16;

/** Copies `count` bytes, in words as wide as there are bytes; the last word may overlap the one before. */
function copyBytes(f: FunctionScope, from: Local<'i32'>, to: Local<'i32'>, count: Local<'i32'>): Stmt {
  const [i, last] = f.locals('i32', 2);
  const words = (width: number, move: (offset: Expr<'i32'>) => Stmt): Stmt =>
    seq(last.set(i32.sub(count, width)), forRange(i, 0, last, width, move(i)), move(last));
  const at = (base: Local<'i32'>, offset: Expr<'i32'>): Expr<'i32'> => i32.add(base, offset);
  return when(
    i32.geU(count, 16),
    words(16, (offset) => v128.store(at(to, offset), v128.load(at(from, offset)))),
    when(
      i32.geU(count, 4),
      words(4, (offset) => i32.store(at(to, offset), i32.load(at(from, offset)))),
      forRange(i, 0, count, 1, i32.store8(at(to, i), i32.load8U(at(from, i)))),
    ),
  );
}

/** `fill(at, value, count)` of bytes; `unfold(list, end, from, to, length, step)`: one plane of bytes to its columns, see `segments`. */
const unfoldFamily: Family = ({ module }) => {
  module.func('fill', ['i32', 'i32', 'i32'], (_f, at, value, count) => fillBytes(at, value, count));
  module.func('unfold', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], (f, list, end, from, to, length, step) => {
    const [count, source, target, i] = f.locals('i32', 4);
    const strided = forRange(
      i,
      0,
      count,
      1,
      seq(i32.store8(i32.add(target, i), i32.load8U(source)), source.set(i32.add(source, step))),
    );
    return when(
      i32.ltU(list, end),
      doWhile(
        seq(
          target.set(i32.add(to, i32.add(i32.mul(i32.load(list), length), i32.load(list, 4)))),
          source.set(i32.add(from, i32.load(list, 8))),
          count.set(i32.load(list, 12)),
          when(i32.eq(step, 1), copyBytes(f, source, target, count), strided),
          list.set(i32.add(list, SEGMENT_BYTES)),
        ),
        i32.ltU(list, end),
      ),
    );
  });
};

/** `depthwise(list, end, from, to, weights, step, zero)`: adds one plane of bytes times int32 weights per tap to a plane of int32. */
const depthwiseFamily =
  (bytes: Bytes): Family =>
  ({ module }) => {
    const load8 = bytes === 'signed' ? i32.load8S : i32.load8U;
    const load8x8 = bytes === 'signed' ? v128.load8x8S : v128.load8x8U;
    module.func(
      'depthwise',
      ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
      (f, list, end, from, to, weights, step, zero) => {
        const [count, source, target, weight, i, whole] = f.locals('i32', 6);
        const [factor, centre, x] = f.locals('v128', 3);
        const eight = seq(
          x.set(i16x8.sub(load8x8(source), centre)),
          v128.store(target, i32x4.add(v128.load(target), i32x4.extmulLowI16x8(x, factor))),
          v128.store(target, i32x4.add(v128.load(target, 16), i32x4.extmulHighI16x8(x, factor)), 16),
          source.set(i32.add(source, 8)),
          target.set(i32.add(target, 32)),
        );
        const one = seq(
          i32.store(target, i32.add(i32.load(target), i32.mul(weight, i32.sub(load8(source), zero)))),
          source.set(i32.add(source, step)),
          target.set(i32.add(target, 4)),
        );
        return seq(
          centre.set(i16x8.splat(zero)),
          when(
            i32.ltU(list, end),
            doWhile(
              seq(
                weight.set(i32.load(i32.add(weights, i32.shl(i32.load(list), 2)))),
                factor.set(i16x8.splat(weight)),
                target.set(i32.add(to, i32.shl(i32.load(list, 4), 2))),
                source.set(i32.add(from, i32.load(list, 8))),
                count.set(i32.load(list, 12)),
                whole.set(0),
                when(i32.eq(step, 1), seq(whole.set(i32.and(count, -8)), forRange(i, 0, whole, 8, eight))),
                forRange(i, whole, count, 1, one),
                list.set(i32.add(list, SEGMENT_BYTES)),
              ),
              i32.ltU(list, end),
            ),
          ),
        );
      },
    );
  };

const depthwiseFamilies = { int8: depthwiseFamily('signed'), uint8: depthwiseFamily('unsigned') };

const isByte = (dtype: string): dtype is 'int8' | 'uint8' => dtype === 'int8' || dtype === 'uint8';

/** The loops of integer convolutions on bytes; everything else goes to `fallback`. */
export function simdConvParts(
  engine: SimdEngine,
  fallback: Omit<ConvParts, 'matmulInteger'>,
): Omit<ConvParts, 'matmulInteger'> {
  const { memory } = engine;

  /** Integers in scratch memory. */
  function placed(values: ArrayLike<number>): number {
    const at = memory.scratch(Math.max(4, values.length * 4));
    memory.heap('int32').set(values, at / 4);
    return at;
  }

  const source = (view: View): number => view.storage.pointer(memory, view.layout) + view.layout.offset;

  return {
    fillAll(to, value) {
      memory.beginKernel();
      try {
        const target = isByte(to.storage.dtype) ? to.storage.writePointer(memory, to.layout) : null;
        if (target === null) fallback.fillAll(to, value);
        else engine.load(unfoldFamily).fill!(target + to.layout.offset, value, to.layout.numel);
      } finally {
        memory.endKernel();
      }
    },

    unfoldPlanes(planes, x, xAt, plane, count, to, at, rows) {
      const plain = (): void => fallback.unfoldPlanes(planes, x, xAt, plane, count, to, at, rows);
      if (!isByte(x.storage.dtype)) return plain();
      memory.beginKernel();
      try {
        const target = to.storage.writePointer(memory, to.layout);
        if (target === null) return plain();
        const from = source(x) + xAt;
        const list = placed(planes.list);
        const unfold = engine.load(unfoldFamily).unfold!;
        const into = target + to.layout.offset + at;
        const end = list + planes.list.length * 4;
        for (let c = 0; c < count; c++)
          unfold(list, end, from + c * plane, into + c * rows, planes.length, planes.step);
      } finally {
        memory.endKernel();
      }
    },

    depthwise(x, weight, xZero, wZero, y, s) {
      const { dtype } = x.storage;
      const plain = (): void => fallback.depthwise(x, weight, xZero, wZero, y, s);
      if (!isByte(dtype) || !isByte(weight.storage.dtype) || Math.abs(xZero) > 2 ** 14) return plain();
      const filters = s.groups * s.filters;
      const [ws, zs] = [weight.storage.array, wZero.storage.array];
      const [wAt, zAt] = [weight.storage.base + weight.layout.offset, wZero.storage.base + wZero.layout.offset];
      const centred = new Int32Array(filters * s.taps);
      for (let i = 0; i < centred.length; i++)
        centred[i] = ws[wAt + i]! - zs[zAt + Math.floor(i / s.taps) * wZero.layout.strides[0]!]!;
      if (centred.some((value) => Math.abs(value) >= 2 ** 15)) return plain();
      memory.beginKernel();
      try {
        const target = y.storage.writePointer(memory, y.layout);
        if (target === null) return plain();
        const from = source(x);
        const [list, weights] = [placed(s.list), placed(centred)];
        const to = target + y.layout.offset * 4;
        memory.heap('int32').fill(0, to / 4, to / 4 + s.batch * filters * s.length);
        const run = engine.load(depthwiseFamilies[dtype]).depthwise!;
        const end = list + s.list.length * 4;
        for (let n = 0, i = 0; n < s.batch; n++)
          for (let o = 0; o < filters; o++, i++) {
            const plane = n * s.groups + Math.floor(o / s.filters);
            run(list, end, from + plane * s.plane, to + i * s.length * 4, weights + o * s.taps * 4, s.step, xZero);
          }
      } finally {
        memory.endKernel();
      }
    },
  };
}
