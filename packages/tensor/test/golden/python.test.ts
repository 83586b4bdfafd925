import { evaluate, type Host } from './python/evaluate.js';
import { Float, PythonError } from './python/parser.js';

/** Records what is asked of it, as text. */
const recorder: Host = {
  attribute: (value, name) => `${String(value)}.${name}`,
  subscript: (_value, index) => index,
  call: (_value, args, kwargs) => [args, kwargs],
  binary: (op, left, right) => [op, left, right],
  unary: (op, operand) => [op, operand],
};

const opaque = Symbol('tensor');
const args = { scalar: 2, index: [1, 'two'], nested: { a: 1 } };
const echo = (positional: readonly unknown[], keywords: Readonly<Record<string, unknown>>) => [positional, keywords];

const valueOf = (source: string): unknown => evaluate(source, { args, x: opaque, f: echo }, recorder);

describe('evaluate', () => {
  it.each<[string, unknown]>([
    ['1 + 2 * 3', 7],
    ['-2 ** 2', -4],
    ['2 ** -1', 0.5],
    ['2 ** 3 ** 2', 512],
    ['7 // 2, -7 // 2, -7 % 3', [3, -4, 2]],
    ['1 < 2 < 3, 1 < 3 < 2', [true, false]],
    ['not 1 == 2 and None is None', true],
    ['0 or "text"', 'text'],
    ['1 if 2 > 1 else 0', 1],
    ['[1, 2, 3][-1], [1, 2, 3][:2], [1, 2, 3, 4][::2]', [3, [1, 2], [1, 3]]],
    ['(1,), (), [2] + [3], [0] * 2', [[1], [], [2, 3], [0, 0]]],
    ["args['scalar'], args['nested']['a'], args.get('absent', 5)", [2, 1, 5]],
    ['1e-3, 1_000, .5, 0x10, 2.', [0.001, 1000, 0.5, 16, 2]],
    ["float('inf'), float('-inf'), math.sqrt(16), len([1, 2])", [Infinity, -Infinity, 4, 2]],
    [
      'tuple([1, 2]), list(range(1, 6, 2))',
      [
        [1, 2],
        [1, 3, 5],
      ],
    ],
  ])('%s', (source, expected) => expect(valueOf(source)).toEqual(expected));

  it.each<[string, boolean]>([
    ['2.', true],
    ['2', false],
    ['4 / 2', true],
    ['-2.0', true],
    ['3 * 1e0', true],
    ['5.0 // 2', true],
    ["float('3')", true],
    ['int(2.0)', false],
    ['0x1e', false],
    ['(lambda y: y + 1)(1.0)', true],
  ])('knows of %s whether it is a float: %s', (source, isFloat) => {
    let passed: unknown;
    evaluate(`see(${source})`, { see: ([value]: readonly unknown[]) => void (passed = value) }, recorder);
    expect(passed instanceof Float).toBe(isFloat);
  });

  it('passes positional, keyword, * and ** arguments in order', () =>
    expect(valueOf("f(1, *[2, 3], k=4, **{'a': 5})")).toEqual([[1, 2, 3], { k: 4, a: 5 }]));

  it('applies lambdas, which see outer names', () =>
    expect(valueOf("(lambda y, z: y + z * args['scalar'])(1, 2)")).toBe(5));

  it('builds lists and dicts by comprehension, with conditions and several variables', () => {
    expect(valueOf('[i * j for i in range(3) for j in range(2) if i != j]')).toEqual([0, 0, 0, 2]);
    expect(valueOf("{k: v for k, v in args.items() if k != 'index' and k != 'nested'}")).toEqual({ scalar: 2 });
    expect(valueOf('tuple(i + 1 for i in [1, 2])')).toEqual([2, 3]);
  });

  it('leaves operators, attributes, calls and subscripts of other values to the host', () => {
    expect(valueOf('2 @ x')).toEqual(['@', 2, opaque]);
    expect(valueOf('x < 1')).toEqual(['<', opaque, 1]);
    expect(valueOf('-x')).toEqual(['-', opaque]);
    expect(valueOf('x(1, k=2)')).toEqual([[1], { k: 2 }]);
    expect(valueOf('x[[2, 0]]')).toEqual([[2, 0]]);
    expect(valueOf('x[2, 0]')).toEqual([2, 0]);
    expect(valueOf('x[1:, ..., None]')).toMatchObject([{ start: 1, stop: null, step: null }, expect.any(Symbol), null]);
  });

  it.each([
    '1 +',
    'f(',
    '1 $ 2',
    'unknown',
    "args['absent']",
    '[1][2]',
    '1 // 0',
    'range()',
    '[1, 2 for i in []]',
    'import os',
  ])('refuses %s', (source) => expect(() => valueOf(source)).toThrow(PythonError));
});
