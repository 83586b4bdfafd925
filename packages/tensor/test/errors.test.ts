import fc from 'fast-check';
import { ArgumentError, conv2d, described, maxPool2d, QError, shown, tensor, zeros } from '@q/tensor';

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

describe('described', () => {
  it('says what any value is, without calling its methods', () => {
    expect(described('a')).toBe('"a"');
    expect(described([1, null, [2]])).toBe('[1, null, ...]');
    expect(described(Object.create(null))).toBe('an object');
    expect(described(Symbol('s'))).toBe('Symbol(s)');
    expect(described(() => 1)).toBe('a function');
    expect(described(class {})).toBe('a class');
    expect(described(10n)).toBe('10n');
    expect(described(new Map())).toBe('an object of class Map');
    expect(described({})).toBe('an object');
  });

  it('shows the first entries of a long list only, and of a sparse one what is not there', () => {
    expect(described(Array.from({ length: 20 }, (_, i) => i))).toMatch(/^\[0, 1, .* 15, \.\.\.\]$/);
    expect(described(Array(2 ** 32 - 1))).toMatch(/^\[undefined, .*\.\.\.\]$/);
    expect(shown(new Array<number>(2 ** 31))).toHaveLength(described(new Array(2 ** 31)).length);
  });

  it('never throws', () =>
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withBigInt: true }), (value) => described(value).length > 0),
    ));

  it.each([
    ['a prototype without a constructor', Object.create(Object.create(null))],
    ['a proxy that is revoked', revoked()],
    [
      'a class called otherwise',
      new (class {
        static get name(): string {
          throw new Error('theirs');
        }
      })(),
    ],
  ])('never throws for %s', (_what, value) => expect(described(value)).toBe('an object'));
});

it('shows what is no shape too', () => {
  expect(shown([2, 3])).toBe('[2, 3]');
  expect(shown(undefined as unknown as number[])).toBe('undefined');
});

const nobody = Object.create(null) as never;

it.each<[string, () => unknown]>([
  ['zeros', () => zeros([nobody])],
  ['sum', () => tensor([1]).sum(nobody)],
  ['conv2d', () => conv2d(undefined as never, tensor([1]))],
  ['maxPool2d', () => maxPool2d(zeros([1, 1, 4, 4]), nobody)],
  ['mm', () => zeros([1, 1]).mm(undefined as never)],
])('%s refuses what is no argument by a typed error', (_name, call) => expect(call).toThrow(QError));

it('an operand that is no tensor is named', () =>
  expect(() => conv2d(zeros([1, 1, 2, 2]), 'x' as never)).toThrow(ArgumentError));
