/**
 * A small WebAssembly assembler. Expressions are typed values that nest, statements are expressions of type 'none', and
 * `ModuleBuilder` turns functions into the bytes of a module. Plain numbers stand for constants of the type wanted.
 * Opcodes: WebAssembly core specification 2.0 (SIMD) and the relaxed SIMD and threads extensions.
 */

export type ValueType = 'i32' | 'f32' | 'f64' | 'v128';

/** Bytes, nested as they were composed; flattened once when the module is built. */
type Code = number | readonly Code[];

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

const typeByte: Record<ValueType, number> = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b };

/** Unsigned LEB128. */
function unsigned(value: number): number[] {
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

const expr = <T extends ValueType | 'none'>(type: T, ...code: Code[]): Expr<T> => ({ type, code });

function code(type: ValueType, value: Expr<ValueType> | number): Code {
  if (typeof value !== 'number') return value.code;
  if (type === 'i32') return [0x41, signed(value)];
  if (type === 'f32') return [0x43, bytesOf(Float32Array.of(value))];
  return [0x44, bytesOf(Float64Array.of(value))];
}

/** SIMD opcodes follow a prefix byte. */
const simd = (opcode: number): number[] => [0xfd, ...unsigned(opcode)];

const unary =
  <T extends ValueType, R extends ValueType>(from: T, to: R, opcode: Code) =>
  (x: Arg<T>): Expr<R> =>
    expr(to, code(from, x), opcode);

const binary =
  <T extends ValueType, R extends ValueType>(from: T, to: R, opcode: Code) =>
  (a: Arg<T>, b: Arg<T>): Expr<R> =>
    expr(to, code(from, a), code(from, b), opcode);

const ternary =
  (opcode: Code) =>
  (a: Expr<'v128'>, b: Expr<'v128'>, c: Expr<'v128'>): Expr<'v128'> =>
    expr('v128', a.code, b.code, c.code, opcode);

/** `align` is the logarithm of the natural alignment, only a hint. */
const load =
  <R extends ValueType>(to: R, opcode: Code, align: number) =>
  (address: Arg<'i32'>, offset = 0): Expr<R> =>
    expr(to, code('i32', address), opcode, align, unsigned(offset));

const store =
  <T extends ValueType>(from: T, opcode: Code, align: number) =>
  (address: Arg<'i32'>, value: Arg<T>, offset = 0): Stmt =>
    expr('none', code('i32', address), code(from, value), opcode, align, unsigned(offset));

export const i32 = {
  const: (value: number): Expr<'i32'> => expr('i32', code('i32', value)),
  add: binary('i32', 'i32', 0x6a),
  sub: binary('i32', 'i32', 0x6b),
  mul: binary('i32', 'i32', 0x6c),
  divU: binary('i32', 'i32', 0x6e),
  remU: binary('i32', 'i32', 0x70),
  and: binary('i32', 'i32', 0x71),
  or: binary('i32', 'i32', 0x72),
  xor: binary('i32', 'i32', 0x73),
  shl: binary('i32', 'i32', 0x74),
  shrU: binary('i32', 'i32', 0x76),
  eqz: unary('i32', 'i32', 0x45),
  eq: binary('i32', 'i32', 0x46),
  ne: binary('i32', 'i32', 0x47),
  ltU: binary('i32', 'i32', 0x49),
  ltS: binary('i32', 'i32', 0x48),
  geU: binary('i32', 'i32', 0x4f),
  load: load('i32', 0x28, 2),
  load8U: load('i32', 0x2d, 0),
  load8S: load('i32', 0x2c, 0),
  load16S: load('i32', 0x2e, 1),
  load16U: load('i32', 0x2f, 1),
  store: store('i32', 0x36, 2),
  store8: store('i32', 0x3a, 0),
  store16: store('i32', 0x3b, 1),
  minU: (a: Expr<'i32'>, b: Arg<'i32'>): Expr<'i32'> =>
    expr('i32', a.code, code('i32', b), a.code, code('i32', b), 0x49, 0x1b),
};

export const f32 = {
  /** As an integer of the same bits. */
  bits: unary('f32', 'i32', 0xbc),
  demote: unary('f64', 'f32', 0xb6),
  const: (value: number): Expr<'f32'> => expr('f32', code('f32', value)),
  add: binary('f32', 'f32', 0x92),
  sub: binary('f32', 'f32', 0x93),
  mul: binary('f32', 'f32', 0x94),
  div: binary('f32', 'f32', 0x95),
  load: load('f32', 0x2a, 2),
  store: store('f32', 0x38, 2),
};

export const f64 = {
  const: (value: number): Expr<'f64'> => expr('f64', code('f64', value)),
  add: binary('f64', 'f64', 0xa0),
  sub: binary('f64', 'f64', 0xa1),
  mul: binary('f64', 'f64', 0xa2),
  div: binary('f64', 'f64', 0xa3),
  load: load('f64', 0x2b, 3),
  store: store('f64', 0x39, 3),
  eq: binary('f64', 'i32', 0x61),
  lt: binary('f64', 'i32', 0x63),
  le: binary('f64', 'i32', 0x65),
  promote: unary('f32', 'f64', 0xbb),
  /** Of a signed integer. */
  fromI32: unary('i32', 'f64', 0xb7),
};

export const v128 = {
  load: load('v128', simd(0), 0),
  load8x8S: load('v128', simd(1), 0),
  load8x8U: load('v128', simd(2), 0),
  load16x4S: load('v128', simd(3), 0),
  load16x4U: load('v128', simd(4), 0),
  load32Splat: load('v128', simd(9), 2),
  load64Splat: load('v128', simd(10), 3),
  /** Low lanes from memory, zero above. */
  load32Zero: load('v128', simd(0x5c), 2),
  load64Zero: load('v128', simd(0x5d), 3),
  store: store('v128', simd(0x0b), 0),
  zero: expr('v128', simd(0x0c), new Array<number>(16).fill(0)),
  and: binary('v128', 'v128', simd(0x4e)),
  or: binary('v128', 'v128', simd(0x50)),
  xor: binary('v128', 'v128', simd(0x51)),
  /** Bits of `a` where `mask` is set, else of `b`. */
  bitselect: ternary(simd(0x52)),
  not: unary('v128', 'v128', simd(0x4d)),
  /** a and not b */
  andNot: binary('v128', 'v128', simd(0x4f)),
  anyTrue: unary('v128', 'i32', simd(0x53)),
  /** Writes the first lane of 8 or 16 bits. */
  storeLane8: (address: Arg<'i32'>, value: Expr<'v128'>, offset = 0): Stmt =>
    expr('none', code('i32', address), value.code, simd(0x58), 0, unsigned(offset), 0),
  storeLane16: (address: Arg<'i32'>, value: Expr<'v128'>, offset = 0): Stmt =>
    expr('none', code('i32', address), value.code, simd(0x59), 1, unsigned(offset), 0),
  /** Whether all 32-bit lanes are other than zero. */
  allTrue32: unary('v128', 'i32', simd(0xa3)),
  /** Writes the first 32-bit lane. */
  storeLane32: (address: Arg<'i32'>, value: Expr<'v128'>, offset = 0): Stmt =>
    expr('none', code('i32', address), value.code, simd(0x5a), 2, unsigned(offset), 0),
  /** Writes the first 64-bit lane. */
  storeLane64: (address: Arg<'i32'>, value: Expr<'v128'>, offset = 0): Stmt =>
    expr('none', code('i32', address), value.code, simd(0x5b), 3, unsigned(offset), 0),
  /** 32-bit lanes 0-3 of `a` and 4-7 of `b`. */
  shuffle32: (a: Expr<'v128'>, b: Expr<'v128'>, lanes: readonly number[]): Expr<'v128'> =>
    expr(
      'v128',
      a.code,
      b.code,
      simd(0x0d),
      lanes.flatMap((lane) => [lane * 4, lane * 4 + 1, lane * 4 + 2, lane * 4 + 3]),
    ),
};

export const f32x4 = {
  splat: unary('f32', 'v128', simd(0x13)),
  lane: (x: Expr<'v128'>, lane: number): Expr<'f32'> => expr('f32', x.code, simd(0x1f), lane),
  add: binary('v128', 'v128', simd(0xe4)),
  sub: binary('v128', 'v128', simd(0xe5)),
  mul: binary('v128', 'v128', simd(0xe6)),
  div: binary('v128', 'v128', simd(0xe7)),
  /** NaN wins, -0 < 0. */
  min: binary('v128', 'v128', simd(0xe8)),
  max: binary('v128', 'v128', simd(0xe9)),
  /** b < a ? b : a */
  pmin: binary('v128', 'v128', simd(0xea)),
  /** a < b ? b : a */
  pmax: binary('v128', 'v128', simd(0xeb)),
  abs: unary('v128', 'v128', simd(0xe0)),
  neg: unary('v128', 'v128', simd(0xe1)),
  sqrt: unary('v128', 'v128', simd(0xe3)),
  ceil: unary('v128', 'v128', simd(0x67)),
  floor: unary('v128', 'v128', simd(0x68)),
  trunc: unary('v128', 'v128', simd(0x69)),
  eq: binary('v128', 'v128', simd(0x41)),
  ne: binary('v128', 'v128', simd(0x42)),
  le: binary('v128', 'v128', simd(0x45)),
  ge: binary('v128', 'v128', simd(0x46)),
  nearest: unary('v128', 'v128', simd(0x6a)),
  lt: binary('v128', 'v128', simd(0x43)),
  gt: binary('v128', 'v128', simd(0x44)),
  /** `a * b + c` with one rounding or two, as the machine has it (relaxed SIMD). */
  relaxedMadd: ternary(simd(0x105)),
};

export const f64x2 = {
  splat: unary('f64', 'v128', simd(0x14)),
  lane: (x: Expr<'v128'>, lane: number): Expr<'f64'> => expr('f64', x.code, simd(0x21), lane),
  add: binary('v128', 'v128', simd(0xf0)),
  sub: binary('v128', 'v128', simd(0xf1)),
  mul: binary('v128', 'v128', simd(0xf2)),
  /** Both lanes rounded to float32 in the low half, zero above. */
  demote: unary('v128', 'v128', simd(0x5e)),
  /** The first two float32 lanes, exactly. */
  promoteLow: unary('v128', 'v128', simd(0x5f)),
};

export const i32x4 = {
  splat: unary('i32', 'v128', simd(0x11)),
  lane: (x: Expr<'v128'>, lane: number): Expr<'i32'> => expr('i32', x.code, simd(0x1b), lane),
  add: binary('v128', 'v128', simd(0xae)),
  sub: binary('v128', 'v128', simd(0xb1)),
  mul: binary('v128', 'v128', simd(0xb5)),
  shl: (x: Expr<'v128'>, bits: Arg<'i32'>): Expr<'v128'> => expr('v128', x.code, code('i32', bits), simd(0xab)),
  shrS: (x: Expr<'v128'>, bits: Arg<'i32'>): Expr<'v128'> => expr('v128', x.code, code('i32', bits), simd(0xac)),
  /** Sums of two products of neighbouring signed 16-bit lanes. */
  dotI16x8: binary('v128', 'v128', simd(0xba)),
  /** Products of the low or the high four signed 16-bit lanes. */
  extmulLowI16x8: binary('v128', 'v128', simd(0xbc)),
  extmulHighI16x8: binary('v128', 'v128', simd(0xbd)),
  /** The low or the high four 16-bit lanes, with sign or without. */
  extendLowS: unary('v128', 'v128', simd(0xa7)),
  extendHighS: unary('v128', 'v128', simd(0xa8)),
  extendLowU: unary('v128', 'v128', simd(0xa9)),
  extendHighU: unary('v128', 'v128', simd(0xaa)),
  truncSatF32x4: unary('v128', 'v128', simd(0xf8)),
  toF32x4: unary('v128', 'v128', simd(0xfa)),
  ne: binary('v128', 'v128', simd(0x38)),
  gtS: binary('v128', 'v128', simd(0x3b)),
  /**
   * Sums of four products of neighbouring bytes, signed ones of `a` and ones of 7 bits of `b`, plus `c` (relaxed SIMD): whether a `b`
   * of 8 bits counts as signed or as unsigned, and whether sums saturate on the way, is up to the machine.
   */
  relaxedDotI8x16I7x16Add: ternary(simd(0x113)),
};

export const i16x8 = {
  splat: unary('i32', 'v128', simd(0x10)),
  add: binary('v128', 'v128', simd(0x8e)),
  sub: binary('v128', 'v128', simd(0x91)),
  mul: binary('v128', 'v128', simd(0x95)),
  shl: (x: Expr<'v128'>, bits: Arg<'i32'>): Expr<'v128'> => expr('v128', x.code, code('i32', bits), simd(0x8b)),
  shrS: (x: Expr<'v128'>, bits: Arg<'i32'>): Expr<'v128'> => expr('v128', x.code, code('i32', bits), simd(0x8c)),
  shrU: (x: Expr<'v128'>, bits: Arg<'i32'>): Expr<'v128'> => expr('v128', x.code, code('i32', bits), simd(0x8d)),
  /** Pairs of lanes of `a` and `b` in turn: a0 b0 a1 b1 ... from the low or the high half. */
  interleaveLow: (a: Expr<'v128'>, b: Expr<'v128'>): Expr<'v128'> => shuffle16(a, b, [0, 8, 1, 9, 2, 10, 3, 11]),
  interleaveHigh: (a: Expr<'v128'>, b: Expr<'v128'>): Expr<'v128'> => shuffle16(a, b, [4, 12, 5, 13, 6, 14, 7, 15]),
  /** The low or the high eight bytes, with sign or without. */
  extendLowS: unary('v128', 'v128', simd(0x87)),
  extendHighS: unary('v128', 'v128', simd(0x88)),
  extendLowU: unary('v128', 'v128', simd(0x89)),
  extendHighU: unary('v128', 'v128', simd(0x8a)),
  /** The low 16 bits of the 32-bit lanes of `a`, then of `b`, saturated. */
  narrowS: binary('v128', 'v128', simd(0x85)),
};

export const i8x16 = {
  splat: unary('i32', 'v128', simd(0x0f)),
  /** Bytes of `a` and `b` in turn: a0 b0 a1 b1 ... from the low or the high half. */
  interleaveLow: (a: Expr<'v128'>, b: Expr<'v128'>): Expr<'v128'> => shuffle8(a, b, 0),
  interleaveHigh: (a: Expr<'v128'>, b: Expr<'v128'>): Expr<'v128'> => shuffle8(a, b, 8),
  /** The low eight bytes and the high eight in turn. */
  zip: (x: Expr<'v128'>): Expr<'v128'> =>
    expr('v128', x.code, x.code, simd(0x0d), Array.from({ length: 8 }, (_, i) => [i, i + 8]).flat()),
  /** The bytes at even places, twice. */
  even: (x: Expr<'v128'>): Expr<'v128'> =>
    expr(
      'v128',
      x.code,
      x.code,
      simd(0x0d),
      Array.from({ length: 16 }, (_, i) => (2 * i) % 16),
    ),
  minS: binary('v128', 'v128', simd(0x76)),
  maxS: binary('v128', 'v128', simd(0x78)),
  minU: binary('v128', 'v128', simd(0x77)),
  maxU: binary('v128', 'v128', simd(0x79)),
  abs: unary('v128', 'v128', simd(0x60)),
  /** The low 8 bits of the 16-bit lanes of `a`, then of `b`, saturated. */
  narrowS: binary('v128', 'v128', simd(0x65)),
  narrowU: binary('v128', 'v128', simd(0x66)),
};

function shuffle8(a: Expr<'v128'>, b: Expr<'v128'>, first: 0 | 8): Expr<'v128'> {
  return expr(
    'v128',
    a.code,
    b.code,
    simd(0x0d),
    Array.from({ length: 8 }, (_, i) => [first + i, 16 + first + i]).flat(),
  );
}

function shuffle16(a: Expr<'v128'>, b: Expr<'v128'>, lanes: readonly number[]): Expr<'v128'> {
  return expr(
    'v128',
    a.code,
    b.code,
    simd(0x0d),
    lanes.flatMap((lane) => [lane * 2, lane * 2 + 1]),
  );
}

/** Sets `count` bytes from `address` on. */
export const fillBytes = (address: Arg<'i32'>, value: Arg<'i32'>, count: Arg<'i32'>): Stmt =>
  expr('none', code('i32', address), code('i32', value), code('i32', count), 0xfc, 11, 0);

/** `value` after some statements. */
export const after = <T extends ValueType>(statements: readonly Stmt[], value: Expr<T>): Expr<T> =>
  expr(value.type, ...statements.map((statement) => statement.code), value.code);

/** Several statements in order. */
export const seq = (...statements: readonly Stmt[]): Stmt =>
  expr('none', ...statements.map((statement) => statement.code));

/** `then` (or `otherwise`) by a condition. */
export const when = (condition: Expr<'i32'>, then: Stmt, otherwise?: Stmt): Stmt =>
  otherwise
    ? expr('none', condition.code, 0x04, 0x40, then.code, 0x05, otherwise.code, 0x0b)
    : expr('none', condition.code, 0x04, 0x40, then.code, 0x0b);

/** Runs `body`, and again while `condition` holds after it. */
export const doWhile = (body: Stmt, condition: Expr<'i32'>): Stmt =>
  expr('none', 0x03, 0x40, body.code, condition.code, 0x0d, 0, 0x0b);

/** `for (i = from; i < to; i += step) body`, unsigned; `to` is evaluated in every round. */
export const forRange = (i: Local<'i32'>, from: Arg<'i32'>, to: Arg<'i32'>, step: number, body: Stmt): Stmt =>
  seq(i.set(from), when(i32.ltU(i, to), doWhile(body, i32.ltU(i.tee(i32.add(i, step)), to))));

/** What a function body is written with. */
export interface FunctionScope {
  local<T extends ValueType>(type: T): Local<T>;
  /** Several locals of one type; with a literal count the result destructures without checks. */
  locals<T extends ValueType, const N extends number>(type: T, count: N): Locals<T, N>;
}

/** A tuple of N locals where N is a literal, else an array. */
export type Locals<T extends ValueType, N extends number, R extends Local<T>[] = []> = number extends N
  ? Local<T>[]
  : R['length'] extends N
    ? R
    : Locals<T, N, [...R, Local<T>]>;

/** A function of the module; calling it makes a call statement. Numbers are of type i32. */
export type EmittedFunction = (...args: readonly (Expr<ValueType> | number)[]) => Stmt;

type Params<P extends readonly ValueType[]> = { [K in keyof P]: Local<P[K]> };

interface Signature {
  readonly params: readonly ValueType[];
  readonly locals: readonly ValueType[];
  readonly body: Code;
  readonly name: string | null;
}

function localAt<T extends ValueType>(type: T, index: number): Local<T> {
  const at = unsigned(index);
  return {
    type,
    code: [0x20, at],
    set: (value) => expr('none', code(type, value), 0x21, at),
    tee: (value) => expr(type, code(type, value), 0x22, at),
  };
}

/** How a module sees the memory it imports as `env.memory`; sizes in pages of 64 KiB. */
export interface MemoryImport {
  readonly initial: number;
  readonly maximum: number;
  readonly shared: boolean;
}

/** Collects functions and assembles them into a module that imports one memory. */
export class ModuleBuilder {
  private readonly functions: Signature[] = [];

  constructor(private readonly memory: MemoryImport | null) {}

  /** Adds a function; a name exports it. The body gets a scope for locals and the parameters. */
  func<const P extends readonly ValueType[]>(
    name: string | null,
    params: P,
    body: (scope: FunctionScope, ...params: Params<P>) => Stmt,
  ): EmittedFunction {
    const locals: ValueType[] = [];
    const scope: FunctionScope = {
      local: (type) => localAt(type, params.length + locals.push(type) - 1),
      locals: <T extends ValueType, N extends number>(type: T, count: N) =>
        Array.from({ length: count }, () => scope.local(type)) as Locals<T, N>,
    };
    const parameters = params.map((type, index) => localAt(type, index)) as unknown as Params<P>;
    const statement = body(scope, ...parameters);
    const index = this.functions.push({ params, locals, body: statement.code, name }) - 1;
    return (...args) =>
      expr(
        'none',
        args.map((arg) => code('i32', arg)),
        0x10,
        unsigned(index),
      );
  }

  /** The bytes of the module. */
  bytes(): Uint8Array<ArrayBuffer> {
    const vector = (entries: readonly Code[]): Code => [unsigned(entries.length), ...entries];
    const section = (id: number, content: Code): Code => {
      const flat = flatten(content);
      return [id, unsigned(flat.length), flat];
    };
    const text = (value: string): Code => vector([...value].map((character) => character.charCodeAt(0)));
    const sections: Code[] = [
      section(1, vector(this.functions.map(({ params }) => [0x60, vector(params.map((type) => typeByte[type])), 0]))),
    ];
    if (this.memory) {
      const { initial, maximum, shared } = this.memory;
      sections.push(
        section(2, vector([[text('env'), text('memory'), 2, shared ? 3 : 1, unsigned(initial), unsigned(maximum)]])),
      );
    }
    sections.push(section(3, vector(this.functions.map((_, index) => unsigned(index)))));
    const exported = this.functions.flatMap(({ name }, index) =>
      name === null ? [] : [[text(name), 0, unsigned(index)]],
    );
    sections.push(section(7, vector(exported)));
    const bodies = this.functions.map(({ locals, body }) => {
      const flat = flatten([vector(locals.map((type) => [1, typeByte[type]])), body, 0x0b]);
      return [unsigned(flat.length), flat];
    });
    sections.push(section(10, vector(bodies)));
    return Uint8Array.from(flatten([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...sections]));
  }
}

function flatten(nested: Code, out: number[] = []): number[] {
  if (typeof nested === 'number') out.push(nested);
  else for (const part of nested) flatten(part, out);
  return out;
}
