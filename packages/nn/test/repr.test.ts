import { fields, float, repr } from '../src/repr.js';

describe('repr', () => {
  it.each([
    [true, 'True'],
    [null, 'None'],
    [3, '3'],
    [0.1, '0.1'],
    [1e-5, '1e-05'],
    [0.0001, '0.0001'],
    [1.5e-12, '1.5e-12'],
    [float(1), '1.0'],
    [float(1e16), '1e+16'],
    [float(-Infinity), '-inf'],
    [NaN, 'nan'],
    [[3], '(3,)'],
    [[3, 2], '(3, 2)'],
    ['same', 'same'],
  ])('prints %p as Python does', (value, text) => expect(repr(value)).toBe(text));

  it('joins fields', () => expect(fields({ kernel_size: [3, 3], bias: false })).toBe('kernel_size=(3, 3), bias=False'));
});
