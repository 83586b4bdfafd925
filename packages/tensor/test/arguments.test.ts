import { ArgumentError, tensor, zeros } from '@q/tensor';
import {
  checkChoice,
  checkFunction,
  checkInteger,
  checkIntegers,
  checkNumber,
  checkOptionalTensor,
  checkOptions,
  checkTensor,
  checkTensors,
  isIntegers,
  isTensor,
  optionsOf,
} from '../src/arguments.js';

const message = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof ArgumentError) return error.message;
    throw error;
  }
  return 'nothing thrown';
};

/** Values that are no tensor, number, function or record. */
const junk = [undefined, null, 'x', Symbol('s'), 10n, true];

describe('checks', () => {
  it('name the operation and the argument, say what they got and the way out', () => {
    expect(message(() => checkTensor('gather', 'index', 3))).toBe(
      'gather: index must be a tensor, got 3. Make one of numbers with tensor().',
    );
    expect(message(() => optionsOf('sum', true as unknown as object, ['dim', 'keepdim'] as never))).toBe(
      'sum: options are one object, got true. Write { name: value } with dim, keepdim.',
    );
    expect(message(() => checkNumber('dropout', 'p', 2, 0, 1))).toBe('dropout: p must be a number from 0 to 1, got 2.');
    expect(message(() => checkInteger('chunk', 'chunks', 1.5, 1))).toBe(
      'chunk: chunks must be an integer of at least 1, got 1.5.',
    );
    expect(message(() => checkInteger('f', 'n', 9, -Infinity, 8))).toBe('f: n must be an integer of at most 8, got 9.');
    expect(message(() => checkChoice('pad', 'mode', 'mirror', ['constant', null]))).toBe(
      'pad: mode must be one of "constant", null, got "mirror".',
    );
    expect(message(() => checkFunction('scope', class {}))).toBe('scope: wants a function, got a class.');
    expect(message(() => checkIntegers('roll', 'shifts', [1, 'x']))).toBe(
      'roll: shifts must be an array of integers, got [1, "x"].',
    );
  });

  it.each(junk)('take %p for nothing else', (value) => {
    for (const check of [
      () => checkTensor('f', 'x', value),
      () => checkTensors('f', { x: zeros([1]), y: value }),
      () => checkNumber('f', 'x', value),
      () => checkInteger('f', 'x', value),
      () => checkIntegers('f', 'x', [value]),
      () => checkFunction('f', value),
      () => checkOptions('f', value),
      () => checkChoice('f', 'x', value, ['a']),
    ])
      expect(check).toThrow(ArgumentError);
  });

  it('say where a tensor of another copy of the library comes from', () => {
    const copy = new (class Tensor {})();
    expect(message(() => checkTensor('matmul', 'a', copy))).toMatch(/of another copy of @q\/tensor/);
    expect(message(() => checkTensor('matmul', 'a', Object.create(null)))).toMatch(/Make one of numbers/);
  });

  it('refuse options that nothing reads, and lists in their place', () => {
    const sum = (options: object): object => optionsOf('sum', options, ['keepdim'] as never);
    expect(message(() => sum({ keepDim: true }))).toBe("sum: there is no option 'keepDim'. Known: keepdim.");
    expect(message(() => sum(JSON.parse('{"__proto__": 1}') as object))).toMatch(/no option '__proto__'/);
    expect(message(() => sum([true]))).toMatch(/options are one object/);
    expect(message(() => sum({ keepdim: 'false' }))).toBe('sum: keepdim must be true or false, got "false".');
    expect(message(() => sum(tensor(1)))).toMatch(/options are one object, got an object of class Tensor/);
  });

  it('let through what is wanted', () => {
    expect(optionsOf('f', { dim: 1 }, ['dim'])).toEqual({ dim: 1 });
    class Layer {
      dim = 1;
      training = true;
    }
    expect(optionsOf<{ dim: number }, ['dim']>('f', new Layer(), ['dim']).dim).toBe(1);
    checkTensors('f', { x: tensor(1) });
    checkOptionalTensor('f', 'x', null);
    checkOptionalTensor('f', 'x', undefined);
    checkNumber('f', 'x', NaN);
    checkNumber('f', 'x', Infinity, 0);
    checkInteger('f', 'x', -0, 0);
    checkFunction('f', () => 1);
    checkFunction('f', function () {});
    checkChoice('f', 'x', null, ['a', null]);
  });

  it('take NaN for no number between bounds', () => expect(() => checkNumber('f', 'x', NaN, 0)).toThrow(ArgumentError));

  it('take holes for no integers', () => {
    expect(isIntegers(Array(2))).toBe(false);
    expect(isIntegers([])).toBe(true);
    expect(isIntegers([0, -1], 0)).toBe(false);
  });

  it('know tensors by their storage', () => {
    expect(isTensor(zeros([2]))).toBe(true);
    expect(isTensor({ shape: [2], dtype: 'float32', storage: {} })).toBe(false);
  });
});
