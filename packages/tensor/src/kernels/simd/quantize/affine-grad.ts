import type { View } from '../../../storage.js';
import type { AffineGrid, AffineKernels, EncodingSums } from '../../contract/affine.js';
import { merge } from '../../reference/walk.js';
import { doWhile, f32x4, f64x2, forRange, i32, seq, v128, when, type Expr, type Stmt } from '../assembler/assembler.js';
import type { Emission, Family, SimdEngine } from '../engine/engine.js';
import { Lockstep, type Wide } from '../elementwise/lockstep.js';
import { worthwhile } from '../elementwise/rows.js';

/** Rows shorter than this are left to the plain loops. */
const SHORT_ROW = 16;

/** Vectors per iteration: more would not fit the registers. */
const WIDTH = 2;

/** Pairs of float64 per sum: a low and a high half for each vector of an iteration. */
const PARTS = 2 * WIDTH;

interface Operands {
  readonly grad: Wide;
  readonly x: Wide;
  readonly scale: Wide;
  readonly offset: Wide;
  readonly low: Wide;
  readonly high: Wide;
}

/** The gradient of x and the terms of those of the encoding, rounded to float32 where the reference does. */
type Gradient = (
  code: Lockstep,
  operands: Operands,
) => { readonly x: Wide; readonly scale: Wide; readonly offset: Wide };

/** All bits set where `q` is on the grid. */
const inside = (code: Lockstep, q: Wide, low: Wide, high: Wide): Wide =>
  code.step((v, lo, hi) => v128.and(f32x4.ge(v, lo), f32x4.le(v, hi)), q, low, high);

const gradients = {
  fakeQuantizeGrad: (code, { grad, x, scale, offset, low, high }) => {
    const t = code.div(x, scale);
    const r = code.step(f32x4.nearest, t);
    const m = code.and(inside(code, code.sub(r, offset), low, high), 1);
    const clamped = code.min(code.max(r, code.add(offset, low)), code.add(offset, high));
    return {
      x: code.mul(grad, m),
      scale: code.mul(grad, code.sub(clamped, code.mul(t, m))),
      offset: code.mul(grad, code.mul(code.sub(1, m), scale)),
    };
  },
  quantizeGrad: (code, { grad, x, scale, offset, low, high }) => {
    const t = code.div(x, scale);
    const q = code.sub(code.step(f32x4.nearest, t), offset);
    const g = code.mul(grad, code.and(inside(code, q, low, high), 1));
    const d = code.div(g, scale);
    return { x: d, scale: code.mul(code.neg(d), t), offset: code.neg(g) };
  },
  dequantizeGrad: (code, { grad, x, scale, offset }) => {
    const d = code.mul(grad, scale);
    return { x: d, scale: code.mul(grad, code.add(x, offset)), offset: d };
  },
} satisfies Record<string, Gradient>;

/**
 * Emits `row(grad, x, scale, offset, low, high, out, n, sums)` for rows with one scale and one offset: the gradient of x into `out`,
 * those of scale and offset as float64 parts into `sums`; and `rowAlone`, which leaves them out.
 */
function emitGradient({ module, constants, features }: Emission, gradient: Gradient): void {
  const params = ['i32', 'i32', 'i32', 'i32', 'f32', 'f32', 'i32', 'i32', 'i32'] as const;
  for (const summed of [true, false])
    module.func(summed ? 'row' : 'rowAlone', params, (f, grad, x, scale, offset, low, high, out, n, sums) => {
      const end = f.local('i32');
      const splats = f.locals('v128', 4);
      const parts = f.locals<'v128', number>('v128', summed ? 2 * PARTS : 0);
      const advance = (bytes: number): Stmt => seq(...[grad, x, out].map((at) => at.set(i32.add(at, bytes))));
      const steps = (
        width: number,
        read: (address: Expr<'i32'>, u: number) => Expr<'v128'>,
        write: (value: Expr<'v128'>, u: number) => Stmt,
        counted: (term: Expr<'v128'>) => Expr<'v128'>,
      ): Stmt => {
        const code = new Lockstep(f, constants, features.fused, width);
        const loaded = (address: Expr<'i32'>): Wide =>
          code.step(
            (v) => v,
            code.vectors((u) => read(address, u)),
          );
        const [s, o, lo, hi] = splats.map((splat) => code.vectors(() => splat)) as [Wide, Wide, Wide, Wide];
        const terms = gradient(code, { grad: loaded(grad), x: loaded(x), scale: s, offset: o, low: lo, high: hi });
        const add = (values: Wide, first: number): Stmt[] =>
          values.flatMap((value, u) => {
            const [a, b] = [parts[first + 2 * u]!, parts[first + 2 * u + 1]!];
            const term = counted(value);
            const upper = v128.shuffle32(term, term, [2, 3, 2, 3]);
            return [a.set(f64x2.add(a, f64x2.promoteLow(term))), b.set(f64x2.add(b, f64x2.promoteLow(upper)))];
          });
        return seq(
          code.code,
          ...terms.x.map(write),
          ...(summed ? [...add(terms.scale, 0), ...add(terms.offset, PARTS)] : []),
        );
      };
      const wide = steps(
        WIDTH,
        (address, u) => v128.load(address, u * 16),
        (value, u) => v128.store(out, value, u * 16),
        (term) => term,
      );
      // All lanes of a single element are the same: one of them counts.
      const single = steps(
        1,
        (address) => v128.load32Splat(address),
        (value) => v128.storeLane32(out, value),
        (term) => v128.and(term, constants.firstLane()),
      );
      return seq(
        ...[v128.load32Splat(scale), v128.load32Splat(offset), f32x4.splat(low), f32x4.splat(high)].map((value, i) =>
          splats[i]!.set(value),
        ),
        ...parts.map((part) => part.set(v128.zero)),
        end.set(i32.add(out, i32.and(i32.shl(n, 2), -16 * WIDTH))),
        when(i32.ltU(out, end), doWhile(seq(wide, advance(16 * WIDTH)), i32.ltU(out, end))),
        n.set(i32.and(n, 4 * WIDTH - 1)),
        forRange(end, 0, n, 1, seq(single, advance(4))),
        ...parts.map((part, i) => v128.store(sums, part, i * 16)),
      );
    });
}

type GradientName = keyof typeof gradients;

const families = Object.fromEntries(
  Object.entries(gradients).map(([name, gradient]) => [name, (emission: Emission) => emitGradient(emission, gradient)]),
) as Record<GradientName, Family>;

/** Gradients of affine quantization on float32 with one encoding per row; everything else goes to `fallback`. */
export function simdAffineGrad(engine: SimdEngine, fallback: AffineKernels): Pick<AffineKernels, GradientName> {
  const { memory } = engine;

  function rows(
    name: GradientName,
    views: readonly [grad: View, x: View, scale: View, offset: View],
    { qmin, qmax }: Pick<AffineGrid, 'qmin' | 'qmax'>,
    out: View,
    sums: EncodingSums | null,
  ): boolean {
    if (!worthwhile([...views, out], out.layout.numel)) return false;
    const all = [...views, out, ...(sums ? [sums.scale, sums.offset] : [])];
    const { sizes, strides } = merge(all.map((view) => view.layout));
    const inner = sizes.length - 1;
    const n = sizes[inner]!;
    const wanted = [1, 1, 0, 0, 1, 0, 0];
    if (n < SHORT_ROW || strides.some((steps, i) => steps[inner] !== wanted[i])) return false;
    memory.beginKernel();
    try {
      const target = out.storage.writePointer(memory, out.layout);
      if (target === null) return false;
      const starts = views.map(({ storage, layout }) => storage.pointer(memory, layout) + layout.offset * 4);
      starts.push(target + out.layout.offset * 4);
      const partial = memory.scratch(2 * PARTS * 16);
      const { row, rowAlone } = engine.load(families[name]);
      const heap = memory.heap('float64');
      const totals = sums && [sums.scale, sums.offset].map((view) => ({ view, array: view.storage.array }));
      const index = new Array<number>(inner).fill(0);
      for (;;) {
        const at = (o: number): number => index.reduce((sum, i, d) => sum + i * strides[o]![d]!, 0);
        const [grad, x, scale, offset, to] = starts.map((start, o) => start + at(o) * 4);
        (sums ? row : rowAlone)!(grad!, x!, scale!, offset!, qmin, qmax, to!, n, partial);
        totals?.forEach(({ view, array }, which) => {
          let sum = 0;
          const first = partial / 8 + which * 2 * PARTS;
          for (let i = first; i < first + 2 * PARTS; i++) sum += heap[i]!;
          array[view.storage.base + view.layout.offset + at(5 + which)]! += sum;
        });
        let d = inner - 1;
        for (; d >= 0 && ++index[d]! === sizes[d]!; d--) index[d] = 0;
        if (d < 0) return true;
      }
    } finally {
      memory.endKernel();
    }
  }

  return {
    fakeQuantizeGrad(grad, x, scale, offset, grid, out, sums) {
      if (grid.wide || !rows('fakeQuantizeGrad', [grad, x, scale, offset], grid, out, sums))
        fallback.fakeQuantizeGrad(grad, x, scale, offset, grid, out, sums);
    },
    quantizeGrad(grad, x, scale, offset, grid, out, sums) {
      if (grid.wide || !rows('quantizeGrad', [grad, x, scale, offset], grid, out, sums))
        fallback.quantizeGrad(grad, x, scale, offset, grid, out, sums);
    },
    dequantizeGrad(grad, q, scale, offset, out, sums) {
      if (!rows('dequantizeGrad', [grad, q, scale, offset], { qmin: 0, qmax: 0 }, out, sums))
        fallback.dequantizeGrad(grad, q, scale, offset, out, sums);
    },
  };
}
