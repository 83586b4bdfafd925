import {
  ArgumentError,
  DTypeError,
  ShapeError,
  conv1d,
  conv2d,
  conv3d,
  convInteger,
  convTranspose1d,
  convTranspose2d,
  convTranspose3d,
  fold,
  tensor,
  unfold,
  zeros,
  type DType,
  type Tensor,
} from '@q/tensor';
import fc from 'fast-check';
import { expectGradient, gradientOf } from '../gradcheck.js';

const list = (x: Tensor): number[] => Array.from(x.data, (value) => value + 0);

/** Small whole numbers, whose sums are exact in every dtype. */
const filled = (shape: readonly number[], dtype: DType = 'float64'): Tensor => {
  const count = shape.reduce((product, size) => product * size, 1);
  return tensor(
    Float64Array.from({ length: count }, (_, i) => ((i * 7) % 11) - 5),
    { shape },
  ).to(dtype);
};

interface Geometry {
  readonly size: number[];
  readonly kernel: number[];
  readonly stride: number[];
  readonly padding: number[];
  readonly dilation: number[];
  readonly groups: number;
  readonly batch: number;
  readonly inputs: number;
  readonly outputs: number;
}

const optionsFor = ({ stride, padding, dilation, groups }: Geometry) => ({ stride, padding, dilation, groups });

const geometry = (rank: number): fc.Arbitrary<Geometry> => {
  const per = (min: number, max: number) => fc.array(fc.integer({ min, max }), { minLength: rank, maxLength: rank });
  return fc
    .record({
      size: per(1, rank === 3 ? 4 : 6),
      kernel: per(1, 3),
      stride: per(1, 3),
      padding: per(0, 2),
      dilation: per(1, 2),
      groups: fc.integer({ min: 1, max: 2 }),
      batch: fc.integer({ min: 1, max: 2 }),
      inputs: fc.integer({ min: 1, max: 2 }),
      outputs: fc.integer({ min: 1, max: 2 }),
    })
    .filter(({ size, kernel, padding, dilation }) =>
      size.every((length, d) => length + 2 * padding[d]! > dilation[d]! * (kernel[d]! - 1)),
    );
};

/** The definition: output by output, tap by tap. */
function naive(x: Tensor, weight: Tensor, g: Geometry): number[] {
  const out = g.size.map(
    (length, d) =>
      Math.floor((length + 2 * g.padding[d]! - g.dilation[d]! * (g.kernel[d]! - 1) - 1) / g.stride[d]!) + 1,
  );
  const result: number[] = [];
  const positions = (sizes: readonly number[]): number[][] =>
    sizes.reduce<number[][]>(
      (all, size) => all.flatMap((at) => Array.from({ length: size }, (_, i) => [...at, i])),
      [[]],
    );
  for (let n = 0; n < g.batch; n++)
    for (let o = 0; o < g.outputs * g.groups; o++)
      for (const at of positions(out)) {
        let sum = 0;
        for (let c = 0; c < g.inputs; c++)
          for (const tap of positions(g.kernel)) {
            const from = at.map((i, d) => i * g.stride[d]! - g.padding[d]! + tap[d]! * g.dilation[d]!);
            if (from.some((i, d) => i < 0 || i >= g.size[d]!)) continue;
            const channel = Math.floor(o / g.outputs) * g.inputs + c;
            sum += x.slice(n, channel, ...from).item() * weight.slice(o, c, ...tap).item();
          }
        result.push(sum);
      }
  return result;
}

const convs = [conv1d, conv2d, conv3d];
const transposes = [convTranspose1d, convTranspose2d, convTranspose3d];

const operands = (g: Geometry, dtype?: DType): [Tensor, Tensor] => [
  filled([g.batch, g.inputs * g.groups, ...g.size], dtype),
  filled([g.outputs * g.groups, g.inputs, ...g.kernel], dtype),
];

describe.each([1, 2, 3])('conv%id', (rank) => {
  const conv = convs[rank - 1]!;
  const transpose = transposes[rank - 1]!;

  it('is the sum over taps and channels, for any geometry', () =>
    fc.assert(
      fc.property(geometry(rank), fc.constantFrom<DType>('float32', 'float64'), (g, dtype) => {
        const [x, weight] = operands(g, dtype);
        const y = conv(x, weight, null, optionsFor(g));
        expect(y.dtype).toBe(dtype);
        expect(list(y)).toEqual(naive(x, weight, g));
      }),
      { numRuns: 25 },
    ));

  it('has the gradients of its input, weight and bias', () =>
    fc.assert(
      fc.property(geometry(rank), (g) => {
        const [x, weight] = operands(g);
        const bias = filled([g.outputs * g.groups]);
        expectGradient((a, w, b) => conv(a!, w!, b!, optionsFor(g)), [x, weight, bias]);
      }),
      { numRuns: rank === 3 ? 4 : 10 },
    ));

  it('has the transposed convolution as its adjoint: <conv(x), y> = <x, transposed(y)>', () =>
    fc.assert(
      fc.property(geometry(rank), (g) => {
        const [x, weight] = operands(g);
        const y = conv(x, weight, null, optionsFor(g));
        const other = filled(y.shape);
        const outputPadding = g.size.map((length, d) => {
          const usual =
            (y.shape[d + 2]! - 1) * g.stride[d]! - 2 * g.padding[d]! + g.dilation[d]! * (g.kernel[d]! - 1) + 1;
          return length - usual;
        });
        const { stride, padding, dilation, groups } = g;
        const back = transpose(other, weight, null, { stride, padding, dilation, groups, outputPadding });
        expect(back.shape).toEqual(x.shape);
        expect(back.mul(x).sum().item()).toBeCloseTo(y.mul(other).sum().item(), 8);
        expectGradient(
          (a, w) => transpose(a!, w!, null, { stride, padding, dilation, groups, outputPadding }),
          [other, weight],
        );
      }),
      { numRuns: rank === 3 ? 4 : 10 },
    ));

  it('counts integers exactly, as the floats do', () =>
    fc.assert(
      fc.property(geometry(rank), (g) => {
        const [x, weight] = operands(g);
        const exact = conv(x.sub(3), weight.sub(-2), null, optionsFor(g));
        const counted = convInteger(x.to('int8'), weight.to('int16'), {
          ...optionsFor(g),
          xZeroPoint: 3,
          wZeroPoint: -2,
        });
        expect(counted.dtype).toBe('int32');
        expect(list(counted)).toEqual(list(exact));
      }),
      { numRuns: 25 },
    ));
});

describe('convolutions', () => {
  it('take a sample without batch dim, and views', () => {
    const [x, weight] = [filled([2, 5, 4]), filled([3, 2, 2, 2])];
    const y = conv2d(x, weight);
    expect(y.shape).toEqual([3, 4, 3]);
    expect(list(y)).toEqual(list(conv2d(x.unsqueeze(0), weight)));
    const turned = x.transpose(0, 2).clone().transpose(0, 2);
    const flipped = weight.permute([3, 2, 1, 0]).clone().permute([3, 2, 1, 0]);
    expect(list(conv2d(turned, flipped))).toEqual(list(y));
  });

  it('pad to the same size, the odd zero at the end', () => {
    const x = tensor([[[1, 2, 3, 4]]]);
    expect(conv1d(x, tensor([[[1, 10]]]), null, { padding: 'same' }).toArray()).toEqual([[[21, 32, 43, 4]]]);
    expect(conv1d(x, tensor([[[1, 10, 100]]]), null, { padding: 'same', dilation: 2 }).shape).toEqual([1, 1, 4]);
    expect(conv1d(x, tensor([[[1, 10]]]), null, { padding: 'valid' }).shape).toEqual([1, 1, 3]);
    expect(() => conv1d(x, tensor([[[1, 1]]]), null, { padding: 'same', stride: 2 })).toThrow(/'same' needs stride 1/);
  });

  it('transpose with an output padding of a stride, which only a dilation allows', () =>
    expectGradient(
      (x, weight, bias) => convTranspose2d(x!, weight!, bias!, { stride: [1, 2], dilation: 2, outputPadding: 1 }),
      [filled([1, 2, 3, 4]), filled([2, 3, 2, 1]), filled([3])],
    ));

  it('transposed with such a padding give second derivatives, too', () => {
    const options = { stride: 1, dilation: 2, outputPadding: 1 };
    const spread = (x: Tensor, weight: Tensor): Tensor => convTranspose1d(x, weight, null, options);
    expectGradient(gradientOf(spread as (...inputs: Tensor[]) => Tensor), [filled([1, 1, 5]), filled([1, 1, 3])]);
  });

  it('give second derivatives', () => {
    const [x, weight] = [filled([1, 1, 3, 3]), filled([1, 1, 2, 2])];
    /** The gradient of sum(y^2) by the weight, still in the graph. */
    const gradient = (w: Tensor): Tensor => {
      const y = conv2d(x, w);
      y.mul(y).sum().backward(undefined, { createGraph: true });
      const grad = w.grad!;
      w.grad = null;
      return grad;
    };
    x.requiresGrad = true;
    weight.requiresGrad = true;
    gradient(weight).sum().backward();
    // sum(y^2) is quadratic in the weight, so the gradient changes linearly.
    const moved = weight
      .detach()
      .add(
        tensor([
          [
            [
              [1, 0],
              [0, 0],
            ],
          ],
        ]),
      )
      .detach();
    moved.requiresGrad = true;
    const second = weight.grad!.slice(0, 0, 0, 0).item();
    weight.grad = null;
    expect(second).toBe(gradient(moved).sum().item() - gradient(weight).sum().item());
  });

  it('take an empty batch', () => {
    const weight = filled([3, 2, 2, 2], 'float32');
    weight.requiresGrad = true;
    const y = conv2d(zeros([0, 2, 4, 4]), weight);
    expect(y.shape).toEqual([0, 3, 3, 3]);
    y.sum().backward();
    expect(list(weight.grad!).every((value) => value === 0)).toBe(true);
  });

  it('widen half precision', () => {
    const y = conv1d(tensor([[[1, 2, 3]]], { dtype: 'float16' }), tensor([[[1, 1]]], { dtype: 'float16' }));
    expect([y.dtype, list(y)]).toEqual(['float32', [3, 5]]);
  });

  it('say what does not fit', () => {
    const [x, weight] = [filled([1, 4, 5, 5]), filled([6, 2, 3, 3])];
    expect(() => conv2d(x, weight)).toThrow(
      /conv2d: x \[1, 4, 5, 5\] has 4 channels, weight \[6, 2, 3, 3\] with 1 groups wants 2/,
    );
    expect(() => conv2d(x, filled([5, 2, 3, 3]), null, { groups: 2 })).toThrow(
      /5 output channels do not divide into 2 groups/,
    );
    expect(() => conv2d(x, weight, filled([5]), { groups: 2 })).toThrow(/bias must have shape \[6\], got \[5\]/);
    expect(() => conv2d(x, weight, null, { groups: 2, dilation: 3 })).toThrow(/does not fit the input \[5, 5\]/);
    expect(() => conv2d(x, weight, null, { groups: 0 })).toThrow(ArgumentError);
    expect(() => conv2d(x, weight, null, { stride: 0, groups: 2 })).toThrow(
      /stride must be one integer or 2 of them, at least 1 and below 2\^31, got 0/,
    );
    expect(() => conv2d(x, weight, null, { padding: [1, 1, 1], groups: 2 })).toThrow(ArgumentError);
    expect(() => conv2d(filled([5, 5]), weight)).toThrow(/x must have rank 4 .* or 3/);
    expect(() => conv1d(x, weight)).toThrow(/weight must have rank 3/);
    expect(() => conv2d(x.to('int32'), weight.to('int32'), null, { groups: 2 })).toThrow(DTypeError);
    expect(() => convTranspose2d(x, weight)).toThrow(/has 4 channels, weight \[6, 2, 3, 3\] wants 6/);
    expect(() => convTranspose1d(filled([1, 2, 3]), filled([2, 1, 3]), null, { outputPadding: 1 })).toThrow(
      /outputPadding 1 must be smaller than stride 1 or dilation 1/,
    );
    expect(() => convInteger(x, weight)).toThrow(DTypeError);
    expect(() => convInteger(filled([4, 4], 'int8'), filled([2, 2], 'int8'))).toThrow(ShapeError);
  });
});

describe('unfold', () => {
  it('makes a column of each window', () => {
    const x = tensor([
      [
        [
          [1, 2, 3],
          [4, 5, 6],
        ],
      ],
    ]);
    expect(unfold(x, 2).toArray()).toEqual([
      [
        [1, 2],
        [2, 3],
        [4, 5],
        [5, 6],
      ],
    ]);
    expect(unfold(x, [2, 1], { padding: [0, 1], stride: 2 }).toArray()).toEqual([
      [
        [0, 2, 0],
        [0, 5, 0],
      ],
    ]);
    expect(unfold(x.reshape([1, 2, 3]), 2).shape).toEqual([4, 2]);
  });

  it('multiplies as a convolution does', () => {
    const [x, weight] = [filled([2, 3, 5, 4]), filled([2, 3, 2, 3])];
    const options = { padding: 1, stride: 2 };
    const columns = unfold(x, [2, 3], options);
    const y = conv2d(x, weight, null, options);
    expect(list(weight.reshape([2, 18]).matmul(columns))).toEqual(list(y));
  });

  it('has fold as its adjoint', () => {
    const options = { padding: 1, stride: 2, dilation: 2 };
    const x = filled([2, 2, 5, 6]);
    const columns = unfold(x, 2, options);
    const other = filled(columns.shape);
    const back = fold(other, [5, 6], 2, options);
    expect(back.shape).toEqual(x.shape);
    expect(back.mul(x).sum().item()).toBe(columns.mul(other).sum().item());
    expectGradient((a) => unfold(a!, 2, options), [x]);
    expectGradient((a) => fold(a!, [5, 6], 2, options), [other]);
  });

  it('says what columns fold wants', () => {
    expect(() => fold(filled([1, 4, 5]), [3, 3], 2)).toThrow(/wanted a multiple of 4 rows and 4 columns/);
    expect(() => unfold(filled([1, 1, 2, 2]), 3)).toThrow(ShapeError);
    expect(() => unfold(filled([2, 2]), 1)).toThrow(ShapeError);
  });
});
