import {
  ArgumentError,
  DTypeError,
  ShapeError,
  channelShuffle,
  full,
  interpolate,
  pixelShuffle,
  pixelUnshuffle,
  randn,
  tensor,
  type InterpolateMode,
  type Tensor,
} from '@q/tensor';
import fc from 'fast-check';
import { expectGradient } from '../gradcheck.js';

const list = (x: Tensor): number[] => Array.from(x.data);
const ramp = (count: number): Tensor =>
  tensor(
    Float64Array.from({ length: count }, (_, i) => i),
    { shape: [1, 1, count] },
  );
const normal = (shape: number[]): Tensor => randn(shape, { dtype: 'float64' });

const modes: readonly (readonly [InterpolateMode, number])[] = [
  ['nearest', 1],
  ['nearest-exact', 2],
  ['linear', 1],
  ['bilinear', 2],
  ['trilinear', 3],
  ['bicubic', 2],
  ['area', 2],
];

describe('interpolate', () => {
  it.each(modes)('%s keeps a constant, whatever the sizes', (mode, rank) =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 9 }), (size, count) => {
        const x = full([1, 2, ...Array<number>(rank).fill(size)], 1.5, { dtype: 'float64' });
        const y = interpolate(x, { size: count, mode });
        expect(y.shape).toEqual([1, 2, ...Array<number>(rank).fill(count)]);
        list(y).forEach((value) => expect(value).toBeCloseTo(1.5, 12));
      }),
    ),
  );

  it.each(modes)('%s has its adjoint as gradient', (mode, rank) => {
    const shape = [1, 2, ...[3, 2, 2].slice(0, rank)];
    expectGradient((x) => interpolate(x!, { size: [4, 5, 3].slice(0, rank), mode }), [normal(shape)]);
  });

  it('repeats the nearest below, or the one whose pixel covers the centre', () => {
    expect(list(interpolate(ramp(3), { size: 5 }))).toEqual([0, 0, 1, 1, 2]);
    expect(list(interpolate(ramp(3), { size: 5, mode: 'nearest-exact' }))).toEqual([0, 0, 1, 2, 2]);
    expect(list(interpolate(ramp(3), { scaleFactor: 2 }))).toEqual([0, 0, 1, 1, 2, 2]);
    expect(interpolate(tensor([[[1, 2]]], { dtype: 'uint8' }), { size: 4 }).dtype).toBe('uint8');
  });

  it('is linear between centres, or between corners where these are aligned', () => {
    expect(list(interpolate(ramp(2), { size: 4, mode: 'linear' }))).toEqual([0, 0.25, 0.75, 1]);
    expect(list(interpolate(ramp(3), { size: 5, mode: 'linear', alignCorners: true }))).toEqual([0, 0.5, 1, 1.5, 2]);
    expect(list(interpolate(ramp(4), { size: 1, mode: 'linear', alignCorners: true }))).toEqual([0]);
  });

  it('follows the given factor, or the sizes where recomputed', () => {
    const options = { scaleFactor: 1.5, mode: 'linear' } as const;
    const given = list(interpolate(ramp(3), options));
    const recomputed = list(interpolate(ramp(3), { ...options, recomputeScaleFactor: true }));
    expect(given).toHaveLength(4);
    expect(given[3]).toBeCloseTo(3.5 / 1.5 - 0.5, 12);
    expect(recomputed).toEqual(list(interpolate(ramp(3), { size: 4, mode: 'linear' })));
  });

  it('weighs four neighbours by cubic convolution with a = -0.75', () => {
    const at = (hot: number): number => {
      const x = tensor([[[Array.from({ length: 8 }, (_, i) => Number(i === hot))]]]);
      return interpolate(x, { size: [1, 4], mode: 'bicubic' })
        .slice(0, 0, 0, 1)
        .item();
    };
    expect([0, 1, 2, 3, 4, 5].map(at)).toEqual([0, -0.09375, 0.59375, 0.59375, -0.09375, 0]);
  });

  it('reproduces a line by antialiased cubic convolution, away from the borders', () => {
    const x = ramp(8).reshape([1, 1, 1, 8]);
    const y = list(interpolate(x, { size: [1, 16], mode: 'bicubic', antialias: true }));
    for (let i = 5; i < 11; i++) expect(y[i]).toBeCloseTo((i + 0.5) / 2 - 0.5, 12);
  });

  it('leaves nothing out when shrinking with antialias', () => {
    const x = tensor([[[[1, 0, 0, 0, 0, 0, 0, 0]]]]);
    const options = { size: [1, 2], mode: 'bilinear' } as const;
    expect(list(interpolate(x, options))).toEqual([0, 0]);
    expect(list(interpolate(x, { ...options, antialias: true }))[0]).toBeGreaterThan(0);
    expectGradient((a) => interpolate(a!, { size: [2, 3], mode: 'bicubic', antialias: true }), [normal([1, 1, 5, 6])]);
  });

  it('rejects options that do not go together', () => {
    const x = normal([1, 1, 4, 4]);
    expect(() => interpolate(x, {})).toThrow(/either size or scaleFactor, got neither/);
    expect(() => interpolate(x, { size: 2, scaleFactor: 2 })).toThrow(/got both/);
    expect(() => interpolate(x, { size: 2, mode: 'linear' })).toThrow(
      /mode 'linear' wants x of rank 3, got \[1, 1, 4, 4\]/,
    );
    expect(() => interpolate(x, { size: 2, alignCorners: true })).toThrow(/alignCorners is for/);
    expect(() => interpolate(x, { size: 2, antialias: true })).toThrow(/antialias is for/);
    expect(() => interpolate(x, { size: [2, 2, 2] })).toThrow(ArgumentError);
    expect(() => interpolate(x, { scaleFactor: 0.1 })).toThrow(/must give 2 positive sizes/);
    expect(() => interpolate(x, { size: 2, mode: 'spline' as InterpolateMode })).toThrow(
      /mode must be one of .*, got "spline"/,
    );
    expect(() => interpolate(x.to('int32'), { size: 2, mode: 'bilinear' })).toThrow(DTypeError);
    expect(() => interpolate(normal([4, 4]), { size: 2 })).toThrow(ShapeError);
  });
});

describe('shuffles', () => {
  it('move channels into space and back', () => {
    const x = normal([2, 8, 3, 2]);
    const y = pixelShuffle(x, 2);
    expect(y.shape).toEqual([2, 2, 6, 4]);
    expect(y.slice(0, 0, 1, 0).item()).toBe(x.slice(0, 2, 0, 0).item());
    expect(list(pixelUnshuffle(y, 2))).toEqual(list(x));
    expectGradient((a) => pixelShuffle(a!, 2), [normal([4, 1, 2])]);
    expect(() => pixelShuffle(normal([3, 2, 2]), 2)).toThrow(/c a multiple of 4, got \[3, 2, 2\]/);
    expect(() => pixelUnshuffle(normal([1, 3, 2]), 2)).toThrow(ShapeError);
    expect(() => pixelShuffle(x, 0)).toThrow(ArgumentError);
  });

  it('mix groups of channels', () => {
    const x = tensor([[[0], [1], [2], [3], [4], [5]]]);
    expect(list(channelShuffle(x, 2))).toEqual([0, 3, 1, 4, 2, 5]);
    expect(list(channelShuffle(channelShuffle(x, 2), 3))).toEqual(list(x));
    expect(() => channelShuffle(x, 4)).toThrow(ShapeError);
  });
});
