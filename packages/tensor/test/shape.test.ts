import fc from 'fast-check';
import { cat, MemoryError, ShapeError, zeros } from '@q/tensor';
import { commonShape, checkFits } from '@q/tensor/internal';

describe('commonShape', () => {
  it('aligns shapes at the right and stretches sizes of 1', () => {
    expect(commonShape('add', [3, 1], [4])).toEqual([3, 4]);
    expect(commonShape('add', [], [2, 3])).toEqual([2, 3]);
    expect(commonShape('add', [0, 1], [1, 3], [1])).toEqual([0, 3]);
    expect(commonShape('add', [1], [0])).toEqual([0]);
    expect(commonShape('add')).toEqual([]);
  });

  it('names the operation, the shapes and the dim that does not fit', () => {
    expect(() => commonShape('add', [2, 3], [4])).toThrow(ShapeError);
    expect(() => commonShape('add', [2, 3], [4])).toThrow(
      /add: shapes \[2, 3\] and \[4\] cannot be broadcast together \(dim -1: 3 against 4\)/,
    );
  });

  it('is what a tensor of either shape can be expanded to', () => {
    const shape = fc.array(fc.constantFrom(1, 2), { maxLength: 4 });
    fc.assert(
      fc.property(shape, shape, (a, b) => {
        const common = commonShape('add', a, b);
        expect(commonShape('add', b, a)).toEqual(common);
        expect(zeros(a).broadcastTo(common).shape).toEqual(common);
        expect(zeros(b).broadcastTo(common).shape).toEqual(common);
      }),
    );
  });
});

describe('checkFits', () => {
  it('knows what addresses of 32 bits reach', () => {
    checkFits('f', [2 ** 30], 4);
    expect(() => checkFits('f', [2 ** 30 + 1], 4)).toThrow(MemoryError);
    expect(() => checkFits('f', [2 ** 20, 2 ** 20], 1)).toThrow(
      /^f: shape \[1048576, 1048576\] takes 1099511627776 bytes/,
    );
  });
});

describe('lists of dims', () => {
  const x = zeros([2, 3]);
  // eslint-disable-next-line no-sparse-arrays -- holes are what is refused
  const holes = [, 1] as number[];

  it.each<[string, () => unknown]>([
    ['permute', () => x.permute(holes)],
    ['squeeze', () => x.squeeze(holes)],
    ['flip', () => x.flip(holes)],
    ['sum', () => x.sum(holes)],
  ])('%s refuses holes', (name, call) =>
    expect(call).toThrow(`${name}: wants an array of integers, entry 0 is missing.`),
  );

  it.each<[string, (options: never) => unknown]>([
    ['sum', (options) => x.sum(options)],
    ['argmax', (options) => x.argmax(options)],
    ['cat', (options) => cat([x, x], options)],
  ])('%s says that options come behind dims', (name, call) =>
    expect(() => call({ dim: 1 } as never)).toThrow(new RegExp(`^${name}: .*Options come behind it: ${name}\\(`)),
  );

  it('flip takes several in brackets only', () =>
    expect(() => (x.flip as (...dims: number[]) => unknown).call(x, 0, 1)).toThrow(/flip\(\[0, \.\.\.\]\)/));
});
