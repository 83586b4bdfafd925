import { ShapeError } from '@q/tensor';
import { checkBlockSize, checkSpread } from '../src/spread.js';

describe('checkSpread', () => {
  it.each([
    [[], [2, 3]],
    [[3], [2, 3]],
    [
      [2, 1],
      [2, 3],
    ],
    [
      [1, 1],
      [2, 3],
    ],
  ])('lets %j spread over %j', (shape, over) => expect(() => checkSpread('op', shape, over)).not.toThrow());

  it.each([
    [[2], [2, 3]],
    [
      [1, 2, 3],
      [2, 3],
    ],
    [
      [3, 1],
      [2, 3],
    ],
  ])('refuses to spread %j over %j', (shape, over) =>
    expect(() => checkSpread('op', shape, over, 'a mask', 'an image')).toThrow(
      /op: a mask of shape \[.*\] does not spread over an image of shape \[2, 3\]/,
    ),
  );
});

describe('checkBlockSize', () => {
  it('wants a positive size or -1 per dim, or null', () => {
    for (const blockSize of [null, [1, -1], [4, 2]])
      expect(() => checkBlockSize('op', blockSize, [2, 3])).not.toThrow();
    for (const blockSize of [[0, 1], [1], [1.5, 1], [-2, 1], 'x', undefined])
      expect(() => checkBlockSize('op', blockSize, [2, 3])).toThrow(ShapeError);
  });
});
