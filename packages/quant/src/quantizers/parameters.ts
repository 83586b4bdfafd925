import { defineOp, tensor, type Tensor } from '@q/tensor';
import { elementsOf } from '../elements.js';
import type { Grid } from '../grid.js';
import { rint } from '../rounding.js';

const { fround } = Math;

/** The grid that scale and offset place, and whether it lies symmetrically around zero. */
interface AffineGrid extends Grid {
  readonly symmetric: boolean;
}

/** A float32 tensor of the shape of `like`, its elements computed one by one. */
function each(like: Tensor, element: (i: number) => number): Tensor {
  const values = new Float32Array(like.numel);
  for (let i = 0; i < values.length; i++) values[i] = element(i);
  return tensor(values, { shape: like.shape });
}

/**
 * Scale and offset of ranges `[min, max]`: `scale = (max - min) / n`, `offset = rint(min / scale) - qmin`, or 0 for a symmetric
 * grid. The rounding passes gradients straight through. Every operation is one of float32, in AIMET's order, forward and back.
 */
export const affineParameters = defineOp<readonly [Tensor, Tensor], AffineGrid, readonly [Tensor, Tensor]>({
  name: 'affineParameters',
  transient: true,
  forward: ([min, max], { qmin, qmax, symmetric }) => {
    const n = fround(qmax - qmin);
    const [lows, highs] = elementsOf(min, max);
    const scale = each(min, (i) => fround(highs[i]! - lows[i]!) / n);
    const [steps] = elementsOf(scale);
    const offset = each(min, (i) => (symmetric ? 0 : rint(fround(lows[i]! / steps[i]!)) - qmin));
    return [scale, offset] as const;
  },
  backward: ([dscale, doffset], [min, max], [scale], { qmin, qmax, symmetric }) => {
    const n = fround(qmax - qmin);
    const zeros = new Float32Array(min.numel);
    const ds = dscale === null ? zeros : Float32Array.from(elementsOf(dscale)[0]);
    const width = (i: number): number => fround(ds[i]! / n);
    if (symmetric || doffset === null) return [each(min, (i) => -width(i)), each(max, width)];
    const [lows, steps, dos] = elementsOf(min, scale, doffset);
    const shift = (i: number): number =>
      fround(fround(-dos[i]! * fround(fround(lows[i]! / steps[i]!) / steps[i]!)) / n);
    return [
      each(min, (i) => fround(fround(dos[i]! / steps[i]!) + -shift(i)) + -width(i)),
      each(max, (i) => width(i) + shift(i)),
    ];
  },
});
