import fc from 'fast-check';
import type { Division, Family, SimdEngine } from '../../../../src/kernels/simd/engine/engine.js';
import { divideProduct } from '../../../../src/kernels/simd/product/divided.js';
import { gemmArguments } from '../../../../src/kernels/simd/product/gemm.js';

const family: Family = () => undefined;

/** An engine of which every part is so many grains long; it only keeps what it is asked for. */
function recorded(grains: number) {
  const parts: (readonly number[])[] = [];
  const divisions: Division[] = [];
  const divide: SimdEngine['divide'] = (_family, _name, division, argsOf) => {
    divisions.push(division);
    const step = grains * division.grain;
    for (let start = 0; start < division.count; start += step)
      parts.push(argsOf(start, Math.min(division.count, start + step), parts.length));
  };
  return { engine: { divide } as SimdEngine, parts, divisions };
}

const division = { tile: { rows: 4, columns: 8 }, workspace: 1000, packedColumn: 12, rate: 10, wide: 2 };

describe('divideProduct', () => {
  it('covers every element of the result once, each part with the rows, columns, extras, packed panels and bias that belong to it', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 3 }),
        fc.boolean(),
        fc.boolean(),
        (m, n, grains, isPacked, isBiased) => {
          const { engine, parts } = recorded(grains);
          const call = {
            m,
            n,
            k: 5,
            a: { at: 1000, row: 20, column: 4, extra: 2000 },
            b: { at: 3000, row: 400, column: 4, extra: 4000 },
            c: 100_000,
            cRow: 1024,
            packed: isPacked ? 5000 : 0,
            bias: isBiased ? 6000 : 0,
            relu: true,
          };
          divideProduct(engine, family, 'gemm', call, division);
          const times = new Array<number>(m * n).fill(0);
          for (const part of parts) {
            const [rows, columns] = part as [number, number];
            const c = part[11]!;
            const [row, column] = [Math.floor((c - call.c) / call.cRow), ((c - call.c) % call.cRow) / 4];
            const moved = {
              ...call,
              m: rows,
              n: columns,
              a: { ...call.a, at: 1000 + row * 20, extra: 2000 + row * 4 },
              b: { ...call.b, at: 3000 + column * 4, extra: 4000 + column * 4 },
              c,
              packed: isPacked ? 5000 + column * division.packedColumn : 0,
              bias: isBiased ? 6000 + column * 4 : 0,
            };
            expect(part).toEqual(gemmArguments(moved));
            for (let i = row; i < row + rows; i++) for (let j = column; j < column + columns; j++) times[i * n + j]!++;
          }
          expect(times.every((count) => count === 1)).toBe(true);
        },
      ),
    ));

  it('divides rows, unless there are fewer of them than columns, a few times so where B is packed', () => {
    const countOf = (m: number, n: number, packed: number): number => {
      const { engine, divisions } = recorded(1);
      const operand = { at: 0, row: 4, column: 4 };
      divideProduct(engine, family, 'gemm', { m, n, k: 1, a: operand, b: operand, c: 0, cRow: 4, packed }, division);
      return divisions[0]!.count;
    };
    expect([countOf(9, 8, 0), countOf(8, 9, 0), countOf(8, 9, 64), countOf(8, 17, 64)]).toEqual([9, 9, 8, 17]);
  });
});
