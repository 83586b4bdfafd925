import {
  adaptiveAvgPool1d,
  arange,
  ArgumentError,
  avgPool1d,
  conv1d,
  DTypeError,
  empty,
  eye,
  full,
  fullLike,
  interpolate,
  linspace,
  logspace,
  normal,
  ones,
  onesLike,
  QError,
  rand,
  randint,
  randn,
  randperm,
  type Tensor,
  ShapeError,
  tensor,
  unfold,
  zeros,
  zerosLike,
  type DType,
} from '@q/tensor';

describe('tensor', () => {
  it('takes numbers, booleans, nested arrays and typed arrays', () => {
    expect(tensor(3).shape).toEqual([]);
    expect(
      tensor([
        [1, 2],
        [3, 4],
      ]).dtype,
    ).toBe('float32');
    expect(tensor([[true], [false]]).dtype).toBe('bool');
    expect(tensor([]).shape).toEqual([0]);
    expect(tensor([[], []]).shape).toEqual([2, 0]);
    expect(tensor(Int16Array.of(1, 2)).dtype).toBe('int16');
    expect(tensor([1, 2, 3, 4], { shape: [2, 2] }).toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it('shares a typed array of the wanted dtype and copies others', () => {
    const array = Float32Array.of(1, 2);
    const shared = tensor(array, { shape: [2, 1] });
    array[0] = 5;
    expect(shared.toArray()).toEqual([[5], [2]]);
    expect(JSON.stringify({ shared })).toBe('{"shared":[[5],[2]]}');
    const copy = tensor(array, { dtype: 'int32' });
    array[0] = 6;
    expect(copy.toArray()).toEqual([5, 2]);
  });

  it('converts to every dtype', () => {
    expect(tensor([1.9, -1.9], { dtype: 'int32' }).toArray()).toEqual([1, -1]);
    expect(tensor([0, 0.5, NaN], { dtype: 'bool' }).toArray()).toEqual([0, 1, 1]);
    expect(tensor([1 + 2 ** -11, 65520], { dtype: 'float16' }).toArray()).toEqual([1, Infinity]);
    expect(tensor([1 + 2 ** -8], { dtype: 'bfloat16' }).toArray()).toEqual([1]);
  });

  it('is of bools where all elements are, else of numbers', () => {
    expect(tensor([[true], [false]]).dtype).toBe('bool');
    for (const mixed of [[true, 2, 0.5], [2, true, 0.5], [[true], [3]], []] as const)
      expect(tensor(mixed).dtype).toBe('float32');
    expect(tensor([true, 2, 0.5]).toArray()).toEqual([1, 2, 0.5]);
    expect(() => tensor([tensor([1])] as never)).toThrow(/got a tensor. Use clone\(\), or stack\(\)/);
  });

  it('rejects ragged arrays, strange elements and unknown dtypes', () => {
    expect(() => tensor([[1, 2], [3]])).toThrow(/at depth 1 wanted 2 entries, got 1/);
    expect(() => tensor([1, [2]])).toThrow(ArgumentError);
    expect(() => tensor(['1'] as unknown as number[])).toThrow(ArgumentError);
    expect(() => tensor([1, 2], { shape: [3] })).toThrow(ShapeError);
    expect(() => tensor([1], { dtype: 'float8' as DType })).toThrow(DTypeError);
    expect(() => tensor(new BigInt64Array(2) as unknown as Uint8Array)).toThrow(DTypeError);
    expect(() => zeros([-1])).toThrow(ShapeError);
    expect(() => ones([2 ** 20, 2 ** 20])).toThrow(/at most 2\^31/);
  });
});

it('fills by the kind of the value unless a dtype is given', () => {
  expect(full([2], 7).dtype).toBe('int32');
  expect(full([2], 0.5).dtype).toBe('float32');
  expect(full([2], true).dtype).toBe('bool');
  expect(full([2], 3e9).dtype).toBe('float32');
  expect(full([2], 7, { dtype: 'uint8' }).toArray()).toEqual([7, 7]);
  expect(Object.is(full([1], -0, { dtype: 'float32' }).item(), -0)).toBe(true);
  expect(zeros([2]).dtype).toBe('float32');
  expect(empty([2, 3], { dtype: 'int8' }).shape).toEqual([2, 3]);
});

it('makes tensors like another', () => {
  const like = tensor([[1, 2]], { dtype: 'int16' });
  expect(zerosLike(like).dtype).toBe('int16');
  expect(onesLike(like, { dtype: 'float64' }).toArray()).toEqual([[1, 1]]);
  expect(fullLike(like, 2.5).toArray()).toEqual([[2, 2]]);
  expect(zerosLike(tensor([1]), { requiresGrad: true }).requiresGrad).toBe(true);
});

describe('arange', () => {
  it('counts in int32 where everything is an integer, else in float32', () => {
    expect(arange(3).toArray()).toEqual([0, 1, 2]);
    expect(arange(3).dtype).toBe('int32');
    expect(arange(5, 1, -2).toArray()).toEqual([5, 3]);
    expect(arange(0, 1, 0.25).dtype).toBe('float32');
    expect(arange(0, 1, 0.25).toArray()).toEqual([0, 0.25, 0.5, 0.75]);
    expect(arange(2.5).toArray()).toEqual([0, 1, 2]);
    expect(arange(1, 1).shape).toEqual([0]);
    expect(arange(1, 3, { dtype: 'float64' }).dtype).toBe('float64');
    expect(arange(3, { requiresGrad: true, dtype: 'float32' }).requiresGrad).toBe(true);
  });

  it('rejects steps that lead nowhere', () => {
    expect(() => arange(0, 3, 0)).toThrow(ArgumentError);
    expect(() => arange(0, 3, -1)).toThrow(/a step of -1 does not lead from 0 to 3/);
    expect(() => arange(NaN)).toThrow(ArgumentError);
    expect(() => arange(Infinity)).toThrow(ArgumentError);
  });
});

it('linspace includes both ends exactly', () => {
  for (const steps of [2, 3, 7, 100]) {
    const values = linspace(-0.1, 0.3, steps).toArray() as number[];
    expect(values).toHaveLength(steps);
    expect(values[0]).toBe(Math.fround(-0.1));
    expect(values[steps - 1]).toBe(Math.fround(0.3));
  }
  expect(linspace(3, 5, 1).toArray()).toEqual([3]);
  expect(linspace(3, 5, 0).shape).toEqual([0]);
  expect(linspace(0, 10, 5, { dtype: 'int32' }).toArray()).toEqual([0, 2, 5, 7, 10]);
  expect(logspace(0, 2, 3).toArray()).toEqual([1, 10, 100]);
  expect(() => linspace(0, 1, -1)).toThrow(ShapeError);
});

it('eye has ones on the diagonal of any matrix', () => {
  expect(eye(2).toArray()).toEqual([
    [1, 0],
    [0, 1],
  ]);
  expect(eye(2, 3, { dtype: 'int8' }).toArray()).toEqual([
    [1, 0, 0],
    [0, 1, 0],
  ]);
  expect(eye(2, { dtype: 'bool' }).dtype).toBe('bool');
  expect(eye(0).shape).toEqual([0, 0]);
});

describe('sizes that nobody can have', () => {
  const huge: readonly (readonly [string, () => unknown])[] = [
    ['zeros', () => zeros([2 ** 31])],
    ['ones', () => ones([2 ** 20, 2 ** 11])],
    ['full', () => full([2 ** 30], 1, { dtype: 'float64' })],
    ['full of dims', () => full([2 ** 20, 2 ** 20, 2 ** 20], 1)],
    ['empty', () => empty([2 ** 31], { dtype: 'int32' })],
    ['eye', () => eye(2 ** 16)],
    ['arange', () => arange(2 ** 31)],
    ['arange of small steps', () => arange(0, 1e12, 1e-3)],
    ['arange of floats', () => arange(0, 1e308, 1e-308)],
    ['linspace', () => linspace(0, 1, 2 ** 31)],
    ['logspace', () => logspace(0, 1, 1e15)],
    ['rand', () => rand([2 ** 31])],
    ['randn', () => randn([2 ** 30], { dtype: 'float64' })],
    ['randint', () => randint(3, [2 ** 31])],
    ['randperm', () => randperm(2 ** 31)],
    ['normal', () => normal(0, 1, [2 ** 31])],
    ['oneHot', () => tensor([0], { dtype: 'int32' }).oneHot(2 ** 31)],
    ['pad', () => tensor([1]).pad([2 ** 31, 0])],
    ['pad by wrapping', () => zeros([2 ** 16]).pad([2 ** 31, 2 ** 31], { mode: 'replicate' })],
    ['repeatInterleave', () => tensor([1]).repeatInterleave(2 ** 31)],
    ['repeat', () => zeros([2]).repeat([2 ** 32])],
    ['histc', () => zeros([2]).histc(2 ** 40)],
    ['bincount', () => tensor([1], { dtype: 'int32' }).bincount({ minlength: 2 ** 40 })],
    ['adaptiveAvgPool1d', () => adaptiveAvgPool1d(zeros([1, 1, 3]), 2 ** 31)],
    ['avgPool1d', () => avgPool1d(zeros([1, 1, 3]), 2 ** 40, { padding: 2 ** 39 })],
    ['conv1d', () => conv1d(zeros([1, 1, 3]), zeros([1, 1, 1]), null, { padding: 2 ** 31 })],
    ['interpolate', () => interpolate(zeros([1, 1, 3]), { size: 2 ** 31 })],
    ['interpolate by a factor', () => interpolate(zeros([1, 1, 3, 3]), { scaleFactor: 1e6 })],
    ['unfold', () => unfold(zeros([1, 1, 3, 3]), 2 ** 20, { padding: 2 ** 20 })],
    ['chunk', () => zeros([0]).chunk(2 ** 31)],
    ['tensorSplit', () => zeros([3]).tensorSplit(2 ** 31)],
  ];

  it.each(huge)('%s refuses at once, by a typed error', (_name, make) => {
    const before = process.memoryUsage();
    const start = process.cpuUsage();
    expect(make).toThrow(QError);
    // Time of this process, not of others on a busy machine.
    expect(process.cpuUsage(start).user).toBeLessThan(1e6);
    expect(process.memoryUsage().arrayBuffers - before.arrayBuffers).toBeLessThan(2 ** 28);
  });

  it('a large size that is to be had is made', () => {
    const x = arange(2 ** 22, { dtype: 'uint8' });
    expect([x.numel, x.slice(300).item()]).toEqual([2 ** 22, 44]);
  });

  it('an array that contains itself makes no tensor', () => {
    const endless: unknown[] = [];
    endless.push(endless);
    expect(() => tensor(endless as never)).toThrow(ShapeError);
  });
});

it.each<[string, () => unknown]>([
  ['arange of a text', () => arange('3' as never)],
  ['arange of four numbers', () => (arange as (...numbers: number[]) => unknown)(0, 1, 2, 3)],
  ['arange without bounds', () => (arange as () => unknown)()],
  ['linspace to nobody', () => linspace(0, Object.create(null) as never, 3)],
  ['options as a word', () => zeros([2], 'int8' as never)],
  ['options that are null', () => ones([2], null as never)],
  ['a value of another kind', () => full([2], '1' as never)],
  ['a matrix of a size in brackets', () => eye([2] as never, [2] as never)],
  ['like a number', () => zerosLike(3 as never)],
])('%s is refused', (_name, make) => expect(make).toThrow(ArgumentError));

describe('the dtype in the type', () => {
  it('is what the tensor has, not what somebody wants', () => {
    const plain: Tensor<'float32'> = zeros([2]);
    const named: Tensor<'int8'> = zeros([2], { dtype: 'int8' });
    const alike: Tensor<'int8'> = zerosLike(named);
    // @ts-expect-error zeros are float32
    const wrong: Tensor<'int8'> = zeros([2]);
    // @ts-expect-error and so are random numbers
    const random: Tensor<'float64'> = randn([2]);
    // @ts-expect-error like says of what
    const other: Tensor<'int8'> = onesLike(plain);
    expect([plain, named, alike, wrong, random, other].map(({ dtype }) => dtype)).toEqual([
      'float32',
      'int8',
      'int8',
      'float32',
      'float32',
      'float32',
    ]);
  });

  it('is that of the source', () => {
    const bytes: Tensor<'int8'> = tensor(new Int8Array(2));
    const clamped: Tensor<'uint8'> = tensor(new Uint8ClampedArray(2));
    const doubles: Float64Array = tensor(new Float64Array(2)).data;
    const flags: Tensor<'bool'> = tensor([[true], [false]]);
    const numbers: Tensor<'float32'> = tensor([[1], [2]]);
    const halves: Tensor<'float16'> = tensor(new Uint16Array(2), { dtype: 'float16' });
    // @ts-expect-error an array of int32
    const wrong: Float32Array = tensor(new Int32Array(2)).data;
    expect([bytes, clamped, flags, numbers, halves].map(({ dtype }) => dtype)).toEqual([
      'int8',
      'uint8',
      'bool',
      'float32',
      'float16',
    ]);
    expect([doubles, wrong].map(({ constructor }) => constructor)).toEqual([Float64Array, Int32Array]);
  });

  it('no option is passed over', () => {
    expect(() => tensor([1], { dType: 'int8' } as object)).toThrow(/tensor: there is no option 'dType'/);
    expect(() => linspace(0, 1, 2, { shape: [2] } as object)).toThrow(/linspace: there is no option 'shape'/);
  });
});
