import {
  ArgumentError,
  bernoulli,
  DTypeError,
  full,
  Generator,
  normal,
  rand,
  randint,
  randLike,
  randn,
  randnLike,
  randperm,
  tensor,
  type DType,
} from '@q/tensor';

const values = (x: { flatten(): { toArray(): unknown } }): number[] => x.flatten().toArray() as number[];

it.each<DType>(['float32', 'float64', 'float16', 'bfloat16'])('rand stays in [0, 1) in %s', (dtype) => {
  const drawn = rand([50, 40], { dtype, generator: new Generator(1) });
  expect(drawn.dtype).toBe(dtype);
  for (const value of values(drawn)) expect(value >= 0 && value < 1).toBe(true);
  expect(Math.abs(values(drawn).reduce((a, b) => a + b) / 2000 - 0.5)).toBeLessThan(0.03);
});

it('gives the same tensor for the same seed, whichever generator draws', () => {
  expect(randn([3, 3], { generator: new Generator(7) }).toArray()).toEqual(
    randn([3, 3], { generator: new Generator(7) }).toArray(),
  );
  // Fixed figures: a change of the method would change every seeded program.
  expect(values(rand([3], { generator: new Generator(0) }))).toMatchInlineSnapshot(`
   [
     0.8868539333343506,
     0.2639589309692383,
     0.01247495412826538,
   ]
  `);
  expect(values(randn([3], { generator: new Generator(0), dtype: 'float64' }))).toMatchInlineSnapshot(`
   [
     0.12177618600477014,
     0.49342493394909925,
     -0.5381877552332646,
   ]
  `);
});

it('randint covers its range and nothing else', () => {
  const drawn = values(randint(-2, 3, [500], { generator: new Generator(2) }));
  expect([...new Set(drawn)].toSorted((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2]);
  expect(randint(10, [2, 2]).dtype).toBe('int32');
  expect(randint(10, [2], { dtype: 'float32' }).dtype).toBe('float32');
  expect(() => randint(3, 3, [1])).toThrow(ArgumentError);
  expect(() => randint(300, [1], { dtype: 'uint8' })).toThrow(/uint8 does not hold/);
});

it('randperm is a permutation', () => {
  const drawn = values(randperm(50, { generator: new Generator(3) }));
  expect(drawn).not.toEqual(drawn.toSorted((a, b) => a - b));
  expect(drawn.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
  expect(randperm(0).shape).toEqual([0]);
});

it('normal shifts and scales; bernoulli follows its probabilities', () => {
  expect(values(normal(5, 0, [3]))).toEqual([5, 5, 5]);
  expect(() => normal(0, -1, [1])).toThrow(ArgumentError);
  expect(bernoulli(tensor([0, 1, 0, 1])).toArray()).toEqual([0, 1, 0, 1]);
  const drawn = values(bernoulli(full([2000], 0.25), { generator: new Generator(4) }));
  expect(Math.abs(drawn.reduce((a, b) => a + b) / 2000 - 0.25)).toBeLessThan(0.03);
  expect(() => bernoulli(tensor([1.5]))).toThrow(/must be in \[0, 1\], got 1\.5/);
});

it('has forms like another tensor and leaves that require a gradient', () => {
  const like = tensor([[1, 2]], { dtype: 'float64' });
  expect(randLike(like).dtype).toBe('float64');
  expect(randnLike(like, { dtype: 'float32' }).shape).toEqual([1, 2]);
  expect(randn([2], { requiresGrad: true }).requiresGrad).toBe(true);
  expect(() => rand([2], { dtype: 'int32' })).toThrow(DTypeError);
});
