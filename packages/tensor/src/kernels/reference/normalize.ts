import type { TypedArray } from '../../dtype.js';
import type { View } from '../../storage.js';
import type { NormalizeKernels } from '../contract/normalize.js';

const start = ({ storage, layout }: View): number => storage.base + layout.offset;

/** Places of one run along the innermost dim: in x, and in a broadcast weight or bias. */
type Run = (x: number, weight: number, bias: number) => void;

const flat = [0, 0, 0, 0, 0] as const;

/** Calls `run` for each innermost run of the elements that share the statistics of (row, group). */
function eachRun(x: View, row: number, group: number, weight: View | null, bias: View | null, run: Run): void {
  const [outer, , , channels] = x.layout.shape as [number, number, number, number, number];
  const [xo, xr, xg, xc] = x.layout.strides as [number, number, number, number, number];
  const [wo, wr, wg, wc] = weight?.layout.strides ?? flat;
  const [bo, br, bg, bc] = bias?.layout.strides ?? flat;
  const at = start(x) + row * xr + group * xg;
  const wAt = (weight ? start(weight) : 0) + row * wr! + group * wg!;
  const bAt = (bias ? start(bias) : 0) + row * br! + group * bg!;
  for (let o = 0; o < outer; o++)
    for (let c = 0; c < channels; c++) run(at + o * xo + c * xc, wAt + o * wo! + c * wc!, bAt + o * bo! + c * bc!);
}

/** Calls `visit` for each set of elements with common statistics, `index` counting them. */
function eachGroup(x: View, visit: (row: number, group: number, index: number) => void): void {
  const [, rows, groups] = x.layout.shape as [number, number, number, number, number];
  for (let row = 0, index = 0; row < rows; row++)
    for (let group = 0; group < groups; group++, index++) visit(row, group, index);
}

const lastStride = (view: View | null): number => view?.layout.strides[4] ?? 0;

export const normalize: NormalizeKernels = {
  moments(x, centered, mean, variance) {
    const xs = x.storage.array;
    const [outer, , , channels, inner] = x.layout.shape as [number, number, number, number, number];
    const count = outer * channels * inner;
    const [means, variances] = [mean.storage.array, variance.storage.array];
    const [m0, v0] = [start(mean), start(variance)];
    eachGroup(x, (row, group, index) => {
      let sum = 0;
      if (centered)
        eachRun(x, row, group, null, null, (at) => {
          for (let i = 0; i < inner; i++) sum += xs[at + i]!;
        });
      const middle = centered ? sum / count : 0;
      let squares = 0;
      eachRun(x, row, group, null, null, (at) => {
        for (let i = 0; i < inner; i++) squares += (xs[at + i]! - middle) ** 2;
      });
      means[m0 + index] = middle;
      variances[v0 + index] = squares / count;
    });
  },

  normalize(x, mean, variance, eps, weight, bias, out) {
    const [xs, ys, means, variances] = [x, out, mean, variance].map(({ storage }) => storage.array) as [
      TypedArray,
      TypedArray,
      TypedArray,
      TypedArray,
    ];
    const [ws, bs] = [weight?.storage.array, bias?.storage.array];
    const [wStep, bStep] = [lastStride(weight), lastStride(bias)];
    const inner = x.layout.shape[4]!;
    const shift = start(out) - start(x);
    eachGroup(x, (row, group, index) => {
      const middle = means[start(mean) + index]!;
      const scale = 1 / Math.sqrt(variances[start(variance) + index]! + eps);
      eachRun(x, row, group, weight, bias, (at, w, b) => {
        for (let i = 0; i < inner; i++, w += wStep, b += bStep) {
          const unit = (xs[at + i]! - middle) * scale;
          ys[at + shift + i] = (ws ? unit * ws[w]! : unit) + (bs ? bs[b]! : 0);
        }
      });
    });
  },

  normalizeGrad(grad, x, mean, variance, eps, weight, own, out, sums) {
    const [gs, xs, ys, means, variances] = [grad, x, out, mean, variance].map(({ storage }) => storage.array) as [
      TypedArray,
      TypedArray,
      TypedArray,
      TypedArray,
      TypedArray,
    ];
    const ws = weight?.storage.array;
    const [dw, db] = [sums.weight?.storage.array, sums.bias?.storage.array];
    const [wStep, dwStep, dbStep] = [lastStride(weight), lastStride(sums.weight), lastStride(sums.bias)];
    const [outer, , , channels, inner] = x.layout.shape as [number, number, number, number, number];
    const count = outer * channels * inner;
    const [toGrad, toOut] = [start(grad) - start(x), start(out) - start(x)];
    eachGroup(x, (row, group, index) => {
      const middle = means[start(mean) + index]!;
      const scale = 1 / Math.sqrt(variances[start(variance) + index]! + eps);
      let [sum, product] = [0, 0];
      if (own !== 'none')
        eachRun(x, row, group, weight, null, (at, w) => {
          for (let i = 0; i < inner; i++, w += wStep) {
            const g = ws ? gs[at + toGrad + i]! * ws[w]! : gs[at + toGrad + i]!;
            sum += g;
            product += g * (xs[at + i]! - middle) * scale;
          }
        });
      if (own !== 'both') sum = 0;
      eachRun(x, row, group, weight, null, (at, w) => {
        for (let i = 0; i < inner; i++, w += wStep) {
          const g = ws ? gs[at + toGrad + i]! * ws[w]! : gs[at + toGrad + i]!;
          const unit = (xs[at + i]! - middle) * scale;
          ys[at + toOut + i] = own === 'none' ? g * scale : scale * (g - sum / count - (unit * product) / count);
        }
      });
      if (!dw && !db) return;
      eachRun(x, row, group, sums.weight, sums.bias, (at, w, b) => {
        for (let i = 0; i < inner; i++, w += dwStep, b += dbStep) {
          const g = gs[at + toGrad + i]!;
          if (dw) dw[w]! += g * (xs[at + i]! - middle) * scale;
          if (db) db[b]! += g;
        }
      });
    });
  },
};
