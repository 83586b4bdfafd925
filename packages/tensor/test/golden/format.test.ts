import { field, mustHave } from './format.js';

describe('field', () => {
  it('is the field of a record or the entry of a list, null included', () => {
    expect(field({ lr: 0.1 }, 'lr')).toBe(0.1);
    expect(field([1, null], 1)).toBeNull();
  });

  it('says what is missing where a file lacks it, and what is there', () => {
    expect(() => field({ x: 1, y: 2 }, 'w')).toThrow("malformed golden file: no 'w' in { x, y }");
    expect(() => field([1, 2], 2)).toThrow("malformed golden file: no '2' in a list of 2");
  });
});

describe('mustHave', () => {
  it('gives the fields by name, and refuses a record that lacks one', () => {
    expect(mustHave({ x: 1, y: 2, z: 3 }, 'x', 'z')).toEqual({ x: 1, z: 3 });
    expect(() => mustHave({ x: 1 }, 'x', 'w')).toThrow("no 'w' in { x }");
  });
});
