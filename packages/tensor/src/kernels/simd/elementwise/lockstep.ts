import { f32x4, i32x4, seq, v128, when, type Expr, type FunctionScope, type Stmt } from '../assembler/assembler.js';
import type { ConstantTable } from '../engine/constants.js';

type Vector = Expr<'v128'>;

/** Several vectors on which the same steps are taken. */
export type Wide = readonly Vector[];

/** An operand of a step: vectors, or a float32 for all lanes. */
export type WideArg = Wide | number;

/**
 * Writes straight-line code that takes each step on several vectors before the next step, so that latencies overlap and
 * every constant is loaded once for all of them. Reads like ordinary arithmetic; `code` is what was written.
 */
export class Lockstep {
  private readonly statements: Stmt[] = [];

  constructor(
    private readonly f: FunctionScope,
    private readonly k: ConstantTable,
    private readonly fused: boolean,
    private readonly width: number,
  ) {}

  /** The statements so far. */
  get code(): Stmt {
    return seq(...this.statements);
  }

  /** One vector for all, loaded here. */
  shared(value: Vector): Wide {
    const local = this.f.local('v128');
    this.statements.push(local.set(value));
    return new Array<Vector>(this.width).fill(local);
  }

  private wide(arg: WideArg): Wide {
    return typeof arg === 'number' ? this.constant(arg) : arg;
  }

  /** Values that are computed here, once. */
  take(values: Wide): Wide {
    return this.step((value) => value, values);
  }

  /** One value per vector, taken over as it is. */
  vectors(make: (u: number) => Vector): Wide {
    return Array.from({ length: this.width }, (_, u) => make(u));
  }

  /** The same bits in all lanes. */
  bits(value: number): Wide {
    return this.shared(this.k.bits(value));
  }

  /** The same float32 in all lanes. */
  constant(value: number): Wide {
    return this.shared(this.k.splat(value));
  }

  /** One step: `make` builds it for one vector. */
  step(make: (...operands: Vector[]) => Vector, ...args: readonly WideArg[]): Wide {
    const operands = args.map((arg) => this.wide(arg));
    return Array.from({ length: this.width }, (_, u) => {
      const local = this.f.local('v128');
      this.statements.push(local.set(make(...operands.map((operand) => operand[u]!))));
      return local;
    });
  }

  add = (a: WideArg, b: WideArg): Wide => this.step(f32x4.add, a, b);
  sub = (a: WideArg, b: WideArg): Wide => this.step(f32x4.sub, a, b);
  mul = (a: WideArg, b: WideArg): Wide => this.step(f32x4.mul, a, b);
  div = (a: WideArg, b: WideArg): Wide => this.step(f32x4.div, a, b);
  // V8 before 13 computes the masks of its own instructions anew for each vector.
  neg = (a: Wide): Wide => this.step(v128.xor, a, this.bits(0x80000000 | 0));
  abs = (a: Wide): Wide => this.step(v128.and, a, this.bits(0x7fffffff));
  /** The bit of the sign alone. */
  signOf = (a: Wide): Wide => this.step(v128.and, a, this.bits(0x80000000 | 0));
  /** The smaller; NaN in `a` stays. */
  min = (a: Wide, b: WideArg): Wide => this.step(f32x4.pmin, a, b);
  /** The larger; NaN in `a` stays. */
  max = (a: Wide, b: WideArg): Wide => this.step(f32x4.pmax, a, b);
  less = (a: WideArg, b: WideArg): Wide => this.step(f32x4.lt, a, b);
  /** Bits of `a` where the mask is set, else zero. */
  and = (mask: Wide, a: WideArg): Wide => this.step(v128.and, mask, a);
  /** Bits of `a` where the mask is set, else of `b`. */
  choose = (mask: Wide, a: Wide, b: Wide): Wide => this.step((m, x, y) => v128.bitselect(x, y, m), mask, a, b);
  /** Integer steps on the bits. */
  addBits = (a: Wide, b: Wide): Wide => this.step(i32x4.add, a, b);
  subBits = (a: Wide, b: Wide): Wide => this.step(i32x4.sub, a, b);
  shiftLeft = (a: Wide, bits: number): Wide => this.step((x) => i32x4.shl(x, bits), a);
  shiftRight = (a: Wide, bits: number): Wide => this.step((x) => i32x4.shrS(x, bits), a);

  /** `a * b + c`, with one rounding where the engine has an instruction for it. */
  madd(a: WideArg, b: WideArg, c: WideArg): Wide {
    return this.step(this.fused ? f32x4.relaxedMadd : (x, y, z) => f32x4.add(f32x4.mul(x, y), z), a, b, c);
  }

  /** Coefficients from the highest power down, by Horner's rule; `first` stands for what comes before them. */
  polynomial(x: Wide, coefficients: readonly number[], first?: Wide): Wide {
    const [start, ...rest] = coefficients;
    const [begun, left] = first ? [first, coefficients] : [this.madd(start!, x, rest[0]!), rest.slice(1)];
    return left.reduce<Wide>((sum, coefficient) => this.madd(sum, x, coefficient), begun);
  }

  /** The sum of all vectors, lane by lane. */
  sum(values: Wide): Vector {
    return values.reduce((sum, value) => f32x4.add(sum, value));
  }

  /** `common` where a mask is set in all lanes, else `rare`, which is as good where it is set. */
  branch(mask: Vector, common: (code: Lockstep) => Wide, rare: (code: Lockstep) => Wide): Wide {
    const results = Array.from({ length: this.width }, () => this.f.local('v128'));
    const [then, otherwise] = [common, rare].map((steps) => {
      const code = new Lockstep(this.f, this.k, this.fused, this.width);
      const values = steps(code);
      return seq(code.code, ...results.map((result, u) => result.set(values[u]!)));
    }) as [Stmt, Stmt];
    this.statements.push(when(v128.allTrue32(mask), then, otherwise));
    return results;
  }
}
