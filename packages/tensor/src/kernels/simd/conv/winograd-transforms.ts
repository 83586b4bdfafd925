import { f32, f32x4, seq, v128, type Expr, type Local, type Stmt } from '../assembler/assembler.js';

/**
 * Winograd's convolution F(4x4, 3x3): an output tile of 4 x 4 from 36 products per pair of channels, where taps would take 144.
 * The interpolation points 0, ±5/8, ±3/2 and infinity keep the rounding error near that of the sum over taps (below 2^-17 of the
 * largest output; with the usual 0, ±1, ±2 it is several times larger), and their squares are exact in float32.
 * Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, 2016.
 */
const [P, Q] = [0.625, 1.5];
const [PP, QQ] = [P * P, Q * Q];

/** Outputs of a tile along a dim, and positions it is computed from. */
export const TILE = 4;
export const REACH = 6;

/** The transformation of a 3-tap filter along one dim: its polynomial at the points, scaled so that inputs need no fractions. */
export const FILTER: readonly (readonly [number, number, number])[] = [
  [1 / (PP * QQ), 0, 0],
  ...[P, -P].map(
    (p): [number, number, number] => [1, p, PP].map((x) => x / (2 * PP * (PP - QQ))) as [number, number, number],
  ),
  ...[Q, -Q].map(
    (q): [number, number, number] => [1, q, QQ].map((x) => x / (2 * QQ * (QQ - PP))) as [number, number, number],
  ),
  [0, 0, 1],
];

type Vectors = readonly Expr<'v128'>[];

const splat = (x: number): Expr<'v128'> => f32x4.splat(f32.const(x));

/** One dim of the transformation of the inputs: six positions to six points. */
export function transformInput(
  d: Vectors,
  c: Constants,
  t: readonly Local<'v128'>[],
  done: (at: number, value: Expr<'v128'>) => Stmt,
): Stmt {
  const [even, odd] = t as [Local<'v128'>, Local<'v128'>];
  const edge = (a: Expr<'v128'>, b: Expr<'v128'>, last: Expr<'v128'>): Expr<'v128'> =>
    f32x4.add(f32x4.sub(f32x4.mul(a, c.product), f32x4.mul(b, c.sum)), last);
  const pair = (first: number, point: Expr<'v128'>, otherSquare: Expr<'v128'>): Stmt =>
    seq(
      even.set(f32x4.sub(d[4]!, f32x4.mul(d[2]!, otherSquare))),
      odd.set(f32x4.mul(f32x4.sub(d[3]!, f32x4.mul(d[1]!, otherSquare)), point)),
      done(first, f32x4.add(even, odd)),
      done(first + 1, f32x4.sub(even, odd)),
    );
  return seq(
    done(0, edge(d[0]!, d[2]!, d[4]!)),
    pair(1, c.p, c.qq),
    pair(3, c.q, c.pp),
    done(5, edge(d[1]!, d[3]!, d[5]!)),
  );
}

/** One dim of the transformation of the products: six points to four outputs. */
export function transformOutput(
  m: Vectors,
  c: Constants,
  t: readonly Local<'v128'>[],
  done: (at: number, value: Expr<'v128'>) => Stmt,
): Stmt {
  const [e1, o1, e2, o2] = t as [Local<'v128'>, Local<'v128'>, Local<'v128'>, Local<'v128'>];
  const both = (a: Expr<'v128'>, x: Expr<'v128'>, b: Expr<'v128'>, y: Expr<'v128'>): Expr<'v128'> =>
    f32x4.add(f32x4.mul(a, x), f32x4.mul(b, y));
  return seq(
    e1.set(f32x4.add(m[1]!, m[2]!)),
    o1.set(f32x4.sub(m[1]!, m[2]!)),
    e2.set(f32x4.add(m[3]!, m[4]!)),
    o2.set(f32x4.sub(m[3]!, m[4]!)),
    done(0, f32x4.add(m[0]!, f32x4.add(e1, e2))),
    done(1, both(o1, c.p, o2, c.q)),
    done(2, both(e1, c.pp, e2, c.qq)),
    done(3, f32x4.add(both(o1, c.ppp, o2, c.qqq), m[5]!)),
  );
}

/** The numbers of the transformations, in locals: V8 rebuilds constants in loops. */
export interface Constants {
  readonly p: Expr<'v128'>;
  readonly q: Expr<'v128'>;
  readonly pp: Expr<'v128'>;
  readonly qq: Expr<'v128'>;
  readonly ppp: Expr<'v128'>;
  readonly qqq: Expr<'v128'>;
  readonly product: Expr<'v128'>;
  readonly sum: Expr<'v128'>;
}

export function constants(locals: readonly Local<'v128'>[]): { readonly set: Stmt; readonly values: Constants } {
  const numbers = { p: P, q: Q, pp: PP, qq: QQ, ppp: PP * P, qqq: QQ * Q, product: PP * QQ, sum: PP + QQ };
  const names = Object.keys(numbers) as (keyof Constants)[];
  return {
    set: seq(...names.map((name, i) => locals[i]!.set(splat(numbers[name])))),
    values: Object.fromEntries(names.map((name, i) => [name, locals[i]!])) as unknown as Constants,
  };
}

/** The 4 x 4 matrix in the lanes of four vectors, transposed, through two vectors at a time. */
export const transposed = (
  [a, b, c, d]: Vectors,
  [u0, u1, u2, u3]: readonly Local<'v128'>[],
): { code: Stmt; rows: Vectors } => ({
  code: seq(
    u0!.set(v128.shuffle32(a!, b!, [0, 4, 1, 5])),
    u1!.set(v128.shuffle32(a!, b!, [2, 6, 3, 7])),
    u2!.set(v128.shuffle32(c!, d!, [0, 4, 1, 5])),
    u3!.set(v128.shuffle32(c!, d!, [2, 6, 3, 7])),
  ),
  rows: [
    v128.shuffle32(u0!, u2!, [0, 1, 4, 5]),
    v128.shuffle32(u0!, u2!, [2, 3, 6, 7]),
    v128.shuffle32(u1!, u3!, [0, 1, 4, 5]),
    v128.shuffle32(u1!, u3!, [2, 3, 6, 7]),
  ],
});
