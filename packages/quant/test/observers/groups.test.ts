import fc from 'fast-check';
import { tensor, zeros } from '@q/tensor';
import { rowsOf } from '../../src/observers/groups.js';

describe('rowsOf', () => {
  it('puts every element with those of its encoding entry', () =>
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.boolean()), { minLength: 1, maxLength: 4 }),
        fc.nat(3),
        (dims, dropped) => {
          const shape = dims.map(([size]) => size);
          const encoding = dims.map(([size, kept]) => (kept ? size : 1)).slice(Math.min(dropped, dims.length));
          const count = shape.reduce((product, size) => product * size, 1);
          const rows = rowsOf(
            'op',
            tensor(
              Float32Array.from({ length: count }, (_, i) => i),
              { shape },
            ),
            encoding,
          );
          const size = rows.shape[1]!;
          expect(rows.numel).toBe(count);
          const entryOf = (element: number): number => {
            let rest = element;
            let stride = count;
            return shape.reduce((entry, length, d) => {
              stride /= length;
              const index = Math.floor(rest / stride);
              rest %= stride;
              const at = encoding[d - (shape.length - encoding.length)] ?? 1;
              return entry * at + (at === 1 ? 0 : index);
            }, 0);
          };
          rows.data.forEach((element, i) => expect(entryOf(element)).toBe(Math.floor(i / size)));
        },
      ),
    ));

  it('copies nothing where the elements lie together already', () => {
    const x = zeros([4, 8]);
    expect(rowsOf('op', x, [4, 1]).storage).toBe(x.storage);
  });

  it('names the operation, both shapes and the rule in its refusal', () =>
    expect(() => rowsOf('Observer', zeros([2, 4]), [3])).toThrow(
      /Observer: an encoding of shape \[3\] does not spread over a tensor of shape \[2, 4\]. Each of its sizes must be 1 or the size of that dim/,
    ));
});
