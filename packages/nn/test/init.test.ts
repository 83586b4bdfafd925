import { ArgumentError, conv1d, conv2d, eye, Generator, randn, ShapeError, zeros, type Tensor } from '@q/tensor';
import { init, Parameter } from '@q/nn';

const generator = (): Generator => new Generator(3);
const numbers = (x: Tensor): number[] => [...x.detach().to('float64').data];
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const deviation = (values: readonly number[]): number => {
  const middle = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
};

describe('initialisers', () => {
  it('eye lets a linear layer pass as many inputs as it can, in any dtype', () => {
    for (const [rows, columns] of [
      [2, 3],
      [3, 2],
      [2, 2],
      [0, 2],
    ] as const)
      // prettier-ignore
      for (const dtype of ['float32', 'float16', 'int32'] as const) {
        const x = zeros([rows, columns], { dtype }).add(7).to(dtype);
        expect(init.eye(x)).toBe(x);
        expect(x.toArray()).toEqual(eye(rows, columns).toArray());
      }
    for (const shape of [[2], [2, 2, 2]]) expect(() => init.eye(zeros(shape))).toThrow(ShapeError);
    expect(init.eye(new Parameter(zeros([2, 2]))).requiresGrad).toBe(true);
  });

  it('dirac lets a convolution pass as many channels as it can', () => {
    const x = randn([2, 3, 5, 7], { generator: generator() });
    const same = conv2d(x, init.dirac(new Parameter(zeros([4, 3, 3, 5]))), null, { padding: 'same' }).detach();
    expect(same.narrow(1, 0, 3).toArray()).toEqual(x.toArray());
    expect(same.select(1, 3).abs().sum().item()).toBe(0);
    const fewer = conv2d(x, init.dirac(zeros([2, 3, 1, 3])), null, { padding: 'same' });
    expect(fewer.toArray()).toEqual(x.narrow(1, 0, 2).toArray());
  });

  it('dirac passes the inputs anew in every group', () => {
    const x = randn([1, 4, 6], { generator: generator() });
    const y = conv1d(x, init.dirac(zeros([4, 2, 3]), { groups: 2 }), null, { padding: 1, groups: 2 });
    expect(y.toArray()).toEqual(x.toArray());
    expect(() => init.dirac(zeros([4, 2, 3]), { groups: 3 })).toThrow(/4 output channels do not divide into 3 groups/);
    for (const groups of [0, 1.5, 'x'])
      expect(() => init.dirac(zeros([4, 2, 3]), { groups: groups as number })).toThrow(ArgumentError);
    for (const shape of [
      [2, 2],
      [1, 1, 1, 1, 1, 1],
    ])
      expect(() => init.dirac(zeros(shape))).toThrow(ShapeError);
  });

  it('fill a parameter in place, repeatably from a generator', () => {
    const a = new Parameter(zeros([40, 50]));
    expect(init.kaimingUniform(a, { a: Math.sqrt(5), generator: generator() })).toBe(a);
    const bound = 1 / Math.sqrt(50);
    expect(Math.max(...numbers(a).map(Math.abs))).toBeLessThanOrEqual(bound);
    expect(Math.max(...numbers(a).map(Math.abs))).toBeGreaterThan(0.98 * bound);
    const b = init.kaimingUniform(zeros([40, 50]), { a: Math.sqrt(5), generator: generator() });
    expect(b.toArray()).toEqual(a.toArray());
  });

  it.each([
    [
      'kaimingNormal, fanOut, relu',
      (x: Tensor) => init.kaimingNormal(x, { mode: 'fanOut', nonlinearity: 'relu', generator: generator() }),
      Math.sqrt(2 / 80),
    ],
    ['xavierNormal', (x: Tensor) => init.xavierNormal(x, { gain: 2, generator: generator() }), 2 * Math.sqrt(2 / 200)],
    ['xavierUniform', (x: Tensor) => init.xavierUniform(x, { generator: generator() }), Math.sqrt(2 / 200)],
    ['normal', (x: Tensor) => init.normal(x, 1, 0.5, { generator: generator() }), 0.5],
  ])('%s has the deviation of its formula', (_, fill, wanted) => {
    const found = deviation(numbers(fill(zeros([80, 120]))));
    expect(Math.abs(found / wanted - 1)).toBeLessThan(0.03);
  });

  it('truncNormal stays inside its bounds', () => {
    const values = numbers(init.truncNormal(zeros([2000]), 0, 1, -0.5, 1, { generator: generator() }));
    expect(Math.min(...values)).toBeGreaterThanOrEqual(-0.5);
    expect(Math.max(...values)).toBeLessThanOrEqual(1);
    expect(() => init.truncNormal(zeros([2]), 0, 1, 30, 31)).toThrow(ArgumentError);
  });

  it.each([
    ['around the mean', -1, 2],
    ['around the mean and narrow', -0.3, 0.2],
    ['in a tail', 2, 6],
    ['far in a tail', 7.5, Infinity],
    ['in the other tail', -4, -3],
    ['in a tail and narrow', 3, 3.01],
  ])('truncNormal %s has the mean of the truncated distribution, soon', (_where, a, b) => {
    const count = 20_000;
    const values = numbers(init.truncNormal(zeros([count]), 5, 2, 5 + 2 * a, 5 + 2 * b, { generator: generator() }));
    // By quadrature, over where the density is not negligible.
    const [low, high] = [Math.max(a, -9), Math.min(b, 9)];
    let [mass, moment, square] = [0, 0, 0];
    for (let i = 0; i < 20_000; i++) {
      const x = low + ((high - low) * (i + 0.5)) / 20_000;
      const density = Math.exp((low > 0 ? low * low : high < 0 ? high * high : 0) / 2 - (x * x) / 2);
      mass += density;
      moment += density * x;
      square += density * x * x;
    }
    const mean = moment / mass;
    const deviation = Math.sqrt(square / mass - mean * mean);
    const found = values.reduce((sum, value) => sum + (value - 5) / 2, 0) / count;
    expect(Math.abs(found - mean)).toBeLessThan((5 * deviation) / Math.sqrt(count) + 1e-6);
  });

  it('truncNormal between bounds far narrower than the deviation does not hang', () => {
    const values = numbers(init.truncNormal(zeros([100]), 0, 2 ** 53, -2, 2, { generator: generator() }));
    expect(values.every((value) => value >= -2 && value <= 2)).toBe(true);
    expect(new Set(values).size).toBeGreaterThan(50);
  });

  it.each([
    [4, 6],
    [6, 4],
    [5, 5],
  ])('orthogonal gives orthonormal rows or columns (%i x %i)', (rows, columns) => {
    const x = init.orthogonal(zeros([rows, columns]), { generator: generator() }).to('float64');
    const gram = rows <= columns ? x.matmul(x.t()) : x.t().matmul(x);
    const size = Math.min(rows, columns);
    numbers(gram).forEach((value, i) => expect(value).toBeCloseTo(i % (size + 1) === 0 ? 1 : 0, 5));
  });

  it('counts fans with the kernel, and refuses vectors', () => {
    expect(init.calculateFans(zeros([8, 3, 5, 5]))).toEqual({ fanIn: 75, fanOut: 200 });
    expect(() => init.kaimingUniform(zeros([4]))).toThrow(ShapeError);
  });

  it('knows the gains of PyTorch', () => {
    expect(init.calculateGain('leakyRelu', 0.2)).toBeCloseTo(Math.sqrt(2 / 1.04), 12);
    expect(init.calculateGain('tanh')).toBe(5 / 3);
  });
});
