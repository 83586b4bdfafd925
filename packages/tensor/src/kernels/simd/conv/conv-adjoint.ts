import { Layout } from '../../../layout.js';
import { Storage, type View } from '../../../storage.js';
import type { ConvWindows, Spatial } from '../../contract/conv.js';

/** A weight whose taps are in reverse order, its channels and filters exchanged within each group. */
function turned({ storage, layout }: View, { groups, kernel }: ConvWindows): View {
  const [filters, inside] = layout.shape as [number, number];
  const [outside, taps] = [filters / groups, kernel[0] * kernel[1] * kernel[2]];
  const { array, base } = storage;
  const start = base + layout.offset;
  const values = new Float32Array(layout.numel);
  for (let g = 0, to = 0; g < groups; g++)
    for (let i = 0; i < inside; i++)
      for (let o = 0; o < outside; o++) {
        const last = start + ((g * outside + o) * inside + i + 1) * taps - 1;
        for (let t = 0; t < taps; t++) values[to++] = array[last - t]!;
      }
  return {
    storage: new Storage('float32', values.length, values),
    layout: new Layout([groups * inside, outside, ...kernel]),
  };
}

/**
 * The adjoint of a convolution of float32 without strides, which is one too: of the gradient, with this weight and these windows.
 * Null where there are strides, or more padding than the windows reach.
 */
export function adjointOf(
  weight: View,
  windows: ConvWindows,
): { readonly weight: View; readonly windows: ConvWindows } | null {
  const { kernel, stride, padding, dilation } = windows;
  const around = (d: 0 | 1 | 2): number => (kernel[d] - 1) * dilation[d] - padding[d];
  const outside: Spatial = [around(0), around(1), around(2)];
  const fits = stride.every((step) => step === 1) && outside.every((size) => size >= 0);
  return fits ? { weight: turned(weight, windows), windows: { ...windows, padding: outside } } : null;
}
