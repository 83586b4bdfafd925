import { expr, code, type Arg, type Expr, type Local, type Stmt, type ValueType } from './code.js';
import { i32 } from './scalar.js';

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

/**
 * Runs `body`, and again while `condition` holds after it. The code holds `copies` of both, with a way out behind each: short loops
 * gain by it, where copies of the body without a branch between them make V8 before 13 spill registers.
 */
export const doWhile = (body: Stmt, condition: Expr<'i32'>, copies = 1): Stmt => {
  const leaving = Array.from({ length: copies - 1 }, () => [body.code, condition.code, 0x45, 0x0d, 1]);
  return expr('none', 0x02, 0x40, 0x03, 0x40, ...leaving, body.code, condition.code, 0x0d, 0, 0x0b, 0x0b);
};

/** `for (i = from; i < to; i += step) body`, unsigned; `to` is evaluated in every round. */
export const forRange = (i: Local<'i32'>, from: Arg<'i32'>, to: Arg<'i32'>, step: Arg<'i32'>, body: Stmt): Stmt =>
  seq(i.set(from), when(i32.ltU(i, to), doWhile(body, i32.ltU(i.tee(i32.add(i, step)), to))));
