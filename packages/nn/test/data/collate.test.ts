import { ArgumentError, ones, ShapeError, tensor, zeros, type Tensor } from '@q/tensor';
import { collate } from '@q/nn';

describe('collate', () => {
  it('stacks tensors and typed arrays, keeping their dtype', () => {
    expect(collate([ones([2]), zeros([2])]).toArray()).toEqual([
      [1, 1],
      [0, 0],
    ]);
    const bytes = collate([Uint8Array.of(1, 2), Uint8Array.of(3, 4)]);
    expect([bytes.dtype, bytes.shape]).toEqual(['uint8', [2, 2]]);
  });

  it('makes float32 of numbers, bool of booleans, an array of strings', () => {
    const numbers = collate([1, 2]);
    expect([numbers.dtype, numbers.toArray()]).toEqual(['float32', [1, 2]]);
    const flags = collate([true, false]);
    expect([flags.dtype, flags.toArray()]).toEqual(['bool', [1, 0]]);
    expect(collate(['a', 'b'])).toEqual(['a', 'b']);
  });

  it('follows arrays and records, however deep', () => {
    const batch = collate([
      { x: ones([1]), meta: [1, 'a'] as [number, string] },
      { x: zeros([1]), meta: [2, 'b'] as [number, string] },
    ]);
    const x: Tensor = batch.x;
    const names: string[] = batch.meta[1];
    expect(x.shape).toEqual([2, 1]);
    expect(batch.meta[0].toArray()).toEqual([1, 2]);
    expect(names).toEqual(['a', 'b']);
  });

  it('refuses samples that contain themselves', () => {
    const list: unknown[] = [1];
    list.push(list);
    const record: Record<string, unknown> = { x: 1 };
    record['self'] = record;
    for (const sample of [list, record])
      expect(() => collate<unknown>([sample, sample])).toThrow(/nested deeper than 64 makes no batch/);
  });

  it('refuses records with other keys, whichever sample has more', () => {
    expect(() => collate<unknown>([{ x: 1, y: 2 }, { x: 1 }])).toThrow(
      /the sample has the keys \["x", "y"\] in one sample and \["x"\] in another/,
    );
    expect(() => collate<unknown>([[{ x: 1 }], [{ x: 1, y: 2 }]])).toThrow(/the sample\[0\] has the keys \["x"\]/);
    expect(() => collate<unknown>([{ x: 1 }, { y: 1 }])).toThrow(ArgumentError);
    expect(
      Object.keys(
        collate([
          { x: 1, y: 2 },
          { y: 3, x: 4 },
        ]),
      ),
    ).toEqual(['x', 'y']);
  });

  it('says where samples differ', () => {
    expect(() => collate([{ x: ones([2]) }, { x: ones([3]) }])).toThrow(
      /the sample\.x has shape \[2\] in one sample and \[3\] in another/,
    );
    expect(() => collate([ones([2]), ones([3])])).toThrow(ShapeError);
    expect(() => collate<unknown>([[1, 2], [1]])).toThrow(/the sample has 2 entries in one sample/);
    expect(() => collate<unknown>([[1], ['a']])).toThrow(
      /the sample\[0\] is number in one sample and string in another/,
    );
    expect(() => collate<unknown>([null])).toThrow(/the sample is null, which has no batch/);
    expect(() => collate<unknown>([new Map()])).toThrow(/is Map/);
    expect(() => collate([])).toThrow(ArgumentError);
    expect(collate([tensor(1)]).shape).toEqual([1]);
  });
});
