import { v128, type Expr } from './assembler.js';

/** Where the table begins; the heap proper starts one page up. */
const TABLE = 1024;

/**
 * Vectors that kernels read from memory: V8 rebuilds a vector constant in every iteration of a loop, a load is cheaper.
 * Filled while kernels are emitted, written to memory before they run.
 */
export class ConstantTable {
  private readonly values: number[] = [];

  /** A float32 in all four lanes. */
  splat(value: number): Expr<'v128'> {
    return this.bits(new Int32Array(Float32Array.of(value).buffer)[0]!);
  }

  /** 32 bits in all four lanes. */
  bits(value: number): Expr<'v128'> {
    let index = this.values.indexOf(value);
    if (index < 0) index = this.values.push(value) - 1;
    return v128.load(0, TABLE + index * 16);
  }

  /** Copies the table to where the kernels look for it. */
  write(heap: Int32Array): void {
    this.values.forEach((value, index) => heap.fill(value, TABLE / 4 + index * 4, TABLE / 4 + index * 4 + 4));
  }
}
