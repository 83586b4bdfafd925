/** Instructions on single numbers: WebAssembly core specification 2.0. */
import { expr, code, unary, binary, load, store, type Arg, type Expr } from './code.js';

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
  sqrt: unary('f64', 'f64', 0x9f),
  load: load('f64', 0x2b, 3),
  store: store('f64', 0x39, 3),
  eq: binary('f64', 'i32', 0x61),
  lt: binary('f64', 'i32', 0x63),
  le: binary('f64', 'i32', 0x65),
  promote: unary('f32', 'f64', 0xbb),
  /** Of a signed integer. */
  fromI32: unary('i32', 'f64', 0xb7),
};
