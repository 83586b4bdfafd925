import { randn, tensor } from '@q/tensor';
import { checksum } from '../../../src/lower/file/checksum.js';

describe('a checksum', () => {
  const x = tensor([1, 2, 3, 4, 5, 6, 7], { dtype: 'int8' });

  it('is of the elements, not of where they lie', () => {
    expect(checksum(['a'], { b: tensor([9, 9]), x })).toBe(checksum(['a'], { x: x.clone(), b: tensor([9, 9]) }));
    expect(checksum([], { x: tensor([0, 1, 2], { dtype: 'int8' }).slice([1, 3]) })).toBe(
      checksum([], { x: tensor([1, 2], { dtype: 'int8' }) }),
    );
  });

  it('changes with every element, name, shape, dtype and text', () => {
    const sums = [
      checksum(['a'], { x }),
      checksum(['b'], { x }),
      checksum(['a'], { y: x }),
      checksum(['a'], { x: x.reshape([7, 1]) }),
      checksum(['a'], { x: x.to('uint8') }),
      ...Array.from({ length: 7 }, (_, i) => {
        const other = x.clone();
        other.data[i]! ^= 1;
        return checksum(['a'], { x: other });
      }),
    ];
    expect(new Set(sums).size).toBe(sums.length);
  });

  it('changes where two signs flip', () => {
    const values = randn([64]);
    const flipped = values.clone();
    for (const i of [3, 40]) flipped.data[i]! *= -1;
    expect(checksum([], { values: flipped })).not.toBe(checksum([], { values }));
  });
});
