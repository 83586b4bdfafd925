/** What assembled code is made of: typed expressions that nest, statements as expressions of type 'none', plain numbers for constants. */

export type ValueType = 'i32' | 'f32' | 'f64' | 'v128';

/** Bytes, nested as they were composed; flattened once when the module is built. */
export type Code = number | readonly Code[];

/** Code that leaves a value of type `T` on the stack ('none': nothing). */
export interface Expr<T extends ValueType | 'none'> {
  readonly type: T;
  readonly code: Code;
}

/** Code that leaves nothing. */
export type Stmt = Expr<'none'>;

/** An operand: an expression, or a number where constants of the type exist. */
export type Arg<T extends ValueType> = T extends 'v128' ? Expr<T> : Expr<T> | number;

/** A local variable; as an expression it is its value. */
export interface Local<T extends ValueType> extends Expr<T> {
  set(value: Arg<T>): Stmt;
  /** Sets and leaves the value. */
  tee(value: Arg<T>): Expr<T>;
}

export const typeByte: Record<ValueType, number> = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b };

/** Unsigned LEB128. */
export function unsigned(value: number): number[] {
  const out: number[] = [];
  let rest = value >>> 0;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    out.push(rest ? low | 0x80 : low);
  } while (rest);
  return out;
}

/** Signed LEB128. */
function signed(value: number): number[] {
  const out: number[] = [];
  for (let rest = value | 0; ;) {
    const low = rest & 0x7f;
    rest >>= 7;
    if ((rest === 0 && !(low & 0x40)) || (rest === -1 && low & 0x40)) return [...out, low];
    out.push(low | 0x80);
  }
}

const bytesOf = (array: ArrayBufferView): number[] => [
  ...new Uint8Array(array.buffer, array.byteOffset, array.byteLength),
];

export const expr = <T extends ValueType | 'none'>(type: T, ...code: Code[]): Expr<T> => ({ type, code });

export function code(type: ValueType, value: Expr<ValueType> | number): Code {
  if (typeof value !== 'number') return value.code;
  if (type === 'i32') return [0x41, signed(value)];
  if (type === 'f32') return [0x43, bytesOf(Float32Array.of(value))];
  return [0x44, bytesOf(Float64Array.of(value))];
}

/** SIMD opcodes follow a prefix byte. */
export const simd = (opcode: number): number[] => [0xfd, ...unsigned(opcode)];

export const unary =
  <T extends ValueType, R extends ValueType>(from: T, to: R, opcode: Code) =>
  (x: Arg<T>): Expr<R> =>
    expr(to, code(from, x), opcode);

export const binary =
  <T extends ValueType, R extends ValueType>(from: T, to: R, opcode: Code) =>
  (a: Arg<T>, b: Arg<T>): Expr<R> =>
    expr(to, code(from, a), code(from, b), opcode);

export const ternary =
  (opcode: Code) =>
  (a: Expr<'v128'>, b: Expr<'v128'>, c: Expr<'v128'>): Expr<'v128'> =>
    expr('v128', a.code, b.code, c.code, opcode);

/** `align` is the logarithm of the natural alignment, only a hint. */
export const load =
  <R extends ValueType>(to: R, opcode: Code, align: number) =>
  (address: Arg<'i32'>, offset = 0): Expr<R> =>
    expr(to, code('i32', address), opcode, align, unsigned(offset));

export const store =
  <T extends ValueType>(from: T, opcode: Code, align: number) =>
  (address: Arg<'i32'>, value: Arg<T>, offset = 0): Stmt =>
    expr('none', code('i32', address), code(from, value), opcode, align, unsigned(offset));
