import {
  forRange,
  i32,
  seq,
  v128,
  when,
  type Expr,
  type FunctionScope,
  type Local,
  type Stmt,
} from '../assembler/assembler.js';

/** Copies `count` bytes, in words as wide as there are bytes; the last word may overlap the one before. */
export function copyBytes(f: FunctionScope, from: Local<'i32'>, to: Local<'i32'>, count: Local<'i32'>): Stmt {
  const [i, last] = f.locals('i32', 2);
  const words = (width: number, move: (offset: Expr<'i32'>) => Stmt): Stmt =>
    seq(last.set(i32.sub(count, width)), forRange(i, 0, last, width, move(i)), move(last));
  const at = (base: Local<'i32'>, offset: Expr<'i32'>): Expr<'i32'> => i32.add(base, offset);
  return when(
    i32.geU(count, 16),
    words(16, (offset) => v128.store(at(to, offset), v128.load(at(from, offset)))),
    when(
      i32.geU(count, 4),
      words(4, (offset) => i32.store(at(to, offset), i32.load(at(from, offset)))),
      forRange(i, 0, count, 1, i32.store8(at(to, i), i32.load8U(at(from, i)))),
    ),
  );
}
