import { MemoryError, ShapeError } from '@q/tensor';
import { filled } from '../src/fill.js';

it('computes elements in order, once each, across batches, and rounds them to the dtype', () => {
  const asked: number[] = [];
  const count = 65536 + 3;
  const { storage, layout } = filled('f', [count], 'int16', (i) => {
    asked.push(i);
    return i % 1000;
  });
  expect(layout.shape).toEqual([count]);
  expect(asked).toHaveLength(count);
  expect(asked.every((position, i) => position === i)).toBe(true);
  const elements = storage.array.subarray(storage.base, storage.base + count);
  expect([elements[0], elements[999], elements[65535], elements[65536], elements[count - 1]]).toEqual([
    0, 999, 535, 536, 538,
  ]);
  expect(filled('f', [2], 'float16', () => 1 / 3).storage.array[0]).toBe(0x3555);
});

it('has the memory before the first element: a size nobody can have asks for none', () => {
  const never = (): number => {
    throw new Error('asked for an element');
  };
  expect(() => filled('f', [2 ** 31], 'int32', never)).toThrow(MemoryError);
  expect(() => filled('f', [2 ** 20, 2 ** 20], 'int8', never)).toThrow(ShapeError);
  expect(() => filled('f', [1.5], 'int8', never)).toThrow(ShapeError);
  expect(filled('f', [0], 'int8', never).layout.numel).toBe(0);
});
