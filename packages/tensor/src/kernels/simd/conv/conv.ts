import { Layout } from '../../../layout.js';
import { Storage, type View } from '../../../storage.js';
import type { ConvKernels, ConvWindows } from '../../contract/conv.js';
import { gemmVariant } from '../product/gemm-f32.js';
import { convBand, convWorkspace, emitConvF32 } from './conv-f32.js';
import { fitsWinograd, winogradConvolution, type Frame } from './conv-winograd.js';
import type { Family, SimdEngine } from '../engine/engine.js';
import { IMAGE_SLACK, imageOf, sliceArguments } from './images.js';

/** Multiplications below which the plain loops are as fast. */
const FEW_PRODUCTS = 512;

const family: Family = ({ module, features }) => emitConvF32(module, gemmVariant(features));

/** Convolutions of float32 over two dims, from padded images without unfolding them; the rest goes to `fallback`. */
export function simdConv(engine: SimdEngine, fallback: ConvKernels): Pick<ConvKernels, 'conv' | 'convInput'> {
  const { memory } = engine;
  const winograd = winogradConvolution(engine);

  /** An array of int32 or float32 in scratch memory. */
  const scratch = (values: ArrayLike<number>, dtype: 'int32' | 'float32'): number => {
    const at = memory.scratch(Math.max(1, values.length) * 4);
    memory.heap(dtype).set(values, at / 4);
    return at;
  };

  function direct(x: View, weight: View, bias: View | null, y: View, windows: ConvWindows): boolean {
    const { groups, kernel, stride, padding } = windows;
    const [batch, channels, depth, height, width] = x.layout.shape as [number, number, number, number, number];
    const [, filters, outDepth, rows, columns] = y.layout.shape as [number, number, number, number, number];
    const flat = depth === 1 && outDepth === 1 && kernel[0] === 1;
    const views = bias ? [x, weight, bias, y] : [x, weight, y];
    const [inside, outside] = [channels / groups, filters / groups];
    const k = inside * kernel[1] * kernel[2];
    if (!flat || views.some(({ storage }) => storage.dtype !== 'float32')) return false;
    if (x.layout.numel === 0 || k === 0 || y.layout.numel * k < FEW_PRODUCTS) return false;
    const load = engine.load(family);
    memory.beginKernel();
    try {
      const target = y.storage.writePointer(memory, y.layout);
      if (target === null) return false;
      const [from, weights] = [x, weight].map(
        (view) => view.storage.pointer(memory, view.layout) + view.layout.offset * 4,
      );
      const to = target + y.layout.offset * 4;
      const biases = bias
        ? bias.storage.pointer(memory, bias.layout) + bias.layout.offset * 4
        : scratch(new Float32Array(filters), 'float32');
      /** Where a sample lies and goes, as far as it is the same for all ways of placing it. */
      const sample = (n: number, image: number, plane: number, pitch: number): number[] => [
        ...sliceArguments({
          x: from! + n * channels * height * width * 4,
          image,
          outer: 1,
          outerStep: 0,
          outerPlane: 0,
          count: channels,
          step: height * width * 4,
          plane: plane * 4,
        }),
        height,
        width,
        pitch * 4,
      ];
      const frame: Frame = (n, image, plane, pitch) =>
        load['frame']!(...sample(n, image, plane, pitch), plane / pitch, padding[1], padding[2], 0);
      if (fitsWinograd(x, y, windows)) {
        winograd(weight, { channels, filters, rows, columns }, batch, frame, biases, to);
        return true;
      }
      const { pitch, phase, plane, taps } = imageOf(x, y, windows);
      const image = memory.scratch(inside * groups * plane * 4 + IMAGE_SLACK);
      const strided = stride[1] > 1 || stride[2] > 1;
      if (strided) memory.heap('float32').fill(0, image / 4, image / 4 + channels * plane + IMAGE_SLACK / 4);
      const byTap = taps.map((tap) => tap * 4);
      const offsets = scratch(
        inside === 1 ? byTap : Array.from({ length: inside }, (_, c) => byTap.map((tap) => c * plane * 4 + tap)).flat(),
        'int32',
      );
      const length = rows * columns;
      const compact = !strided && kernel[1] === 3 && kernel[2] === 3 && windows.dilation.every((step) => step === 1);
      const depthwise = compact && engine.features.unrolls ? 'depthwise3x3' : 'depthwise';
      for (let n = 0; n < batch; n++) {
        if (strided)
          load['phases']!(
            ...sample(n, image, plane, pitch),
            phase * 4,
            padding[1],
            padding[2],
            stride[1],
            stride[2],
            0,
          );
        else frame(n, image, plane, pitch);
        const out = to + n * filters * length * 4;
        if (inside === 1)
          engine.divide(
            family,
            depthwise,
            { count: channels, grain: 1, work: (filters * length * k) / 10 },
            (start, end) => [
              end - start,
              outside,
              taps.length,
              weights! + start * outside * k * 4,
              offsets,
              image + start * plane * 4,
              plane * 4,
              pitch * 4,
              rows,
              columns,
              out + start * outside * length * 4,
              biases + start * outside * 4,
            ],
          );
        else
          for (let g = 0; g < groups; g++)
            engine.divide(
              family,
              'convRows',
              {
                count: rows,
                grain: 1,
                work: (outside * length * k) / 20,
                least: convBand(outside, pitch),
                workspace: convWorkspace(outside, pitch),
              },
              (start, end) => [
                outside,
                k,
                weights! + g * outside * k * 4,
                offsets,
                image + (g * inside * plane + start * pitch) * 4,
                pitch,
                end - start,
                columns,
                out + (g * outside * length + start * columns) * 4,
                length * 4,
                biases + g * outside * 4,
              ],
            );
      }
      return true;
    } finally {
      memory.endKernel();
    }
  }

  /**
   * The adjoint of a convolution without strides is one too: of the gradient with the weight flipped, its channels and filters
   * exchanged.
   */
  function adjoint(grad: View, weight: View, x: View, windows: ConvWindows): boolean {
    const { groups, kernel, stride, padding, dilation } = windows;
    const around = kernel.map((size, d) => (size - 1) * dilation[d]! - padding[d]!) as [number, number, number];
    const fits = stride.every((s) => s === 1) && around.every((p) => p >= 0) && kernel[0] === 1;
    if (!fits || weight.storage.dtype !== 'float32') return false;
    const [filters, inside] = weight.layout.shape as [number, number];
    const [outside, taps] = [filters / groups, kernel[1] * kernel[2]];
    const { array, base } = weight.storage;
    const start = base + weight.layout.offset;
    const flipped = new Float32Array(weight.layout.numel);
    for (let g = 0, to = 0; g < groups; g++)
      for (let i = 0; i < inside; i++)
        for (let o = 0; o < outside; o++) {
          const last = start + ((g * outside + o) * inside + i + 1) * taps - 1;
          for (let t = 0; t < taps; t++) flipped[to++] = array[last - t]!;
        }
    const turned = {
      storage: new Storage('float32', flipped.length, flipped),
      layout: new Layout([groups * inside, outside, ...kernel]),
    };
    return direct(grad, turned, null, x, { ...windows, padding: around });
  }

  return {
    convInput(grad, weight, x, windows) {
      if (windows.kernel.every((size) => size === 1) || !adjoint(grad, weight, x, windows))
        fallback.convInput(grad, weight, x, windows);
    },
    conv(x, weight, bias, y, windows) {
      const { kernel, stride, padding, groups } = windows;
      // A 1x1 convolution is a matrix product as it stands.
      const pointwise = groups === 1 && [...kernel, ...stride].every((s) => s === 1) && padding.every((p) => p === 0);
      if (pointwise || !direct(x, weight, bias, y, windows)) fallback.conv(x, weight, bias, y, windows);
    },
  };
}
