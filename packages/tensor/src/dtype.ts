import { described, DTypeError } from './errors.js';

/** What is known of a dtype. */
export interface DTypeInfo<K extends 'bool' | 'int' | 'float', A> {
  /** Bytes of an element. */
  readonly bytes: number;
  /** What kind of number it is. */
  readonly kind: K;
  /** The typed array that stores it. */
  readonly array: A;
  /** Smallest finite number. */
  readonly min: number;
  /** Largest finite number. */
  readonly max: number;
}

/** Gives a row of the table its type. */
const row = <K extends 'bool' | 'int' | 'float', A>(info: DTypeInfo<K, A>): DTypeInfo<K, A> => info;

/**
 * Every dtype, once: types, limits and array constructors all derive from this table. The order inside a kind is the
 * order of promotion. `float16` and `bfloat16` are storage dtypes: their bits live in a Uint16Array and arithmetic
 * widens them to float32.
 */
export const dtypes = {
  /** False and true, a byte each. */
  bool: row({ bytes: 1, kind: 'bool', array: Uint8Array, min: 0, max: 1 }),
  /** Integers of 8 bits from 0 on. */
  uint8: row({ bytes: 1, kind: 'int', array: Uint8Array, min: 0, max: 255 }),
  /** Integers of 8 bits around 0. */
  int8: row({ bytes: 1, kind: 'int', array: Int8Array, min: -128, max: 127 }),
  /** Integers of 16 bits from 0 on. */
  uint16: row({ bytes: 2, kind: 'int', array: Uint16Array, min: 0, max: 65535 }),
  /** Integers of 16 bits around 0. */
  int16: row({ bytes: 2, kind: 'int', array: Int16Array, min: -32768, max: 32767 }),
  /** Integers of 32 bits around 0. */
  int32: row({ bytes: 4, kind: 'int', array: Int32Array, min: -2147483648, max: 2147483647 }),
  /** IEEE 754's half precision; arithmetic widens it to float32. */
  float16: row({ bytes: 2, kind: 'float', array: Uint16Array, min: -65504, max: 65504 }),
  /** The upper half of a float32; arithmetic widens it to float32. */
  bfloat16: row({
    bytes: 2,
    kind: 'float',
    array: Uint16Array,
    min: -3.3895313892515355e38,
    max: 3.3895313892515355e38,
  }),
  /** Single precision. */
  float32: row({
    bytes: 4,
    kind: 'float',
    array: Float32Array,
    min: -3.4028234663852886e38,
    max: 3.4028234663852886e38,
  }),
  /** Double precision. */
  float64: row({ bytes: 8, kind: 'float', array: Float64Array, min: -Number.MAX_VALUE, max: Number.MAX_VALUE }),
} as const;

/** Name of an element type. */
export type DType = keyof typeof dtypes;

/** `'bool' | 'int' | 'float'`. */
export type Kind = (typeof dtypes)[DType]['kind'];

/** The typed array that stores a dtype. */
export type ArrayOf<D extends DType> = (typeof dtypes)[D]['array']['prototype'];

/** Any typed array a tensor may live in. */
export type TypedArray = ArrayOf<DType>;

/** Dtypes that only store: arithmetic reads them as float32. */
export type HalfDType = 'float16' | 'bfloat16';

/** True for float16 and bfloat16. */
export const isHalf = (dtype: DType): dtype is HalfDType => dtype === 'float16' || dtype === 'bfloat16';

/** The kind of a dtype; a DTypeError for anything else. */
function kindOf(operation: string, dtype: DType): Kind {
  const known = typeof dtype === 'string' ? (dtypes[dtype] as { readonly kind?: Kind } | undefined)?.kind : undefined;
  if (known === undefined) checkDType(operation, dtype);
  return known!;
}

/** True for the floating point dtypes. */
export const isFloat = (dtype: DType): boolean => kindOf('isFloat', dtype) === 'float';

/** True for the integer dtypes, bool not among them. */
export const isInt = (dtype: DType): boolean => kindOf('isInt', dtype) === 'int';

/** The dtype that arithmetic on `dtype` computes in: itself, or float32 for the half precision storage dtypes. */
export const computeDType = (dtype: DType): DType => (isHalf(dtype) ? 'float32' : dtype);

/** The dtype in which functions of real numbers compute: float32 for integers and bools. */
export const floatDType = (dtype: DType): DType => (isFloat(dtype) ? computeDType(dtype) : 'float32');

/** Whether an in-place result of dtype `from` may be written to a tensor of dtype `to`, as `torch.can_cast`. */
export const canCast = (from: DType, to: DType): boolean => rank[dtypes[from].kind] <= rank[dtypes[to].kind];

/** Throws unless `value` names a dtype; the check for arguments that come from outside the type system. */
export function checkDType(operation: string, value: unknown): asserts value is DType {
  if (typeof value !== 'string' || !Object.hasOwn(dtypes, value))
    throw new DTypeError(
      `${operation}: unknown dtype ${typeof value === 'string' ? value : described(value)}. Known: ${Object.keys(dtypes).join(', ')}.`,
    );
}

/** An array of `length` zeros of a dtype. */
export function newArray<D extends DType>(dtype: D, length: number): ArrayOf<D> {
  return new dtypes[dtype].array(length) as ArrayOf<D>;
}

const rank: Record<Kind, number> = { bool: 0, int: 1, float: 2 };
const signed = (dtype: DType): boolean => dtypes[dtype].min < 0;

/**
 * The dtype of an operation between two tensors of equal standing, as `torch.promote_types`. Symmetric.
 *
 * @throws DTypeError for anything but dtypes
 */
export function promoteTypes(a: DType, b: DType): DType {
  checkDType('promoteTypes', a);
  checkDType('promoteTypes', b);
  return common(a, b);
}

/** `promoteTypes` of what is known to be dtypes. */
export function common(a: DType, b: DType): DType {
  if (a === b) return a;
  const [low, high] = rank[dtypes[a].kind] <= rank[dtypes[b].kind] ? [a, b] : [b, a];
  if (dtypes[low].kind !== dtypes[high].kind) return high;
  if (isHalf(a) && isHalf(b)) return 'float32';
  const [small, large] = dtypes[a].bytes <= dtypes[b].bytes ? [a, b] : [b, a];
  if (dtypes[a].kind === 'float' || signed(small) === signed(large)) return large;
  if (signed(large) && dtypes[large].bytes > dtypes[small].bytes) return large;
  // A signed and an unsigned type of which neither holds the other: the next wider signed type.
  return dtypes[large].bytes === 1 ? 'int16' : 'int32';
}

/** What promotion needs to know of an operand. Tensors are operands. */
export interface Operand {
  /** Element type. */
  readonly dtype: DType;
  /** Number of dims. */
  readonly ndim: number;
  /** The dtype that a plain number counts as; null for tensors. */
  readonly weak: DType | null;
}

function combine(strong: DType | null, other: DType | null): DType | null {
  if (strong === null || other === null) return strong ?? other;
  return rank[dtypes[other].kind] > rank[dtypes[strong].kind] ? common(strong, other) : strong;
}

/**
 * The dtype in which several operands meet, as `torch.result_type`: tensors with dims decide; 0-d tensors and plain
 * numbers change the result only where they belong to a higher kind (bool < int < float).
 *
 * @param operands tensors, or what promotion needs to know of them
 * @throws DTypeError for anything else
 */
export function resultType(operands: readonly Operand[]): DType {
  if (!Array.isArray(operands))
    throw new DTypeError(`resultType: wants an array of operands, got ${described(operands)}.`);
  for (const operand of operands as readonly unknown[]) {
    const { dtype, weak } = (operand as Partial<Operand> | null | undefined) ?? {};
    checkDType('resultType', dtype);
    if (weak !== null) checkDType('resultType', weak);
  }
  return promoted(operands);
}

/** `resultType` of operands that are known to be some. */
export function promoted(operands: readonly Operand[]): DType {
  // A tensor and a number of its kind or a lower one: by far the most frequent pair.
  const [first, second] = operands;
  if (operands.length === 2 && first!.weak === null && second!.weak !== null && canCast(second!.weak, first!.dtype))
    return first!.dtype;
  let dimmed: DType | null = null;
  let scalar: DType | null = null;
  let plain: DType | null = null;
  for (const { dtype, ndim, weak } of operands) {
    if (weak !== null) plain = plain === null ? weak : common(plain, weak);
    else if (ndim === 0) scalar = scalar === null ? dtype : common(scalar, dtype);
    else dimmed = dimmed === null ? dtype : common(dimmed, dtype);
  }
  return combine(dimmed, combine(scalar, plain)) ?? 'float32';
}

/** The dtype a plain JavaScript value has as an operand: integers behave like Python's ints, other numbers like its floats. */
export function dtypeOfNumber(value: number | boolean): DType {
  if (typeof value === 'boolean') return 'bool';
  return Number.isInteger(value) && !Object.is(value, -0) ? 'int32' : 'float32';
}
