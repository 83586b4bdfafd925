import { checkOptions } from './arguments.js';
import type { DType } from './dtype.js';
import { ArgumentError, described } from './errors.js';

/** 1/23, 1/21 and so on to 1: the series of log. */
const ODD_PARTS = Array.from({ length: 12 }, (_, i) => 1 / (23 - 2 * i));

/** log(x) for 0 < x < 1 out of additions, multiplications and one division only: the same bits on every platform. */
function logarithm(x: number): number {
  let exponent = 0;
  // Scaling by powers of two is exact.
  while (x < Math.SQRT1_2) {
    x *= 2;
    exponent--;
  }
  // log(x) = 2 artanh(s): the series converges fast because |s| < 0.172.
  const s = (x - 1) / (x + 1);
  const square = s * s;
  let sum = 0;
  for (let i = 0; i < ODD_PARTS.length; i++) sum = sum * square + ODD_PARTS[i]!;
  return exponent * Math.LN2 + 2 * s * sum;
}

/** 32 bits from one 32 bit state, to spread a seed (splitmix32). */
function spread(state: number): number {
  let z = state;
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return (z ^ (z >>> 16)) >>> 0;
}

/** State of a generator: plain data that can be stored. */
export interface GeneratorState {
  /** The four words of 32 bits of xoshiro128**. */
  readonly words: readonly number[];
  /** The normal number made in advance, if there is one: they are made in pairs. */
  readonly spare: number | null;
}

/**
 * A source of pseudo-random numbers: xoshiro128** of Blackman and Vigna. The numbers depend on the seed alone, not on the
 * platform; normal numbers are made with exactly rounded operations for that reason. Not for cryptography.
 */
export class Generator {
  private readonly words = new Uint32Array(4);
  private spare: number | null = null;

  /** @param seed any safe integer */
  constructor(seed = 0) {
    this.manualSeed(seed);
  }

  /** Starts again from a seed. Returns this generator. */
  manualSeed(seed: number): this {
    if (!Number.isSafeInteger(seed))
      throw new ArgumentError(`manualSeed: a seed is a safe integer, got ${described(seed)}.`);
    let state = (seed >>> 0) ^ Math.imul(Math.floor(seed / 2 ** 32), 0x9e3779b1);
    for (let i = 0; i < 4; i++) {
      state = (state + 0x9e3779b9) >>> 0;
      this.words[i] = spread(state);
    }
    this.spare = null;
    return this;
  }

  /** The state, to be restored with `setState`: four words, and the normal number made in advance if there is one. */
  getState(): GeneratorState {
    return { words: [...this.words], spare: this.spare };
  }

  /** Continues from a state of `getState`. */
  setState(state: GeneratorState): void {
    const { words, spare } = (state as Partial<GeneratorState> | null) ?? {};
    const isWord = (word: unknown): boolean => typeof word === 'number' && word >>> 0 === word;
    if (
      !Array.isArray(words) ||
      words.length !== 4 ||
      !words.every(isWord) ||
      words.every((word) => word === 0) ||
      !(spare === null || typeof spare === 'number')
    )
      throw new ArgumentError('setState: a state has four words, not all of them 0. Take it from getState().');
    this.words.set(words);
    this.spare = spare;
  }

  /** 32 random bits as a number in [0, 2^32). */
  bits(): number {
    const s = this.words;
    const x = Math.imul(s[1]!, 5);
    const result = Math.imul((x << 7) | (x >>> 25), 9) >>> 0;
    const t = s[1]! << 9;
    s[2]! ^= s[0]!;
    s[3]! ^= s[1]!;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= t;
    s[3] = (s[3]! << 11) | (s[3]! >>> 21);
    return result;
  }

  /** Uniform in [0, 1) on a grid of 2^-24, exact in float32. */
  uniform24(): number {
    return (this.bits() >>> 8) * 2 ** -24;
  }

  /** Uniform in [0, 1) on a grid of 2^-53. */
  uniform53(): number {
    const high = this.bits() >>> 5;
    return (high * 2 ** 26 + (this.bits() >>> 6)) * 2 ** -53;
  }

  /** Uniform among the integers in [0, size), without bias up to 2^32; size up to 2^53. */
  integer(size: number): number {
    if (!Number.isSafeInteger(size) || size < 1)
      throw new ArgumentError(`integer: the size must be a positive integer, got ${described(size)}.`);
    if (size > 2 ** 32) return Math.floor(this.uniform53() * size);
    // Numbers from `fair` on would make the first remainders likelier. Almost no number gets near, so `fair` is rarely needed.
    let bits = this.bits();
    if (bits >= 2 ** 32 - size) {
      const fair = 2 ** 32 - (2 ** 32 % size);
      while (bits >= fair) bits = this.bits();
    }
    return bits % size;
  }

  /** Standard normal, by the polar method of Marsaglia. */
  normal(): number {
    if (this.spare !== null) {
      const next = this.spare;
      this.spare = null;
      return next;
    }
    for (;;) {
      const u = 2 * this.uniform53() - 1;
      const v = 2 * this.uniform53() - 1;
      const square = u * u + v * v;
      if (square >= 1 || square === 0) continue;
      const scale = Math.sqrt((-2 * logarithm(square)) / square);
      this.spare = v * scale;
      return u * scale;
    }
  }
}

/** The generator of everything random that is not given one of its own. */
export const defaultGenerator = new Generator();

/** The generator that the options of a call name, or the default one. Throws ArgumentError for anything else. */
export function generatorOf(operation: string, options: { readonly generator?: Generator | undefined }): Generator {
  checkOptions(operation, options);
  const { generator = defaultGenerator } = options;
  if (!(generator instanceof Generator))
    throw new ArgumentError(`${operation}: generator must be a Generator, got ${described(generator)}.`);
  return generator;
}

/** Seeds the default generator, which starts from seed 0. Returns it. */
export const manualSeed = (seed: number): Generator => defaultGenerator.manualSeed(seed);

/** Uniform numbers of a dtype's own grid in [0, 1), so that rounding never reaches 1. */
export function uniformOf(dtype: DType, generator: Generator): () => number {
  if (dtype === 'float64') return () => generator.uniform53();
  if (dtype === 'float16') return () => (generator.bits() >>> 21) * 2 ** -11;
  if (dtype === 'bfloat16') return () => (generator.bits() >>> 24) * 2 ** -8;
  return () => generator.uniform24();
}
