import fc from 'fast-check';
import { dtypes } from '@q/tensor';
import { isLaneDType, lanes, type Count, type LaneDType } from '../../../../src/kernels/simd/elementwise/lanes.js';
import { emitted } from '../emitted.js';

const all = Object.keys(lanes) as LaneDType[];
const counts = [16, 4, 1] as const;

/** Functions by dtypes and count: elements of one dtype are read as float32 and written as another. */
const moves = Object.fromEntries(
  all.flatMap((from) =>
    all.map((to) => [
      `${from} ${to}`,
      emitted(1, ({ module }) => {
        for (const count of counts)
          module.func(`of${count}`, ['i32', 'i32'], (f, source, target) =>
            lanes[to].write(target, lanes[from].read(f, source, count), count, false),
          );
      }),
    ]),
  ),
);

const [FROM, TO] = [4096, 8192];

/** What becomes of elements that lie `shift` bytes from a whole address, with 20 bytes behind them. */
function moved(from: LaneDType, to: LaneDType, values: readonly number[], count: Count, shift: number) {
  const { memory, functions } = moves[`${from} ${to}`]!;
  const { buffer } = memory;
  const source = new Uint8Array(buffer, FROM + shift, count * dtypes[from].bytes);
  source.set(new Uint8Array(dtypes[from].array.from(values.slice(0, count)).buffer));
  const size = count * dtypes[to].bytes;
  const target = new Uint8Array(buffer, TO + shift, size + 20).fill(77);
  functions[`of${count}`]!(FROM + shift, TO + shift);
  return {
    elements: [...new dtypes[to].array(target.slice(0, size).buffer)],
    behind: [...target.slice(size)],
  };
}

const number = fc.oneof(
  fc.integer({ min: -300, max: 300 }),
  fc.integer({ min: -70_000, max: 70_000 }),
  fc.constantFrom(-0, 2 ** 31, -(2 ** 31), 1e30, -1e30, Infinity, -Infinity),
);
const values = fc.array(number, { minLength: 16, maxLength: 16 });

describe('lanes', () => {
  it.each(all)(
    'read %s and write every dtype: integers that fit as they are, others at the limits, no byte beside them',
    (from) =>
      fc.assert(
        fc.property(
          values,
          fc.constantFrom(...all),
          fc.constantFrom<Count[]>(...counts),
          fc.nat(7),
          (list, to, count, shift) => {
            const { min, max } = dtypes[from];
            const elements = list.map((value) =>
              from === 'float32' ? value : Math.min(Math.max(value, min), max) + 0,
            );
            const wanted = elements.slice(0, count).map((value) => {
              const single = Math.fround(value);
              return to === 'float32' ? single : Math.min(Math.max(single, dtypes[to].min), dtypes[to].max) + 0;
            });
            expect(moved(from, to, elements, count, shift)).toEqual({
              elements: wanted,
              behind: new Array(20).fill(77),
            });
          },
        ),
      ),
  );

  it.each(['int8', 'uint8', 'int16', 'int32'] as const)('write NaN as 0 of %s', (to) => {
    for (const count of counts)
      expect(moved('float32', to, new Array(16).fill(NaN), count, 0).elements).toEqual(new Array(count).fill(0));
  });

  it('know their dtypes', () => {
    expect(isLaneDType('int16')).toBe(true);
    expect([isLaneDType('float64'), isLaneDType('bool'), isLaneDType('uint16')]).toEqual([false, false, false]);
  });
});
