import { zeros } from '@q/tensor';
import { isJSONObject, isRecord } from '@q/tensor/internal';

describe('isRecord', () => {
  it('is true for objects of no class, with or without a prototype', () => {
    expect([{}, { a: 1 }, Object.create(null)].map(isRecord)).toEqual([true, true, true]);
  });

  it('is false for arrays, instances of classes, functions and primitives', () => {
    const others = [[], new Map(), new Date(), zeros([1]), () => 0, null, undefined, 1, 'a', Object.create({})];
    expect(others.filter(isRecord)).toEqual([]);
  });
});

describe('isJSONObject', () => {
  it('tells the objects of JSON from its other values', () => {
    expect(JSON.parse('[{}, {"a": 1}, [], null, 1, "a", true]').map(isJSONObject)).toEqual([
      true,
      true,
      ...Array(5).fill(false),
    ]);
  });
});
