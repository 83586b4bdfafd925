import { Layout } from '../../../layout.js';
import { empty, type View } from '../../../storage.js';
import type { IntegerKernels } from '../../contract/integer.js';
import type { MatmulKernels } from '../../contract/matmul.js';
import { constant } from '../../reference/constant.js';
import type { Problem } from './conv-problem.js';

type Kernels = Pick<MatmulKernels, 'matmulInteger'> & Pick<IntegerKernels, 'requantize'>;

/** A part of a view from element `at` on. */
const part = ({ storage, layout }: View, at: number, shape: readonly number[], strides?: readonly number[]): View => ({
  storage,
  layout: new Layout(shape, strides, layout.offset + at),
});

/**
 * Convolutions with one window, which is the whole of a sample: what remains of a network's last planes. Their filters are a matrix that
 * meets a vector. False, and nothing is done, for all others.
 */
export function vectorConvolution({ matmulInteger, requantize }: Kernels): (problem: Problem) => boolean {
  return ({ x, weight, xZero, wZero, y, windows, rescaling, batch, channels, filters, taps, output }) => {
    const sizes = x.layout.shape.slice(2);
    const [[, xChannel], [, yChannel]] = [x.layout.strides, y.layout.strides] as [number[], number[]];
    const single = batch === 1 && output.every((size) => size === 1);
    const whole = windows.kernel.every((size, d) => size === sizes[d]! && windows.padding[d] === 0);
    const inOrder = xChannel === taps && (rescaling !== null || yChannel === 1);
    if (!single || !whole || !inOrder) return false;
    const k = channels * taps;
    const sums = rescaling ? empty([1, filters, 1], 'int32') : null;
    for (let g = 0; g < windows.groups; g++) {
      const first = g * filters;
      const ofGroup = (vector: View): View => {
        const step = vector.layout.strides[0]!;
        return part(vector, first * step, [1, filters, 1], [0, step, 0]);
      };
      const target = part(y, first * yChannel!, [1, filters, 1], [0, yChannel!, 0]);
      const acc = sums ?? target;
      // Plain loops may write to it, which kernel memory is not told.
      acc.storage.beginWrite();
      matmulInteger(
        part(weight, first * k, [1, filters, k]),
        part(x, g * k, [1, k, 1]),
        ofGroup(wZero),
        constant(xZero, 'int32', [1, 1, 1]),
        acc,
      );
      if (rescaling) requantize(acc, ofGroup(rescaling.multiplier), ofGroup(rescaling.bias), rescaling.grid, target);
    }
    sums?.storage.free();
    return true;
  };
}
