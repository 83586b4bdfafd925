/** Reproducible numbers: every process draws the same inputs, so none have to be sent. */
export class Draw {
  constructor(private state: number) {}

  /** The next of 2^32 values (Marsaglia's xorshift32). */
  private next(): number {
    let s = this.state;
    s ^= s << 13;
    s ^= s >>> 17;
    s ^= s << 5;
    this.state = s;
    return s >>> 0;
  }

  /** `count` numbers from -bound to bound. */
  uniform(count: number, bound = 1): Float32Array {
    return Float32Array.from({ length: count }, () => (this.next() / 2 ** 31 - 1) * bound);
  }

  /** `count` integers from 0 to 255. */
  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.next() >>> 24);
  }

  /** `count` integers from -128 to 127. */
  signedBytes(count: number): Int8Array {
    return Int8Array.from({ length: count }, () => (this.next() >>> 24) - 128);
  }

  /** `count` class labels below `classes`. */
  labels(count: number, classes: number): Int32Array {
    return Int32Array.from({ length: count }, () => this.next() % classes);
  }
}
