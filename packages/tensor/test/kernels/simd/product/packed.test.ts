import fc from 'fast-check';
import { elements, filled, output, simd, viewOf } from '../views.js';

const product = (x: ReturnType<typeof viewOf>, y: ReturnType<typeof viewOf>) => {
  const out = output([1, x.layout.shape[1]!, y.layout.shape[2]!]);
  simd.matmul(x, y, null, out);
  return elements(out);
};

describe('packed operands', () => {
  it('give the same bits in every use, whatever was multiplied in between', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 40 }),
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 2, max: 70 }),
        fc.boolean(),
        (m, k, n, transposed) => {
          fc.pre(m * k * n >= 4096);
          const x = viewOf([1, m, k], {}, false);
          const y = viewOf([1, k, n], { seed: 3, transposed }, false);
          const first = product(x, y);
          expect(product(x, y)).toEqual(first);
          // The same storages seen otherwise.
          product(viewOf([1, n, m], { seed: 4 }, false), x);
          product(viewOf([1, m, n], { seed: 5 }, false), { storage: y.storage, layout: y.layout.transpose(1, 2) });
          expect(product(x, y)).toEqual(first);
          expect(product(x, y)).toEqual(first);
        },
      ),
      { numRuns: 30 },
    ));

  it('are packed anew after a write', () => {
    const x = viewOf([1, 8, 64], {}, false);
    const y = viewOf([1, 64, 32], { seed: 3 }, false);
    for (let i = 0; i < 3; i++) product(x, y);
    y.storage.beginWrite();
    const { array, base } = y.storage;
    array.set(filled(64 * 32, 9, false), base);
    const fresh = product(x, viewOf([1, 64, 32], { seed: 9 }, false));
    for (let i = 0; i < 3; i++) expect(product(x, y)).toEqual(fresh);
  });

  it('are never kept of an array that its owner may write to', () => {
    const x = viewOf([1, 8, 64], {}, false);
    const y = viewOf([1, 64, 32], { seed: 3, exposed: true }, false);
    for (let i = 0; i < 3; i++) product(x, y);
    (y.storage.array as Float32Array).set(filled(64 * 32, 9, false));
    expect(product(x, y)).toEqual(product(x, viewOf([1, 64, 32], { seed: 9 }, false)));
    expect(y.storage.derived).toBeNull();
  });

  it('give their memory back with the tensor', () => {
    const [x, y] = [viewOf([1, 8, 640], {}, false), output([1, 640, 320])];
    for (let i = 0; i < 3; i++) simd.matmul(x, y, null, output([1, 8, 320]));
    const { block } = y.storage.derived!;
    expect(block!.chunk!.size).toBeGreaterThanOrEqual(640 * 320 * 4);
    y.storage.free();
    expect(block!.chunk).toBeNull();
    expect(y.storage.derived).toBeNull();
  });
});
