import { Layout } from '../../layout.js';
import { empty, type View } from '../../storage.js';
import type { ElementwiseKernels } from '../contract/elementwise.js';
import type { IntegerKernels } from '../contract/integer.js';
import type { MatmulKernels } from '../contract/matmul.js';
import { constant } from './constant.js';
import { sizesOf, unfoldPlane } from './conv.js';

const start = ({ storage, layout }: View): number => storage.base + layout.offset;

/** A part of a view from element `at` on, of another shape and with other strides. */
const part = ({ storage, layout }: View, at: number, shape: readonly number[], strides?: readonly number[]): View => ({
  storage,
  layout: new Layout(shape, strides, layout.offset + at),
});

/** What integer convolutions are made of. */
type Parts = Pick<MatmulKernels, 'matmulInteger'> &
  Pick<IntegerKernels, 'requantize'> &
  Pick<ElementwiseKernels, 'copy'>;

/** Integer convolutions as products of unfolded windows, a sample and a group at a time. */
export function integerConvolution({ matmulInteger, requantize, copy }: Parts): Pick<IntegerKernels, 'convInteger'> {
  return {
    convInteger(x, weight, xZero, wZero, y, windows, rescaling) {
      const s = sizesOf(x, y, windows);
      const { channels, filters, taps, length } = s;
      const rows = channels * taps;
      const [xSample, xChannel] = x.layout.strides as [number, number];
      const [ySample, yChannel] = y.layout.strides as [number, number];
      const columns = empty([1, rows, length], x.storage.dtype);
      const sums = empty([1, filters, length], 'int32');
      const xZeros = constant(xZero, 'int32', [1, 1, length]);
      /** The entries of a group in a vector with one per output channel. */
      const ofGroup = (vector: View, g: number, shape: readonly number[]): View => {
        const step = vector.layout.strides[0]!;
        return part(vector, g * filters * step, shape, [0, step, 0]);
      };
      for (let n = 0; n < s.batch; n++)
        for (let g = 0; g < s.groups; g++) {
          // Both are used again: what kernel memory has of them is the product before.
          columns.storage.beginWrite();
          sums.storage.beginWrite();
          const [from, to] = [x.storage.array, columns.storage.array];
          const at = start(columns);
          // Padding is the value that counts as zero.
          to.fill(xZero, at, at + rows * length);
          for (let c = 0; c < channels; c++)
            unfoldPlane(s, from, start(x) + n * xSample + (g * channels + c) * xChannel, to, at + c * taps * length);
          matmulInteger(
            part(weight, g * filters * rows, [1, filters, rows]),
            columns,
            ofGroup(wZero, g, [1, filters, 1]),
            xZeros,
            sums,
          );
          const shape = [1, filters, length];
          const target = part(y, n * ySample + g * filters * yChannel, shape, [0, yChannel, 1]);
          if (!rescaling) copy(sums, target);
          else {
            const { multiplier, bias, grid } = rescaling;
            requantize(sums, ofGroup(multiplier, g, shape), ofGroup(bias, g, shape), grid, target);
          }
        }
      columns.storage.free();
      sums.storage.free();
    },
  };
}
