import fc from 'fast-check';
import { arange, ArgumentError, IndexError, ones, randn, ShapeError, tensor, type Tensor } from '@q/tensor';
import { expectGradient } from '../gradcheck.js';

const counting = (...shape: number[]): Tensor => arange(shape.reduce((a, b) => a * b, 1)).reshape(shape);

describe('views', () => {
  it('share storage: writing the base shows through, writing the view changes the base', () => {
    const base = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    const view = base.T.slice([null, null, -1], 1);
    base.set_([1, 2], 60);
    expect(view.toArray()).toEqual([60, 5, 4]);
    view.set_([0], -1);
    expect(base.toArray()).toEqual([
      [1, 2, 3],
      [4, 5, -1],
    ]);
  });

  it('are what their names say', () => {
    const x = counting(2, 3, 4);
    expect(x.permute([2, 0, -2]).shape).toEqual([4, 2, 3]);
    expect(x.T.shape).toEqual([4, 3, 2]);
    expect(x.movedim([0, 1], [-1, 0]).shape).toEqual([3, 4, 2]);
    expect(x.movedim(0, 2).strides).toEqual([4, 1, 12]);
    expect(x.flatten({ startDim: 1 }).shape).toEqual([2, 12]);
    expect(x.unflatten(-1, [2, -1]).shape).toEqual([2, 3, 2, 2]);
    expect(x.select(1, -1).toArray()).toEqual([
      [8, 9, 10, 11],
      [20, 21, 22, 23],
    ]);
    expect(x.narrow(2, -2, 1).shape).toEqual([2, 3, 1]);
    expect(x.unfold(2, 3, 1).shape).toEqual([2, 3, 2, 3]);
    expect(x.diagonal({ offset: 1, dim1: 1, dim2: 2 }).toArray()).toEqual([
      [1, 6, 11],
      [13, 18, 23],
    ]);
    expect(ones([1, 3, 1]).squeeze().shape).toEqual([3]);
    expect(ones([1, 3, 1]).squeeze(1).shape).toEqual([1, 3, 1]);
    expect(ones([3, 1]).expand([2, -1, 4]).strides).toEqual([0, 1, 0]);
    expect(x.swapaxes(0, -1).strides).toEqual([1, 4, 12]);
    expect(counting(2, 3).t().toArray()).toEqual([
      [0, 3],
      [1, 4],
      [2, 5],
    ]);
    for (const view of [x.permute([2, 0, 1]), x.unfold(2, 2, 1), x.flip([0, 1]), x.expand([5, 2, 3, 4])])
      expect(view.storage).toBe(x.storage);
  });

  it('view refuses what would need a copy, reshape makes it', () => {
    const x = counting(2, 3).T;
    expect(() => x.view([6])).toThrow(/needs a copy\. Use reshape/);
    expect(x.reshape([6]).toArray()).toEqual([0, 3, 1, 4, 2, 5]);
    expect(x.view([3, 1, -1]).shape).toEqual([3, 1, 2]);
  });

  it('asStrided stays inside the storage', () => {
    const x = counting(6);
    expect(x.asStrided([2, 3], [1, 2]).toArray()).toEqual([
      [0, 2, 4],
      [1, 3, 5],
    ]);
    expect(() => x.asStrided([2, 4], [1, 2])).toThrow(/elements 0 to 7 are outside the storage of 6/);
    expect(() => x.asStrided([2], [-1])).toThrow(ShapeError);
  });
});

describe('pieces', () => {
  it('split, chunk, tensorSplit and unbind cut along a dim', () => {
    const shapes = (pieces: readonly Tensor[]) => pieces.map((piece) => piece.shape[0]);
    const x = counting(7, 2);
    expect(shapes(x.split(3))).toEqual([3, 3, 1]);
    expect(shapes(x.split([2, 0, 5]))).toEqual([2, 0, 5]);
    expect(shapes(x.chunk(4))).toEqual([2, 2, 2, 1]);
    expect(shapes(x.chunk(5))).toEqual([2, 2, 2, 1]);
    expect(shapes(x.tensorSplit(3))).toEqual([3, 2, 2]);
    expect(shapes(x.tensorSplit([1, -2]))).toEqual([1, 4, 2]);
    expect(x.unbind(1).map((column) => column.shape)).toEqual([[7], [7]]);
    expect(() => x.split([3, 3])).toThrow(/\[3, 3\] do not add up to dim 0 of size 7/);
    expect(() => x.chunk(0)).toThrow(ArgumentError);
    expect(() => x.split(0)).toThrow(ShapeError);
  });

  it('gives pieces nobody used a gradient of zero', () => {
    const x = ones([4]).to('float64').clone();
    x.requiresGrad = true;
    x.split([1, 2, 1])[1]!.mul(3).sum().backward();
    expect(x.grad!.toArray()).toEqual([0, 3, 3, 0]);
  });
});

describe('copies', () => {
  it('roll, rot90, repeat, tile', () => {
    expect(counting(5).roll(-2).toArray()).toEqual([2, 3, 4, 0, 1]);
    expect(counting(2, 3).roll([1, 4], [0, 1]).toArray()).toEqual([
      [5, 3, 4],
      [2, 0, 1],
    ]);
    expect(counting(2, 3).roll(1).toArray()).toEqual([
      [5, 0, 1],
      [2, 3, 4],
    ]);
    expect(counting(2, 2).rot90().toArray()).toEqual([
      [1, 3],
      [0, 2],
    ]);
    expect(counting(2, 2).rot90({ k: -1 }).toArray()).toEqual([
      [2, 0],
      [3, 1],
    ]);
    expect(counting(2).repeat([2, 2]).toArray()).toEqual([
      [0, 1, 0, 1],
      [0, 1, 0, 1],
    ]);
    expect(counting(2, 2).tile([2]).toArray()).toEqual([
      [0, 1, 0, 1],
      [2, 3, 2, 3],
    ]);
    expect(counting(2).repeat([0]).shape).toEqual([0]);
    const x = counting(3);
    expect(x.repeat([1]).storage).not.toBe(x.storage);
    expect(() => counting(2, 2).repeat([2])).toThrow(ShapeError);
  });

  it('tril, triu, diag and diagEmbed', () => {
    const x = counting(3, 3);
    expect(x.tril({ diagonal: -1 }).toArray()).toEqual([
      [0, 0, 0],
      [3, 0, 0],
      [6, 7, 0],
    ]);
    expect(x.triu({ diagonal: 1 }).toArray()).toEqual([
      [0, 1, 2],
      [0, 0, 5],
      [0, 0, 0],
    ]);
    expect(x.T.tril().toArray()).toEqual([
      [0, 0, 0],
      [1, 4, 0],
      [2, 5, 8],
    ]);
    expect(ones([2, 2, 2]).tril().sum().item()).toBe(6);
    expect(x.diag({ diagonal: -1 }).toArray()).toEqual([3, 7]);
    expect(counting(2).diag({ diagonal: 1 }).toArray()).toEqual([
      [0, 0, 0],
      [0, 0, 1],
      [0, 0, 0],
    ]);
    expect(counting(2, 2).diagEmbed({ dim1: 0, dim2: 2 }).shape).toEqual([2, 2, 2]);
    expect(x.trace().item()).toBe(12);
    expect(() => counting(3).tril()).toThrow(/tril: wants rank 2/);
  });
});

it('rejects dims, starts and shapes that do not fit, and says what it got', () => {
  const x = counting(2, 3);
  expect(() => x.narrow(1, 2, 2)).toThrow(IndexError);
  expect(() => x.narrow(1, 2, 2)).toThrow(/start 2 and length 2 are out of range for dim 1 of size 3/);
  expect(() => x.select(0, 2)).toThrow(IndexError);
  expect(() => x.transpose(0, 2)).toThrow(/dim 2 is out of range for a tensor of rank 2/);
  expect(() => x.expand([4, 3])).toThrow(/\[2, 3\] cannot be broadcast to \[4, 3\]/);
  expect(() => x.expand([-1, 2, 3])).toThrow(ShapeError);
  expect(() => x.reshape([4, -1])).toThrow(/6 elements do not fit the shape \[4, -1\]/);
  expect(() => x.flatten({ startDim: 1, endDim: 0 })).toThrow(ShapeError);
  expect(() => x.movedim([0, 0], [0, 1])).toThrow(ShapeError);
  expect(() => ones([2, 2, 2]).t()).toThrow(ShapeError);
  expect(() => x.roll([1, 2], [0])).toThrow(ShapeError);
});

describe('0-d and empty tensors', () => {
  it('keep to their shapes', () => {
    const scalar = tensor(3);
    expect(scalar.flatten().shape).toEqual([1]);
    expect(scalar.T.shape).toEqual([]);
    expect(scalar.flip([0]).item()).toBe(3);
    expect(scalar.squeeze().item()).toBe(3);
    expect(scalar.unfold(0, 1, 1).shape).toEqual([1]);
    expect(scalar.repeat([2, 2]).shape).toEqual([2, 2]);
    const empty = ones([0, 3]);
    expect(empty.reshape([3, 0]).shape).toEqual([3, 0]);
    expect(empty.flip([0]).roll(1, 0).T.shape).toEqual([3, 0]);
    expect(empty.split(2).map((piece) => piece.shape)).toEqual([[0, 3]]);
    expect(empty.tril().shape).toEqual([0, 3]);
    expect(() => scalar.unbind()).toThrow(ShapeError);
    expect(() => scalar.slice(0)).toThrow(IndexError);
  });
});

describe('gradients', () => {
  const operations: Record<string, (x: Tensor) => Tensor | readonly Tensor[]> = {
    slice: (x) => x.slice([null, null, -2], null, 1),
    select: (x) => x.select(-1, 0),
    narrow: (x) => x.narrow(0, 1, 2),
    unfold: (x) => x.unfold(0, 2, 1),
    diagonal: (x) => x.diagonal({ offset: -1 }),
    diagEmbed: (x) => x.diagEmbed({ offset: 1 }),
    flip: (x) => x.flip([0, 1]),
    permute: (x) => x.permute([1, -2]),
    expand: (x) => x.unsqueeze(1).expand([-1, 4, -1]),
    repeat: (x) => x.repeat([2, 1, 3]),
    roll: (x) => x.roll([1, 2], [0, 1]),
    rot90: (x) => x.rot90(),
    triangles: (x) => [x.tril(), x.triu({ diagonal: 1 })],
    split: (x) => x.split([2, 1], 0),
    unbind: (x) => x.unbind(1),
    asStrided: (x) => x.asStrided([2, 2], [1, 2], 1),
    viewOfView: (x) => x.T.slice([1, 3]).flip(0).reshape([-1]),
  };
  it.each(Object.keys(operations))('of %s are what differences give, of views too', (name) => {
    expectGradient(operations[name]!, [randn([3, 4])]);
    expectGradient((x) => operations[name]!(x.T), [randn([4, 3])]);
  });

  it('flow twice through a view', () => {
    const x = tensor([1, 2, 3], { dtype: 'float64', requiresGrad: true });
    x.slice([0, 2])
      .mul(x.slice([1, 3]))
      .sum()
      .backward(undefined, { createGraph: true });
    const first = x.grad!;
    x.grad = null;
    first.mul(first).sum().backward();
    // grad = [x1, x0 + x2, x1], and the sum of its squares has the gradient below.
    expect(x.grad!.toArray()).toEqual([8, 8, 8]);
  });
});

it('asStrided undoes any sequence of strides it is given', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }), (shape) => {
      const x = counting(...shape);
      expect(x.T.asStrided(x.shape, x.strides).toArray()).toEqual(x.toArray());
    }),
  );
});

it.each<[string, (x: Tensor) => unknown]>([
  ['reshape', (x) => x.reshape(3 as unknown as number[])],
  ['permute', (x) => x.permute(1 as unknown as number[])],
  ['expand', (x) => x.expand(2 as unknown as number[])],
  ['repeat', (x) => x.repeat(2 as unknown as number[])],
  ['broadcastTo', (x) => x.broadcastTo(2 as unknown as number[])],
])('%s without brackets says where to put them', (name, call) =>
  expect(() => call(counting(2, 3))).toThrow(new RegExp(`${name}: wants an array, got \\d\\. Write ${name}\\(\\[`)),
);
