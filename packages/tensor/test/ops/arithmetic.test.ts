import fc from 'fast-check';
import { ArgumentError, DTypeError, dtypes, ShapeError, tensor, zeros, type DType, type Tensor } from '@q/tensor';
import { expectGradient } from '../gradcheck.js';
import { distinct, restrided, shapes } from './random.js';

type Binary = readonly [string, (a: Tensor, b: Tensor) => Tensor, (a: number, b: number) => number];

/** Smooth where the operands are positive and apart. */
const smooth: readonly Binary[] = [
  ['add', (a, b) => a.add(b), (a, b) => a + b],
  ['add with alpha', (a, b) => a.add(b, { alpha: -2.5 }), (a, b) => a + -2.5 * b],
  ['sub', (a, b) => a.sub(b), (a, b) => a - b],
  ['sub with alpha', (a, b) => a.sub(b, { alpha: 0.5 }), (a, b) => a - 0.5 * b],
  ['rsub', (a, b) => a.rsub(b), (a, b) => b - a],
  ['mul', (a, b) => a.mul(b), (a, b) => a * b],
  ['div', (a, b) => a.div(b), (a, b) => a / b],
  ['rdiv', (a, b) => a.rdiv(b), (a, b) => b / a],
  ['pow', (a, b) => a.pow(b), (a, b) => a ** b],
  ['rpow', (a, b) => a.rpow(b), (a, b) => b ** a],
  ['maximum', (a, b) => a.maximum(b), Math.max],
  ['minimum', (a, b) => a.minimum(b), Math.min],
  ['fmax', (a, b) => a.fmax(b), Math.max],
  ['fmin', (a, b) => a.fmin(b), Math.min],
  ['atan2', (a, b) => a.atan2(b), Math.atan2],
  ['hypot', (a, b) => a.hypot(b), Math.hypot],
  ['copysign', (a, b) => a.copysign(b), (a, b) => Math.abs(a) * Math.sign(b)],
  ['xlogy', (a, b) => a.xlogy(b), (a, b) => a * Math.log(b)],
  ['logaddexp', (a, b) => a.logaddexp(b), (a, b) => Math.log(Math.exp(a) + Math.exp(b))],
  ['logaddexp2', (a, b) => a.logaddexp2(b), (a, b) => Math.log2(2 ** a + 2 ** b)],
];

/** Two tensors that broadcast, of positive values that nowhere tie. */
const pairs = fc
  .record({ shape: shapes(), seed: fc.nat(), stretch: fc.array(fc.boolean(), { maxLength: 3 }) })
  .map(({ shape, seed, stretch }) => {
    const positive = (x: Tensor, shift: number): Tensor => x.div(x.numel + 1).add(1 + shift);
    const other = shape.map((size, d) => (stretch[d] ? 1 : size)).slice(stretch.length % 2);
    return [positive(distinct(shape, seed), 0), positive(distinct(other, seed + 1), 0.00713)] as const;
  });

describe.each(smooth)('%s', (_name, f, exact) => {
  it('broadcasts its operands, whatever their layouts', () =>
    fc.assert(
      fc.property(pairs, ([a, b]) => {
        const y = f(restrided(a), restrided(b));
        const [wide, other] = [a.broadcastTo(y.shape), b.broadcastTo(y.shape)];
        expect(y.shape).toEqual(a.shape);
        y.data.forEach((v, i) => expect(v).toBeCloseTo(exact(wide.data[i]!, other.data[i]!), 12));
      }),
      { numRuns: 20 },
    ));

  it('has the gradients that differences give, summed to the shapes of the operands', () =>
    fc.assert(
      fc.property(pairs, ([a, b]) => expectGradient(f, [a, b], { step: 1e-6, tolerance: 1e-5 })),
      { numRuns: 10 },
    ));
});

describe('broadcasting', () => {
  it('rejects shapes that do not fit, naming the operation', () =>
    expect(() => zeros([2, 3]).add(zeros([2]))).toThrow(/add: shapes \[2, 3\] and \[2\] cannot be broadcast/));

  it('makes nothing of nothing, with zeros as the gradient of what was stretched', () => {
    const other = tensor([1, 2, 3], { requiresGrad: true });
    const y = zeros([0, 3]).mul(other);
    expect(y.shape).toEqual([0, 3]);
    y.sum().backward();
    expect(other.grad!.toArray()).toEqual([0, 0, 0]);
  });
});

describe('integers', () => {
  const ints = (values: readonly number[], dtype: DType): Tensor => tensor([...values], { dtype });

  it('wrap around in every dtype', () =>
    fc.assert(
      fc.property(
        fc.constantFrom<DType>('int8', 'uint8', 'int16', 'uint16', 'int32'),
        fc.integer(),
        fc.integer(),
        (dtype, m, n) => {
          const { array: ArrayType, bytes } = dtypes[dtype];
          const [a, b] = [ArrayType.of(m)[0]!, ArrayType.of(n)[0]!];
          const wrap = (v: bigint): number =>
            Number(dtypes[dtype].min < 0 ? BigInt.asIntN(8 * bytes, v) : BigInt.asUintN(8 * bytes, v));
          const [x, y] = [ints([a], dtype), ints([b], dtype)];
          expect(x.add(y).item()).toBe(wrap(BigInt(a) + BigInt(b)));
          expect(x.sub(y).item()).toBe(wrap(BigInt(a) - BigInt(b)));
          expect(x.mul(y).item()).toBe(wrap(BigInt(a) * BigInt(b)));
          expect(x.pow(5).item()).toBe(wrap(BigInt(a) ** 5n));
          expect(x.add(y, { alpha: 3 }).item()).toBe(wrap(BigInt(a) + 3n * BigInt(b)));
        },
      ),
    ));

  it('divide rounding down or to zero, the remainder with the matching sign', () =>
    fc.assert(
      fc.property(fc.integer(), fc.integer(), (a, b) => {
        fc.pre(b !== 0 && !(a === -(2 ** 31) && b === -1));
        const [x, y] = [ints([a], 'int32'), ints([b], 'int32')];
        const floor = x.floorDivide(y);
        const trunc = x.div(y, { roundingMode: 'trunc' });
        expect([floor.dtype, trunc.dtype]).toEqual(['int32', 'int32']);
        expect(floor.mul(y).add(x.remainder(y)).item()).toBe(a);
        expect(trunc.mul(y).add(x.fmod(y)).item()).toBe(a);
        expect(Math.sign(x.remainder(y).item()) * Math.sign(b)).toBeGreaterThanOrEqual(0);
        expect(Math.sign(x.fmod(y).item()) * Math.sign(a)).toBeGreaterThanOrEqual(0);
      }),
    ));

  it('become float32 in a true division', () => {
    const y = ints([7, -7], 'int8').div(2);
    expect(y.dtype).toBe('float32');
    expect(y.toArray()).toEqual([3.5, -3.5]);
  });

  it('have no quotient by zero and no negative power', () => {
    const x = ints([1, 2], 'int32');
    for (const f of [() => x.floorDivide(0), () => x.remainder(ints([1, 0], 'int32')), () => x.fmod(0)])
      expect(f).toThrow(ArgumentError);
    expect(() => x.pow(-1)).toThrow(/pow: integers to negative powers/);
    expect(
      ints([2, 1, -1, -1], 'int8')
        .pow(ints([-1, -3, -3, -2], 'int8'))
        .toArray(),
    ).toEqual([0, 1, -1, 1]);
  });

  it('take integer factors only', () => {
    expect(() => ints([1], 'int32').add(ints([1], 'int32'), { alpha: 0.5 })).toThrow(DTypeError);
    expect(() => ints([1], 'int32').sub(1, { alpha: 0.5 })).toThrow(DTypeError);
  });
});

describe('bools', () => {
  const [no, yes] = [tensor([false, true, false, true]), tensor([false, false, true, true])];

  it('add as or and multiply as and', () => {
    expect(no.add(yes).toArray()).toEqual([0, 1, 1, 1]);
    expect(no.add(yes, { alpha: 0 }).toArray()).toEqual([0, 1, 0, 1]);
    expect(no.mul(yes).toArray()).toEqual([0, 0, 0, 1]);
    expect(no.add(yes).dtype).toBe('bool');
  });

  it('do not subtract, divide with a rest, or have powers', () => {
    for (const f of [
      () => no.sub(yes),
      () => tensor([1]).sub(true),
      () => no.rsub(1),
      () => no.pow(yes),
      () => no.remainder(yes),
    ])
      expect(f).toThrow(DTypeError);
    expect(no.div(true).dtype).toBe('float32');
  });
});

describe('float division', () => {
  it('rounds and has a rest as Python does', () => {
    const x = tensor([5.5, -5.5, 1, -1, 0.3], { dtype: 'float64' });
    const y = tensor([2, 2, 0, 0, 0.1], { dtype: 'float64' });
    expect(x.floorDivide(y).toArray()).toEqual([2, -3, Infinity, -Infinity, 2]);
    expect(x.div(y, { roundingMode: 'trunc' }).toArray()).toEqual([2, -2, Infinity, -Infinity, 2]);
    expect(Array.from(x.remainder(y).data).slice(0, 4)).toEqual([1.5, 0.5, NaN, NaN]);
    expect(Array.from(x.fmod(y).data).slice(0, 4)).toEqual([1.5, -1.5, NaN, NaN]);
  });

  it('has gradient zero where it rounds, and a gradient of the rest', () => {
    const x = tensor([5.5, -5.5], { dtype: 'float64', requiresGrad: true });
    x.floorDivide(2).sum().backward();
    expect(x.grad!.toArray()).toEqual([0, 0]);
    expectGradient((a, b) => a.remainder(b), [tensor([5.5, -7.3]), tensor([2.1, 1.7])]);
    expectGradient((a, b) => a.fmod(b), [tensor([5.5, -7.3]), tensor([2.1, 1.7])]);
  });

  it('knows two rounding modes', () =>
    // @ts-expect-error an unknown mode
    expect(() => tensor([1]).div(2, { roundingMode: 'ceil' })).toThrow(ArgumentError));
});

describe('pow', () => {
  it('is 1 wherever C says so', () => {
    expect(
      tensor([1, -1, NaN, 0])
        .pow(tensor([NaN, Infinity, 0, 0]))
        .toArray(),
    ).toEqual([1, 1, 1, 1]);
    expect(tensor([2, -1]).rpow(1).toArray()).toEqual([1, 1]);
  });

  it('has finite gradients at 0', () => {
    const x = tensor([0, 0], { requiresGrad: true });
    const n = tensor([2, 0], { requiresGrad: true });
    x.pow(n).sum().backward();
    expect(x.grad!.toArray()).toEqual([0, 0]);
    expect(n.grad!.toArray()).toEqual([0, 0]);
    const y = tensor([0, 3], { requiresGrad: true });
    y.pow(0).sum().backward();
    expect(y.grad!.toArray()).toEqual([0, 0]);
  });

  it.each([2, 3, 0.5, -0.5, -1, -2, 1, 1.7])('has the gradient that differences give for exponent %d', (n) =>
    expectGradient((x) => x.pow(n), [tensor([0.4, 1.3, 2.6])]),
  );
});

describe('extrema', () => {
  it('propagate NaN, or prefer a number', () => {
    const [a, b] = [tensor([NaN, 1, NaN]), tensor([1, NaN, NaN])];
    expect(a.maximum(b).toArray()).toEqual([NaN, NaN, NaN]);
    expect(a.fmin(b).toArray()).toEqual([1, 1, NaN]);
  });

  it('share the gradient of a tie', () => {
    const a = tensor([1, 2], { requiresGrad: true });
    const b = tensor([1, 1], { requiresGrad: true });
    a.maximum(b).sum().backward();
    expect([a.grad!.toArray(), b.grad!.toArray()]).toEqual([
      [0.5, 1],
      [0.5, 0],
    ]);
  });
});

describe('addcmul, addcdiv and lerp', () => {
  const [x, a, b] = [distinct([2, 3], 1), distinct([3], 2), distinct([2, 1], 3)];

  it('compute in one pass what their formulas say', () => {
    const close = (got: Tensor, wanted: Tensor): void => expect(got.allclose(wanted)).toBe(true);
    close(x.addcmul(a, b, { value: 0.5 }), x.add(a.mul(b).mul(0.5)));
    close(x.addcdiv(a, b, { value: -1.5 }), x.sub(a.div(b).mul(1.5)));
    close(x.lerp(b.add(x), 0.3), x.add(b.mul(0.3)));
    close(x.lerp(a, a), x.add(a.sub(x).mul(a)));
  });

  it('have the gradients that differences give', () => {
    expectGradient((p, q, r) => p.addcmul(q, r, { value: 0.5 }), [x, a, b]);
    expectGradient((p, q, r) => p.addcdiv(q, r, { value: -1.5 }), [x, a, b]);
    expectGradient((p, q, r) => p.lerp(q, r), [x, a, b]);
  });

  it('meet both ends exactly', () => {
    const [start, end] = [tensor([0.1, 1e8]), tensor([0.3, -7.7])];
    expect(start.lerp(end, 0).toArray()).toEqual(start.toArray());
    expect(start.lerp(end, 1).toArray()).toEqual(end.toArray());
  });

  it('are for floats, but for an addcmul of integers', () => {
    const n = tensor([3], { dtype: 'int32' });
    expect(n.addcmul(n, n, { value: 2 }).toArray()).toEqual([21]);
    expect(() => n.addcmul(n, n, { value: 0.5 })).toThrow(DTypeError);
    expect(() => n.addcdiv(n, n)).toThrow(DTypeError);
    expect(() => n.lerp(n, 1)).toThrow(DTypeError);
  });
});

describe('plain numbers', () => {
  it('follow the dtype of the tensor unless they are of a higher kind', () => {
    expect(tensor([1], { dtype: 'int8' }).add(1).dtype).toBe('int8');
    expect(tensor([1], { dtype: 'int8' }).add(0.5).dtype).toBe('float32');
    expect(tensor([1], { dtype: 'float64' }).add(0.1).item()).toBe(1.1);
    expect(tensor([true]).add(1).dtype).toBe('int32');
    expect(tensor([1], { dtype: 'bfloat16' }).mul(2).dtype).toBe('float32');
  });

  it('wrap to the dtype of the tensor, as PyTorch converts them', () =>
    expect(tensor([1, 44, 100], { dtype: 'int8' }).add(300).toArray()).toEqual([45, 88, -112]));

  it('are told from what is no operand', () =>
    // @ts-expect-error not an operand
    expect(() => tensor([1]).add('1')).toThrow(ArgumentError));

  it('make no gradient of their own', () => {
    const x = tensor([2], { requiresGrad: true });
    x.rsub(1).mul(3).rdiv(2).backward();
    expect(x.grad!.item()).toBeCloseTo(2 / 3, 6);
  });
});

describe('errors', () => {
  it('leave nothing half done', () => {
    const x = zeros([2, 3]);
    expect(() => x.add(zeros([4]))).toThrow(ShapeError);
    expect(x.storage.version).toBe(0);
  });
});

it('a number that is 0 in the dtype of the integers it would divide is refused', () => {
  const byte = tensor([5, 7], { dtype: 'uint8' });
  for (const divide of [
    () => byte.remainder(256),
    () => byte.fmod(512),
    () => byte.floorDivide(256),
    () => byte.clone().div_(256, { roundingMode: 'trunc' }),
    () => tensor([5], { dtype: 'int32' }).remainder(2 ** 32),
  ])
    expect(divide).toThrow(/integer division by zero/);
  expect(byte.remainder(255).toArray()).toEqual([5, 7]);
});
