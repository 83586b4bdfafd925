import fc from 'fast-check';
import { ArgumentError, DTypeError, enableGrad, ShapeError, tensor, type Tensor } from '@q/tensor';
import { expectGradient } from '../gradcheck.js';
import { distinct, shapes } from './random.js';

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Activations beside their textbook formulas; the tested values keep away from the kinks. */
const activations: readonly (readonly [string, (x: Tensor) => Tensor, (x: number) => number])[] = [
  ['relu', (x) => x.relu(), (x) => Math.max(x, 0)],
  ['relu6', (x) => x.relu6(), (x) => Math.min(Math.max(x, 0), 6)],
  ['sigmoid', (x) => x.sigmoid(), sigmoid],
  ['logsigmoid', (x) => x.logsigmoid(), (x) => Math.log(sigmoid(x))],
  ['silu', (x) => x.silu(), (x) => x * sigmoid(x)],
  ['mish', (x) => x.mish(), (x) => x * Math.tanh(Math.log1p(Math.exp(x)))],
  [
    'gelu tanh',
    (x) => x.gelu({ approximate: 'tanh' }),
    (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  ],
  ['elu', (x) => x.elu({ alpha: 0.7 }), (x) => (x > 0 ? x : 0.7 * (Math.exp(x) - 1))],
  ['selu', (x) => x.selu(), (x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * (Math.exp(x) - 1))],
  ['celu', (x) => x.celu({ alpha: 1.7 }), (x) => (x > 0 ? x : 1.7 * (Math.exp(x / 1.7) - 1))],
  ['celu below 0', (x) => x.celu({ alpha: -0.7 }), (x) => (x > 0 ? x : -0.7 * (Math.exp(x / -0.7) - 1))],
  [
    'softplus',
    (x) => x.softplus({ beta: 2, threshold: 3.1 }),
    (x) => (2 * x > 3.1 ? x : Math.log(1 + Math.exp(2 * x)) / 2),
  ],
  ['softsign', (x) => x.softsign(), (x) => x / (1 + Math.abs(x))],
  ['tanhshrink', (x) => x.tanhshrink(), (x) => x - Math.tanh(x)],
  ['hardtanh', (x) => x.hardtanh({ minVal: -0.5, maxVal: 1.5 }), (x) => Math.min(Math.max(x, -0.5), 1.5)],
  ['hardsigmoid', (x) => x.hardsigmoid(), (x) => Math.min(Math.max(x + 3, 0), 6) / 6],
  ['hardswish', (x) => x.hardswish(), (x) => (x * Math.min(Math.max(x + 3, 0), 6)) / 6],
  ['hardshrink', (x) => x.hardshrink({ lambd: 0.7 }), (x) => (Math.abs(x) <= 0.7 ? 0 : x)],
  ['softshrink', (x) => x.softshrink({ lambd: 0.7 }), (x) => (x > 0.7 ? x - 0.7 : x < -0.7 ? x + 0.7 : 0)],
  ['threshold', (x) => x.threshold(0.3, -2), (x) => (x > 0.3 ? x : -2)],
  ['leakyRelu', (x) => x.leakyRelu({ negativeSlope: 0.2 }), (x) => (x > 0 ? x : 0.2 * x)],
  ['rrelu', (x) => x.rrelu({ lower: 0.1, upper: 0.3 }), (x) => (x > 0 ? x : 0.2 * x)],
];

describe.each(activations)('%s', (_name, f, formula) => {
  it('is its formula, and has the gradient that differences give', () =>
    fc.assert(
      fc.property(shapes(), fc.nat(), (shape, seed) => {
        const x = distinct(shape, seed);
        const y = f(x);
        expect(y.shape).toEqual(x.shape);
        y.data.forEach((v, i) => {
          const expected = formula(x.data[i]!);
          expect(Math.abs(v - expected)).toBeLessThanOrEqual(1e-14 * Math.max(1, Math.abs(expected)));
        });
        expectGradient(f, [x], { tolerance: 1e-5 });
      }),
      { numRuns: 15 },
    ));

  it('keeps NaN', () => expect(f(tensor([NaN])).item()).toBeNaN());
});

describe('gelu', () => {
  it('is x times the normal distribution function', () => {
    const y = tensor([-3, -1, 0, 1, 3], { dtype: 'float64' }).gelu();
    const expected = [-0.0040496940948902, -0.1586552539314571, 0, 0.8413447460685429, 2.9959503059051098];
    y.data.forEach((v, i) => expect(v).toBeCloseTo(expected[i]!, 14));
  });

  it('keeps its relative precision far to the left', () =>
    expect(tensor([-10], { dtype: 'float64' }).gelu().item() / -7.61985302416047e-23).toBeCloseTo(1, 12));

  it('has the gradient that differences give', () => expectGradient((x) => x.gelu(), [distinct([5, 3], 3)]));

  it('knows two approximations only', () =>
    // @ts-expect-error an unknown approximation
    expect(() => tensor([1]).gelu({ approximate: 'erf' })).toThrow(ArgumentError));
});

describe('second derivatives', () => {
  it.each<readonly [string, (x: Tensor) => Tensor]>([
    ['relu', (x) => x.relu()],
    ['sigmoid', (x) => x.sigmoid()],
    ['tanh', (x) => x.tanh()],
    ['silu', (x) => x.silu()],
    ['gelu', (x) => x.gelu()],
    ['mish', (x) => x.mish()],
    ['elu', (x) => x.elu()],
  ])('%s: are what differences of the first give', (_name, f) => {
    const derivative = (at: Tensor): Tensor =>
      enableGrad(() => {
        const x = at.requiresGrad ? at : tensor(at.data, { shape: at.shape, requiresGrad: true });
        f(x).mul(x).sum().backward(undefined, { createGraph: true });
        const { grad } = x;
        x.grad = null;
        return grad!;
      });
    expectGradient(derivative, [distinct([3, 4], 11)]);
  });
});

describe('kinks', () => {
  const gradient = (f: (x: Tensor) => Tensor, at: number[]): unknown => {
    const x = tensor(at, { requiresGrad: true });
    f(x).sum().backward();
    return x.grad!.toArray();
  };

  it('have the gradient that PyTorch gives there', () => {
    expect(gradient((x) => x.relu(), [0, NaN])).toEqual([0, 1]);
    expect(gradient((x) => x.hardtanh(), [-1, 1, 0])).toEqual([0, 0, 1]);
    expect(gradient((x) => x.hardsigmoid(), [-3, 3])).toEqual([0, 0]);
    expect(gradient((x) => x.hardswish(), [-4, 3, 4])).toEqual([0, 1.5, 1]);
    expect(gradient((x) => x.leakyRelu({ negativeSlope: 0.5 }), [0])).toEqual([0.5]);
    expect(gradient((x) => x.threshold(1, 7), [1])).toEqual([0]);
    expect(gradient((x) => x.hardshrink(), [0.5, -0.5, 0.75])).toEqual([0, 0, 1]);
  });

  it('do not make NaN of an infinite branch that was not taken', () => {
    expect(gradient((x) => x.elu(), [1000])).toEqual([1]);
    expect(gradient((x) => x.softplus(), [1000, -1000])).toEqual([1, 0]);
    expect(gradient((x) => x.logsigmoid(), [-1000, 1000])).toEqual([1, 0]);
  });

  it('compare parameters in the precision of the tensor', () =>
    expect(tensor([0.3]).threshold(0.3, -2).item()).toBe(-2));
});

describe('prelu', () => {
  it('has a slope for all, or one for each channel', () => {
    const x = tensor([
      [
        [-1, 2],
        [-3, 4],
      ],
    ]);
    expect(x.prelu(tensor([0.5])).toArray()).toEqual([
      [
        [-0.5, 2],
        [-1.5, 4],
      ],
    ]);
    expect(x.prelu(tensor([0.5, 2])).toArray()).toEqual([
      [
        [-0.5, 2],
        [-6, 4],
      ],
    ]);
  });

  it('has gradients for input and weight', () => {
    expectGradient((x, w) => x.prelu(w), [distinct([2, 3, 2], 5), distinct([3], 1)]);
    expectGradient((x, w) => x.prelu(w), [distinct([4], 5), distinct([1], 1)]);
  });

  it('rejects a weight that is not one per channel', () =>
    expect(() => tensor([[1, 2, 3]]).prelu(tensor([1, 2]))).toThrow(ShapeError));
});

describe('glu', () => {
  it('gates the first half with the second', () => {
    const y = tensor([[1, 2, 0, 0]], { dtype: 'float64' }).glu();
    expect(y.toArray()).toEqual([[0.5, 1]]);
    expectGradient((x) => x.glu({ dim: 0 }), [distinct([4, 3], 2)]);
  });

  it('rejects a dim that cannot be halved', () => expect(() => tensor([1, 2, 3]).glu()).toThrow(/glu: dim 0 of \[3\]/));
});

describe('dtypes and parameters', () => {
  it('keep integers in relu alone', () => {
    expect(tensor([-3, 2], { dtype: 'int8' }).relu().dtype).toBe('int8');
    expect(tensor([-3, 2], { dtype: 'int8' }).sigmoid().dtype).toBe('float32');
    expect(() => tensor([true]).relu()).toThrow(DTypeError);
  });

  it('are checked', () => {
    expect(() => tensor([1]).celu({ alpha: 0 })).toThrow(ArgumentError);
    expect(() => tensor([1]).softshrink({ lambd: -1 })).toThrow(ArgumentError);
    expect(() => tensor([1]).hardtanh({ minVal: 1, maxVal: 1 })).toThrow(ArgumentError);
  });
});

it.each([
  ['elu', 100, (x: Tensor) => x.elu()],
  ['selu', 100, (x: Tensor) => x.selu()],
  ['celu', 5, (x: Tensor) => x.celu({ alpha: 0.01 })],
  ['gelu', 2e19, (x: Tensor) => x.gelu()],
  ['gelu', -2e19, (x: Tensor) => x.gelu()],
] as const)('%s has a second derivative of 0 at %d, where its parts overflow', (_name, at, fn) => {
  const x = tensor([at], { requiresGrad: true });
  fn(x).backward(undefined, { createGraph: true });
  const slope = x.grad!;
  x.grad = null;
  slope.backward();
  expect(Math.abs((x.grad as Tensor | null)!.item())).toBe(0);
});
