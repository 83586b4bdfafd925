import fc from 'fast-check';
import { matmulInteger, tensor } from '@q/tensor';
import { byBytes } from '../../src/kernels/wide.js';

describe('byBytes', () => {
  it.each([
    ['int16', -32768, 32767],
    ['int32', 0, 65535],
    ['uint8', 0, 255],
  ] as const)('multiplies integers of %s exactly', (dtype, qmin, qmax) =>
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: qmin, max: qmax }), { minLength: 6, maxLength: 6 }),
        fc.array(fc.integer({ min: -128, max: 127 }), { minLength: 6, maxLength: 6 }),
        fc.integer({ min: qmin, max: qmax }),
        (left, right, zero) => {
          const x = tensor(left, { dtype }).reshape([2, 3]);
          const w = tensor(right, { dtype: 'int8' }).reshape([3, 2]);
          const sums = byBytes(x, qmin, zero, (values, aZeroPoint) => matmulInteger(values, w, { aZeroPoint }));
          const wanted = [0, 1].map((i) =>
            [0, 1].map((j) => [0, 1, 2].reduce((sum, k) => sum + (left[3 * i + k]! - zero) * right[2 * k + j]!, 0)),
          );
          expect(sums.toArray()).toEqual(wanted);
        },
      ),
    ),
  );
});
