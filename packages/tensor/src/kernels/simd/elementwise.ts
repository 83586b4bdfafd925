import type { BinaryName, ElementwiseKernels, TernaryName, UnaryName } from '../contract/elementwise.js';
import { f32x4, v128, type Expr } from './assembler.js';
import type { Family, SimdEngine } from './engine.js';
import { vectorFunctions } from './functions.js';
import { emitRow, overRows, worthwhile, type Body } from './rows.js';

/** The functions of two elements that have a vector form; all exact. */
const vectorPairs: Partial<Record<BinaryName, (a: Expr<'v128'>, b: Expr<'v128'>) => Expr<'v128'>>> = {
  add: f32x4.add,
  sub: f32x4.sub,
  mul: f32x4.mul,
  div: f32x4.div,
  maximum: f32x4.max,
  minimum: f32x4.min,
  // y <= 0 ? 0 : grad, which lets the gradient pass at NaN.
  reluGrad: (grad, y) => v128.andNot(grad, f32x4.le(y, v128.zero)),
};

/** The functions of three elements and a number that have a vector form; exact with a rounding after every step. */
const vectorTriples: Partial<Record<TernaryName, Body>> = {
  addcmul: (code, [a, b, c, value]) => code.add(a!, code.mul(code.mul(value!, b!), c!)),
  addcdiv: (code, [a, b, c, value]) => code.add(a!, code.div(code.mul(value!, b!), c!)),
};

const unaryFamily =
  (name: UnaryName): Family =>
  (emission) =>
    emitRow(emission, name, ['vector'], (code, [x]) => vectorFunctions[name]!(code, x!));

const binaryFamily =
  (name: BinaryName): Family =>
  (emission) => {
    const body: Body = (code, [a, b]) => code.step(vectorPairs[name]!, a!, b!);
    emitRow(emission, 'vv', ['vector', 'vector'], body);
    emitRow(emission, 'vs', ['vector', 'scalar'], body);
    emitRow(emission, 'sv', ['scalar', 'vector'], body);
  };

const ternaryFamily =
  (name: TernaryName): Family =>
  (emission) =>
    emitRow(emission, name, ['vector', 'vector', 'vector', 'number'], vectorTriples[name]!);

const scaledFamily: Family = (emission) =>
  emitRow(emission, 'addScaled', ['vector', 'vector', 'number'], (code, [a, b, alpha]) =>
    code.add(a!, code.mul(alpha!, b!)),
  );

const inOrder = (steps: readonly number[]): boolean => steps.every((step) => step === 1);

const families = <N extends string>(
  names: Partial<Record<N, unknown>>,
  family: (name: N) => Family,
): Partial<Record<N, Family>> =>
  Object.fromEntries((Object.keys(names) as N[]).map((name) => [name, family(name)])) as Partial<Record<N, Family>>;

/** Element-wise kernels on float32; what has no vector form goes to `fallback`. */
export function simdElementwise(engine: SimdEngine, fallback: ElementwiseKernels): Partial<ElementwiseKernels> {
  const unaries = families(vectorFunctions, unaryFamily);
  const binaries = families(vectorPairs, binaryFamily);
  const ternaries = families(vectorTriples, ternaryFamily);
  return {
    unary(name, x, out) {
      const family = unaries[name];
      const done =
        family !== undefined &&
        worthwhile([x, out], out.layout.numel) &&
        overRows(engine, [x], out, ([step]) => (step === 1 ? engine.load(family)[name] : null));
      if (!done) fallback.unary(name, x, out);
    },
    binary(name, a, b, out) {
      const family = binaries[name];
      const done =
        family !== undefined &&
        worthwhile([a, b, out], out.layout.numel) &&
        overRows(engine, [a, b], out, ([as, bs]) => {
          const { vv, vs, sv } = engine.load(family);
          return (as === 1 ? (bs === 1 ? vv : bs === 0 ? vs : null) : as === 0 && bs === 1 ? sv : null) ?? null;
        });
      if (!done) fallback.binary(name, a, b, out);
    },
    ternary(name, a, b, c, out, value) {
      const family = ternaries[name];
      const views = [a, b, c];
      const done =
        family !== undefined &&
        worthwhile([...views, out], out.layout.numel) &&
        overRows(engine, views, out, (steps) => (inOrder(steps) ? engine.load(family)[name] : null), [value]);
      if (!done) fallback.ternary(name, a, b, c, out, value);
    },
    addScaled(a, b, out, alpha) {
      const done =
        worthwhile([a, b, out], out.layout.numel) &&
        overRows(engine, [a, b], out, (steps) => (inOrder(steps) ? engine.load(scaledFamily).addScaled : null), [
          alpha,
        ]);
      if (!done) fallback.addScaled(a, b, out, alpha);
    },
  };
}
