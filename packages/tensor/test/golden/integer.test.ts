import * as library from '@q/tensor';
import { integerCase } from './integer.js';

const requantized = (dtype: string, qmin: number, qmax: number, data: number[]) =>
  integerCase(
    {
      name: dtype,
      op: 'requantize',
      args: { zero_point: 1, qmin, qmax, dtype },
      inputs: {
        acc: { shape: [3], dtype: 'int32', data: [-(2 ** 31), 5, 2 ** 30] },
        multiplier: { shape: [], dtype: 'float32', data: [0.5] },
      },
      expected: { output: { shape: [3], dtype, data } },
      tol: 'exact',
    },
    { tensor: library },
  );

describe('integerCase', () => {
  it.each([
    requantized('int8', -128, 127, [-128, 3, 127]),
    requantized('uint8', 0, 255, [0, 3, 255]),
    requantized('int16', -32768, 32767, [-32768, 3, 32767]),
    requantized('int32', -(2 ** 31), 2 ** 31 - 1, [-(2 ** 30) + 1, 3, 2 ** 29 + 1]),
  ])('requantizes to $name', ({ run }) => expect(() => void run()).not.toThrow());
});
