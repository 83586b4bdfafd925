/** Plain Python data (None, bool, number, str, list or tuple, dict): its operators, methods and built-in functions. */
import { Float, floatOf, plainOf, PythonError, type BinaryOperator, type Comparison } from './parser.js';

/** A Python function as the evaluator calls it. */
export type Callable = (args: readonly unknown[], kwargs: Readonly<Record<string, unknown>>) => unknown;

/** A Python slice `start:stop:step`; null stands for an absent part. */
export class Slice {
  constructor(
    readonly start: number | null,
    readonly stop: number | null,
    readonly step: number | null,
  ) {}
}

export const isDict = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

export const isData = (value: unknown): boolean =>
  value === null ||
  Array.isArray(value) ||
  isDict(value) ||
  value instanceof Float ||
  ['number', 'string', 'boolean'].includes(typeof value);

export function truthy(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (isDict(value)) return Object.keys(value).length > 0;
  if (isData(value)) return Boolean(plainOf(value));
  throw new PythonError('the truth of a value that is not plain data is not defined here');
}

export function sequenceOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (typeof value === 'string') return [...value];
  if (isDict(value)) return Object.keys(value);
  throw new PythonError(`not iterable: ${String(value)}`);
}

export function numberOf(value: unknown): number {
  if (value instanceof Float) return value.value;
  if (typeof value === 'number' || typeof value === 'boolean') return Number(value);
  throw new PythonError(`not a number: ${String(value)}`);
}

export const equal = (left: unknown, right: unknown): boolean => {
  if (left instanceof Float || right instanceof Float) return equal(plainOf(left), plainOf(right));
  if (Array.isArray(left) && Array.isArray(right))
    return left.length === right.length && left.every((item, i) => equal(item, right[i]));
  if (isDict(left) && isDict(right)) return equal(Object.entries(left), Object.entries(right));
  if (typeof left === 'boolean' || typeof right === 'boolean') return Number(left) === Number(right);
  return left === right;
};

const arithmetic: Readonly<Record<BinaryOperator, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '//': (a, b) => Math.floor(a / b),
  '%': (a, b) => a - b * Math.floor(a / b),
  '**': (a, b) => a ** b,
  '<<': (a, b) => a * 2 ** b,
  '>>': (a, b) => Math.floor(a / 2 ** b),
  '&': (a, b) => a & b,
  '^': (a, b) => a ^ b,
  '|': (a, b) => a | b,
  '@': () => {
    throw new PythonError('@ needs tensors');
  },
};

export const orders: Readonly<Record<Exclude<Comparison, '==' | '!='>, (a: number, b: number) => boolean>> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

export function binaryData(op: BinaryOperator, left: unknown, right: unknown): unknown {
  if (Array.isArray(left) && Array.isArray(right) && op === '+')
    return [...(left as unknown[]), ...(right as unknown[])];
  if (Array.isArray(left) && op === '*')
    return Array.from({ length: numberOf(right) }, () => left as unknown[]).flat(1);
  if (typeof left === 'string' && typeof right === 'string' && op === '+') return left + right;
  const [a, b] = [numberOf(left), numberOf(right)];
  if (b === 0 && ['/', '//', '%'].includes(op)) throw new PythonError('division by zero');
  const result = arithmetic[op](a, b);
  const isFloat = op === '/' || left instanceof Float || right instanceof Float || (op === '**' && b < 0);
  return isFloat ? floatOf(result) : result;
}

export function subscriptData(value: unknown, index: unknown): unknown {
  if (isDict(value)) {
    if (typeof index === 'string' && index in value) return value[index];
    throw new PythonError(`no key ${String(index)}`);
  }
  const items = sequenceOf(value);
  if (index instanceof Slice) {
    const [start, stop, step] = [index.start ?? 0, index.stop ?? items.length, index.step ?? 1];
    if (step < 1) throw new PythonError('only positive steps in slices of plain data');
    return items.slice(start, stop).filter((_, i) => i % step === 0);
  }
  const at = numberOf(index) + (numberOf(index) < 0 ? items.length : 0);
  if (at < 0 || at >= items.length) throw new PythonError(`index ${String(index)} out of range`);
  return items[at];
}

export const dictMethods: Readonly<Record<string, (dict: Record<string, unknown>) => Callable>> = {
  items: (dict) => () => Object.entries(dict),
  keys: (dict) => () => Object.keys(dict),
  values: (dict) => () => Object.values(dict),
  get:
    (dict) =>
    ([key, fallback]) =>
      dict[String(key)] ?? fallback ?? null,
};

/** Python's built-in functions that the expressions may use. */
export const builtins: Readonly<Record<string, unknown>> = {
  tuple: (([value]) => [...sequenceOf(value ?? [])]) satisfies Callable,
  list: (([value]) => [...sequenceOf(value ?? [])]) satisfies Callable,
  dict: ((_, kwargs) => ({ ...kwargs })) satisfies Callable,
  len: (([value]) => sequenceOf(value).length) satisfies Callable,
  range: ((args) => {
    const [first, second, step = 1] = args.map(numberOf);
    if (first === undefined) throw new PythonError('range takes at least one number');
    const [start, stop] = second === undefined ? [0, first] : [first, second];
    return Array.from({ length: Math.max(0, Math.ceil((stop - start) / step)) }, (_, i) => start + i * step);
  }) satisfies Callable,
  zip: ((args) => {
    const lists = args.map(sequenceOf);
    return Array.from({ length: Math.min(...lists.map((l) => l.length)) }, (_, i) => lists.map((l) => l[i]));
  }) satisfies Callable,
  enumerate: (([value]) => sequenceOf(value).map((item, i) => [i, item])) satisfies Callable,
  slice: ((args) => {
    const part = (value: unknown): number | null => (value === null || value === undefined ? null : numberOf(value));
    return args.length === 1
      ? new Slice(null, part(args[0]), null)
      : new Slice(part(args[0]), part(args[1]), part(args[2]));
  }) satisfies Callable,
  int: (([value]) => Math.trunc(typeof value === 'string' ? Number(value) : numberOf(value))) satisfies Callable,
  float: (([value]) => {
    if (typeof value !== 'string') return floatOf(numberOf(value));
    const [, sign, special] = /^([+-]?)(inf|infinity|nan)$/i.exec(value.trim()) ?? [];
    if (special === undefined) return floatOf(Number(value));
    return /nan/i.test(special) ? NaN : sign === '-' ? -Infinity : Infinity;
  }) satisfies Callable,
  bool: (([value]) => truthy(value)) satisfies Callable,
  math: {
    ...Object.fromEntries(
      (
        ['sqrt', 'exp', 'log', 'log2', 'log10', 'floor', 'ceil', 'sin', 'cos', 'tan', 'tanh', 'pow', 'trunc'] as const
      ).map((name) => [
        name,
        ((args) => (Math[name] as (...xs: number[]) => number)(...args.map(numberOf))) satisfies Callable,
      ]),
    ),
    prod: (([value]) =>
      sequenceOf(value)
        .map(numberOf)
        .reduce((a, b) => a * b, 1)) satisfies Callable,
    pi: Math.PI,
    e: Math.E,
    inf: Infinity,
    nan: NaN,
  },
};
