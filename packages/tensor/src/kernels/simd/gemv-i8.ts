import { doWhile, forRange, i32, i32x4, seq, v128, when, type Stmt } from './assembler.js';
import type { Family } from './engine.js';
import type { Bytes } from './gemm-i8.js';

/** Elements per iteration: two vectors of 16-bit integers. */
const STEP = 16;

/**
 * `gemvI8(vector, k, lines, count, stride, out)`: dot products in int32 of `count` lines of bytes, `stride` bytes apart, with a
 * vector of 16-bit integers. A line is read where it lies, so memory is all that it costs.
 */
export const gemvI8Family =
  (bytes: Bytes): Family =>
  ({ module }) => {
    const load8 = bytes === 'signed' ? i32.load8S : i32.load8U;
    const load8x8 = bytes === 'signed' ? v128.load8x8S : v128.load8x8U;
    module.func('gemvI8', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], (f, vector, k, lines, count, stride, out) => {
      const [at, line, x, end, rest] = f.locals('i32', 5);
      const sums = f.locals('v128', 2);
      const total = f.local('i32');
      const step: Stmt = seq(
        ...sums.map((sum, u) => sum.set(i32x4.add(sum, i32x4.dotI16x8(load8x8(line, u * 8), v128.load(x, u * 16))))),
        line.set(i32.add(line, STEP)),
        x.set(i32.add(x, STEP * 2)),
      );
      return seq(
        rest.set(i32.and(k, STEP - 1)),
        forRange(
          at,
          0,
          count,
          1,
          seq(
            line.set(lines),
            x.set(vector),
            ...sums.map((sum) => sum.set(v128.zero)),
            end.set(i32.add(line, i32.sub(k, rest))),
            when(i32.ltU(line, end), doWhile(step, i32.ltU(line, end))),
            sums[0].set(i32x4.add(sums[0], sums[1])),
            total.set([1, 2, 3].reduce((sum, lane) => i32.add(sum, i32x4.lane(sums[0], lane)), i32x4.lane(sums[0], 0))),
            forRange(
              end,
              0,
              rest,
              1,
              seq(
                total.set(i32.add(total, i32.mul(load8(line), i32.load16S(x)))),
                line.set(i32.add(line, 1)),
                x.set(i32.add(x, 2)),
              ),
            ),
            i32.store(out, total),
            out.set(i32.add(out, 4)),
            lines.set(i32.add(lines, stride)),
          ),
        ),
      );
    });
  };
