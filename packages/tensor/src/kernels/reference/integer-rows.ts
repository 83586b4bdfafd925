import { empty } from '../../storage.js';
import type { AffineKernels } from '../contract/affine.js';
import type { IntegerKernels } from '../contract/integer.js';
import type { SoftmaxKernels } from '../contract/softmax.js';
import { constant } from './constant.js';
import { rint } from './rint.js';

const { fround } = Math;

/** `softmaxScaled` through tensors of floats, by whichever kernels are at hand. */
export function softmaxThroughFloats(
  kernels: Pick<AffineKernels, 'dequantize' | 'quantize'> & Pick<SoftmaxKernels, 'softmax'>,
): Pick<IntegerKernels, 'softmaxScaled'> {
  return {
    softmaxScaled(x, grid, out) {
      const { shape } = x.view.layout;
      const floats = empty(shape, 'float32');
      kernels.dequantize(x.view, constant(x.scale, 'float32', shape), constant(x.offset, 'float32', shape), floats);
      const results = empty(shape, 'float32');
      kernels.softmax(floats, false, results);
      floats.storage.free();
      const [scale, offset] = [constant(out.scale, 'float32', shape), constant(out.offset, 'float32', shape)];
      kernels.quantize(results, scale, offset, { ...grid, wide: false }, out.view);
      results.storage.free();
    },
  };
}

/** What `normalizeInteger` takes from the elements of a row of `n` integers with these sums, and what it multiplies them by. */
function middleAndFactor(
  n: number,
  sum: number,
  squares: number,
  { scale, zeroPoint, eps }: Parameters<IntegerKernels['normalizeInteger']>[1],
): readonly [middle: number, factor: number] {
  const middle = zeroPoint === null ? sum : n * zeroPoint;
  const variance = (n * squares + middle * (middle - 2 * sum)) / (n * n);
  return [middle, fround(scale / Math.sqrt(variance * (scale * scale) + eps) / n)];
}

export const normalizeInteger: IntegerKernels['normalizeInteger'] = (x, norm, { multiplier, bias, grid }, y) => {
  const [rows, n] = x.layout.shape as [number, number];
  const [from, factors, terms, to] = [x, multiplier, bias, y].map(({ storage }) => storage.array);
  const [start, factorAt, termAt, target] = [x, multiplier, bias, y].map(
    ({ storage, layout }) => storage.base + layout.offset,
  ) as [number, number, number, number];
  const [factorStep, termStep] = [multiplier, bias].map(({ layout }) => layout.strides[0]!) as [number, number];
  const { zeroPoint, qmin, qmax } = grid;
  for (let row = 0; row < rows; row++) {
    const at = start + row * n;
    let [sum, squares] = [0, 0];
    for (let i = 0; i < n; i++) {
      const q = from![at + i]!;
      sum += q;
      squares += q * q;
    }
    const [middle, factor] = middleAndFactor(n, sum, squares, norm);
    for (let i = 0, f = factorAt, t = termAt; i < n; i++, f += factorStep, t += termStep) {
      const unit = fround(fround(n * from![at + i]! - middle) * factor);
      const steps = rint(fround(fround(unit * factors![f]!) + terms![t]!)) + zeroPoint;
      to![target + row * n + i] = steps > qmin ? (steps < qmax ? steps : qmax) : qmin;
    }
  }
};
