import fc from 'fast-check';
import { f32x4, seq, v128 } from '../../../../src/kernels/simd/assembler/assembler.js';
import { Lockstep, type Wide } from '../../../../src/kernels/simd/elementwise/lockstep.js';
import { emitted } from '../emitted.js';

const [A, B, OUT] = [4096, 8192, 12288];
const WIDTH = 2;

/** What steps make of two lists of eight numbers, as two vectors each. */
function run(
  steps: (code: Lockstep, a: Wide, b: Wide) => Wide,
): (a: readonly number[], b: readonly number[]) => number[] {
  const { memory, functions } = emitted(1, ({ module, constants }) => {
    module.func('run', [], (f) => {
      const code = new Lockstep(f, constants, false, WIDTH);
      const [a, b] = [A, B].map((at) => code.take(code.vectors((u) => v128.load(at, u * 16)))) as [Wide, Wide];
      const result = steps(code, a, b);
      return seq(code.code, ...result.map((value, u) => v128.store(OUT, value, u * 16)));
    });
  });
  const heap = new Float32Array(memory.buffer);
  return (a, b) => {
    heap.set(a, A / 4);
    heap.set(b, B / 4);
    functions.run!();
    return [...heap.subarray(OUT / 4, OUT / 4 + 4 * WIDTH)];
  };
}

const { fround } = Math;
const eight = fc.array(fc.float({ min: -8, max: 8, noNaN: true }), { minLength: 8, maxLength: 8 });

describe('Lockstep', () => {
  it('takes the steps on every lane of every vector, each rounded to float32', () => {
    const polynomial = run((code, a, b) => code.polynomial(a, [0.5, -2, 3], code.sub(code.mul(b, 0.1), a)));
    fc.assert(
      fc.property(eight, eight, (a, b) => {
        const madd = (x: number, y: number, z: number): number => fround(fround(x * y) + z);
        const wanted = a.map((x, i) => {
          const first = fround(fround(b[i]! * fround(0.1)) - x);
          return [0.5, -2, 3].reduce((sum, coefficient) => madd(sum, x, coefficient), first);
        });
        expect(polynomial(a, b)).toEqual(wanted);
      }),
    );
  });

  it('begins a polynomial with its own first coefficient where nothing comes before', () => {
    const cubic = run((code, a) => code.polynomial(a, [2, -3, 1]));
    const x = [0, 1, -1, 2, -2, 3, 0.5, -0.5];
    expect(cubic(x, x)).toEqual(x.map((value) => (2 * value - 3) * value + 1));
  });

  it('chooses by lanes, keeps NaN of the first operand in extrema, and moves signs alone', () => {
    const a = [NaN, -1, 2, -0, 5, -6, 7, 0];
    const b = [1, NaN, 1, 0, 6, -7, 7, -1];
    expect(run((code, x, y) => code.max(x, y))(a, b)).toEqual([NaN, -1, 2, -0, 6, -6, 7, 0]);
    expect(run((code, x, y) => code.min(x, y))(a, b)).toEqual([NaN, -1, 1, -0, 5, -7, 7, -1]);
    expect(run((code, x, y) => code.choose(code.less(x, y), x, y))(a, b)).toEqual([1, NaN, 1, 0, 5, -7, 7, -1]);
    expect(run((code, x) => code.neg(code.abs(x)))(a, b)).toEqual([NaN, -1, -2, -0, -5, -6, -7, -0]);
  });

  it('takes the common branch where a mask is set in all lanes of a vector, else the rare one for all', () => {
    const branch = run((code, a, b) =>
      code.branch(
        f32x4.lt(a[0]!, b[0]!),
        (inside) => inside.add(a, 100),
        (inside) => inside.add(b, 1000),
      ),
    );
    const [low, high] = [
      [1, 2, 3, 4, 5, 6, 7, 8],
      [2, 3, 4, 5, 0, 0, 0, 0],
    ];
    expect(branch(low, high)).toEqual(low.map((value) => value + 100));
    expect(branch(low, [2, 3, 4, 4, 0, 0, 0, 0])).toEqual([2, 3, 4, 4, 0, 0, 0, 0].map((value) => value + 1000));
  });
});
