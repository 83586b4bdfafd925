/**
 * A small WebAssembly assembler. Expressions are typed values that nest, statements are expressions of type 'none', and
 * `ModuleBuilder` turns functions into the bytes of a module. Plain numbers stand for constants of the type wanted.
 */
export type { Arg, Expr, Local, Stmt, ValueType } from './code.js';
export { type EmittedFunction, type FunctionScope, type Locals, type MemoryImport, ModuleBuilder } from './module.js';
export { f32, f64, i32 } from './scalar.js';
export { after, doWhile, fillBytes, forRange, seq, when } from './statements.js';
export { f32x4, f64x2, i16x8, i32x4, i8x16, v128 } from './vector.js';
