import { tensor, zeros, type Tensor } from '@q/tensor';
import fc from 'fast-check';

/** Thrown by functions that are handed in: theirs, not ours. */
export class Foreign extends Error {}

const throws = () => {
  throw new Foreign('thrown by an argument');
};

/** Tensors of the kinds that code forgets: without dims, without elements, of small integers, of bools, views. */
export const tensors = (): readonly Tensor[] => [
  tensor(3),
  zeros([0, 3]),
  tensor([
    [1, 2, 3],
    [4, NaN, -Infinity],
  ]),
  tensor([1, 0, 2], { dtype: 'int32' }),
  tensor([[-128, 127]], { dtype: 'int8' }),
  tensor([true, false, true]),
  tensor([1, 2], { dtype: 'float16' }),
  zeros([2, 3, 4]).transpose(0, 2),
  tensor([0.5, -1], { requiresGrad: true }),
];

const keys = [
  'dim',
  'dtype',
  'shape',
  'keepdim',
  'dims',
  'stride',
  'padding',
  'bitwidth',
  'symmetric',
  'reduction',
  'eps',
  'then',
  'length',
  '__proto__',
  'constructor',
];

/** One argument that nobody should pass, or that only some calls take. */
export const hostile = (pool: readonly Tensor[]): fc.Arbitrary<unknown> => {
  const simple = fc.oneof(
    fc.constantFrom<unknown>(
      undefined,
      null,
      NaN,
      Infinity,
      -Infinity,
      0,
      -0,
      1,
      -1,
      2,
      1.5,
      1e308,
      2 ** 53,
      true,
      false,
    ),
    fc.constantFrom<unknown>('', 'x', '__proto__', 'constructor', 'float32', 'int8', 'mean', 'constant'),
    fc.constantFrom<unknown>(
      Symbol('s'),
      10n,
      throws,
      class {},
      new Date(0),
      /x/,
      new Map(),
      new Uint8Array(3),
      new DataView(new ArrayBuffer(4)),
    ),
    fc.constantFrom<unknown>(...pool),
  );
  return fc.oneof(
    { weight: 5, arbitrary: simple },
    { weight: 2, arbitrary: fc.array(simple, { maxLength: 4 }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom<unknown>([2 ** 20, 2 ** 20], [[1, [2]], [3]], Array(2), [[]], Object.create(null)),
    },
    { weight: 2, arbitrary: fc.dictionary(fc.constantFrom(...keys), simple, { maxKeys: 3 }) },
  );
};
