import fc from 'fast-check';
import { MemoryError, ShapeError, zeros } from '@q/tensor';
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
