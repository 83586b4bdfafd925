import type { View } from '../../storage.js';

/** Functions of one element; input and output share a float dtype, or an integer one where the function is exact there. */
export type UnaryName = 'neg' | 'abs' | 'sign' | 'exp' | 'log' | 'sqrt' | 'tanh' | 'relu';

/** Functions of two elements of one dtype. */
export type BinaryName = 'add' | 'sub' | 'mul' | 'imul' | 'div' | 'maximum' | 'minimum';

/** Comparisons; the output is bool. */
export type CompareName = 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge';

/** All inputs are broadcast to the output's shape by their layouts; layouts are arbitrary, dtypes as each kernel says. */
export interface ElementwiseKernels {
  /** Writes `x` into `out`, converting the dtype as PyTorch casts (truncation and wrap-around for integers). */
  copy(x: View, out: View): void;
  fill(value: number, out: View): void;
  unary(name: UnaryName, x: View, out: View): void;
  binary(name: BinaryName, a: View, b: View, out: View): void;
  compare(name: CompareName, a: View, b: View, out: View): void;
  /** `condition ? a : b` with a bool condition. */
  where(condition: View, a: View, b: View, out: View): void;
}
