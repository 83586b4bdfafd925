import { copyBytes } from '../../../../src/kernels/simd/elementwise/bytes.js';
import { emitted } from '../emitted.js';

const { memory, functions } = emitted(1, ({ module }) =>
  module.func('copy', ['i32', 'i32', 'i32'], (f, from, to, count) => copyBytes(f, from, to, count)),
);
const bytes = new Uint8Array(memory.buffer);

describe('copyBytes', () => {
  it.each([0, 1, 3])(
    'copies any number of bytes to any address, and no others, from %i bytes behind a word',
    (shift) => {
      const [from, to] = [1024 + shift, 4096 + ((shift * 5) % 16)];
      for (let i = 0; i < 100; i++) bytes[from + i] = 3 * i + 1;
      for (let count = 0; count <= 70; count++) {
        bytes.fill(0, to - 20, to + 100);
        functions.copy!(from, to, count);
        const wanted = Array.from({ length: 120 }, (_, i) =>
          i >= 20 && i < 20 + count ? (3 * (i - 20) + 1) & 255 : 0,
        );
        expect([count, ...bytes.subarray(to - 20, to + 100)]).toEqual([count, ...wanted]);
      }
    },
  );
});
