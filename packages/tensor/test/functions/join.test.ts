import {
  arange,
  ArgumentError,
  broadcastShapes,
  broadcastTensors,
  cat,
  dstack,
  hstack,
  meshgrid,
  ones,
  randn,
  ShapeError,
  stack,
  tensor,
  vstack,
  zeros,
} from '@q/tensor';
import { expectGradient } from '../gradcheck.js';

describe('cat', () => {
  it('joins along a dim and promotes the dtype', () => {
    const joined = cat([arange(2).to('int8'), tensor([0.5])]);
    expect(joined.toArray()).toEqual([0, 1, 0.5]);
    expect(joined.dtype).toBe('float32');
    expect(cat([ones([2, 1]), zeros([2, 2])], -1).toArray()).toEqual([
      [1, 0, 0],
      [1, 0, 0],
    ]);
    expect(cat([arange(4).reshape([2, 2]).T, arange(2).reshape([1, 2])]).toArray()).toEqual([
      [0, 2],
      [1, 3],
      [0, 1],
    ]);
    expect(cat([tensor([1], { dtype: 'float16' }), tensor([2], { dtype: 'float16' })]).dtype).toBe('float16');
  });

  it('ignores tensors of shape [0], whatever the rank of the others', () => {
    expect(cat([zeros([0]), ones([2, 2])], 1).shape).toEqual([2, 2]);
    expect(cat([zeros([0, 2]), ones([1, 2])]).toArray()).toEqual([[1, 1]]);
    expect(cat([zeros([0]), zeros([0])]).shape).toEqual([0]);
  });

  it('rejects sizes that differ, 0-d tensors and nothing at all', () => {
    expect(() => cat([ones([2, 3]), ones([3, 2])])).toThrow(ShapeError);
    expect(() => cat([ones([2, 3]), ones([3, 2])])).toThrow(/every dim but 0: \[2, 3\] and \[3, 2\]/);
    expect(() => cat([ones([2]), ones([2, 1])])).toThrow(ShapeError);
    expect(() => cat([tensor(1)])).toThrow(/Use stack/);
    expect(() => cat([])).toThrow(ArgumentError);
    expect(() => cat([ones([2])], 1)).toThrow(/dim 1 is out of range/);
  });

  it('has a gradient for every tensor', () => {
    expectGradient((a, b) => cat([a, b.T, a], 1), [randn([2, 3]), randn([1, 2])]);
    expectGradient((a, b) => stack([a, b], -1), [randn([2, 3]), randn([2, 3])]);
  });
});

it('stack, hstack, vstack and dstack', () => {
  const [a, b] = [tensor([1, 2]), tensor([3, 4])];
  expect(stack([a, b], 1).toArray()).toEqual([
    [1, 3],
    [2, 4],
  ]);
  expect(stack([tensor(1), tensor(2)]).toArray()).toEqual([1, 2]);
  expect(hstack([a, b]).toArray()).toEqual([1, 2, 3, 4]);
  expect(hstack([ones([2, 1]), ones([2, 2])]).shape).toEqual([2, 3]);
  expect(vstack([a, b]).toArray()).toEqual([
    [1, 2],
    [3, 4],
  ]);
  expect(dstack([a, b]).toArray()).toEqual([
    [
      [1, 3],
      [2, 4],
    ],
  ]);
  expect(() => stack([a, ones([3])])).toThrow(/\[2\] and \[3\]/);
});

it('meshgrid spans a grid in either order of the dims', () => {
  const [x, y] = [arange(2), arange(3)];
  expect(meshgrid([x, y]).map((grid) => grid.toArray())).toEqual([
    [
      [0, 0, 0],
      [1, 1, 1],
    ],
    [
      [0, 1, 2],
      [0, 1, 2],
    ],
  ]);
  expect(meshgrid([x, y], { indexing: 'xy' }).map((grid) => grid.shape)).toEqual([
    [3, 2],
    [3, 2],
  ]);
  expect(() => meshgrid([ones([2, 2])])).toThrow(ShapeError);
});

it('broadcastTensors stretches without copying', () => {
  const [a, b] = broadcastTensors([ones([2, 1]), ones([3])]);
  expect([a!.shape, a!.strides, b!.strides]).toEqual([
    [2, 3],
    [1, 0],
    [0, 1],
  ]);
  expect(() => broadcastTensors([ones([2]), ones([3])])).toThrow(ShapeError);
});

it('broadcastShapes gives the shape that shapes meet in', () => {
  expect(broadcastShapes([3, 1], [4])).toEqual([3, 4]);
  expect(broadcastShapes()).toEqual([]);
  expect(() => broadcastShapes([2], [3])).toThrow(/^broadcastShapes: shapes \[2\] and \[3\]/);
  expect(() => broadcastShapes([2], ['x'] as never)).toThrow(ShapeError);
});
