import { v128, type Expr } from '../assembler/assembler.js';

/** Where the table begins; the heap proper starts one page up. */
const TABLE = 1024;

/**
 * Vectors that kernels read from memory: V8 rebuilds a vector constant in every iteration of a loop, a load is cheaper.
 * Filled while kernels are emitted, written to memory before they run.
 */
export class ConstantTable {
  /** Bits of the splatted constants; the vector before them is `firstLane`. */
  private readonly values: number[] = [];

  /** A float32 in all four lanes. */
  splat(value: number): Expr<'v128'> {
    return this.bits(new Int32Array(Float32Array.of(value).buffer)[0]!);
  }

  /** 32 bits in all four lanes. */
  bits(value: number): Expr<'v128'> {
    let index = this.values.indexOf(value);
    if (index < 0) index = this.values.push(value) - 1;
    return v128.load(0, TABLE + (index + 1) * 16);
  }

  /** All bits set in the first 32-bit lane, none in the others. */
  firstLane(): Expr<'v128'> {
    return v128.load(0, TABLE);
  }

  /** Copies the table to where the kernels look for it. */
  write(heap: Int32Array): void {
    heap.set([-1, 0, 0, 0], TABLE / 4);
    this.values.forEach((value, index) => {
      const at = TABLE / 4 + (index + 1) * 4;
      heap.fill(value, at, at + 4);
    });
  }
}
