import { apply } from '../autograd.js';
import { isFloat, isHalf, promoted, type DType } from '../dtype.js';
import { DTypeError, ShapeError, shown } from '../errors.js';
import { kernels } from '../kernels/active.js';
import type { ConvWindows, Spatial, Windows } from '../kernels/contract/conv.js';
import type { Shape } from '../shape.js';
import { alloc, empty, type View } from '../storage.js';
import type { Tensor } from '../tensor.js';
import { cast, copied } from './elementwise.js';
import { op, type InputGrads, type Op, type Pair, type Single } from './op.js';

/** Windows over the last dims of a tensor, one number per spatial dim. */
export interface WindowAttrs {
  readonly stride: readonly number[];
  /** Before the first and after the last position of each dim. */
  readonly padding: readonly (readonly [before: number, after: number])[];
  readonly dilation: readonly number[];
}

export interface ConvAttrs extends WindowAttrs {
  readonly groups: number;
}

/** As `ConvAttrs`, with the spatial sizes that the result has: of the input, or of the kernel. */
interface SizedConvAttrs extends ConvAttrs {
  readonly size: readonly number[];
}

/** One to three numbers as three: missing dims come first. */
export const three = (values: readonly number[], missing: number): Spatial => {
  const added = 3 - values.length;
  return [values[0 - added] ?? missing, values[1 - added] ?? missing, values[2 - added]!];
};

/** The windows of a kernel of the given sizes, as kernels take them. */
export const windowsOf = (kernel: readonly number[], { stride, padding, dilation }: WindowAttrs): Windows => ({
  kernel: three(kernel, 1),
  stride: three(stride, 1),
  padding: three(
    padding.map(([before]) => before),
    0,
  ),
  dilation: three(dilation, 1),
});

/** The windows of a convolution, as kernels take them. */
export const convWindows = (kernel: readonly number[], attrs: ConvAttrs): ConvWindows => ({
  ...windowsOf(kernel, attrs),
  groups: attrs.groups,
});

/** `[a, b, ...spatial]` with three spatial dims. */
export const lifted = (view: View): View => {
  const { shape } = view.layout;
  return { storage: view.storage, layout: view.layout.reshape([shape[0]!, shape[1]!, ...three(shape.slice(2), 1)])! };
};

/** `[a, b, ...dims]` with three spatial dims, whatever the strides. */
export const spatial = ({ storage, layout }: View): View => {
  const missing = 5 - layout.ndim;
  let lifted = layout;
  for (let i = 0; i < missing; i++) lifted = lifted.unsqueeze(2);
  return { storage, layout: lifted };
};

export const contiguous = (view: View): View => (view.layout.isContiguous ? view : copied(view));

/** Sizes of the output of windows over an input; a ShapeError where a window does not fit. */
export function outputSizes(
  name: string,
  input: readonly number[],
  kernel: readonly number[],
  attrs: WindowAttrs,
): number[] {
  return input.map((size, d) => {
    const [before, after] = attrs.padding[d]!;
    const reach = attrs.dilation[d]! * (kernel[d]! - 1) + 1;
    if (reach > size + before + after || kernel[d]! < 1)
      throw new ShapeError(
        `${name}: a kernel of ${shown(kernel)} with dilation ${shown(attrs.dilation)} does not fit the input ${shown(input)} ` +
          `(dim ${d}: it covers ${reach}, the padded input has ${size + before + after}). Add padding?`,
      );
    return Math.floor((size + before + after - reach) / attrs.stride[d]!) + 1;
  });
}

/** Throws unless the channels of an input and a weight fit. */
export function checkChannels(name: string, x: Shape, weight: Shape, groups: number): void {
  if (x.length !== weight.length)
    throw new ShapeError(`${name}: x ${shown(x)} and weight ${shown(weight)} must have the same rank.`);
  const wanted = weight[1]! * groups;
  if (x[1] !== wanted)
    throw new ShapeError(
      `${name}: x ${shown(x)} has ${x[1]} channels, weight ${shown(weight)} with ${groups} groups wants ${wanted}.`,
    );
  if (weight[0]! % groups !== 0)
    throw new ShapeError(`${name}: ${weight[0]} output channels do not divide into ${groups} groups.`);
}

function checkBias(name: string, bias: View | null, channels: number): void {
  if (bias && (bias.layout.ndim !== 1 || bias.layout.numel !== channels))
    throw new ShapeError(`${name}: bias must have shape [${channels}], got ${shown(bias.layout.shape)}.`);
}

/** The dtype several operands of a convolution are computed in. */
export function floatType(name: string, operands: readonly Tensor[]): DType {
  const dtype = promoted(operands);
  if (!isFloat(dtype)) throw new DTypeError(`${name}: operands must be floating, got ${dtype}. Use to('float32').`);
  return isHalf(dtype) ? 'float32' : dtype;
}

const ready = (x: View, dtype: DType): View => lifted(contiguous(cast(x, dtype)));

/** The convolution of two views of one dtype, contiguous or not. */
function convolve(name: string, x: View, weight: View, bias: View | null, attrs: ConvAttrs): View {
  const { dtype } = x.storage;
  const [xs, ws] = [x.layout.shape, weight.layout.shape];
  checkChannels(name, xs, ws, attrs.groups);
  checkBias(name, bias, ws[0]!);
  const out = empty([xs[0]!, ws[0]!, ...outputSizes(name, xs.slice(2), ws.slice(2), attrs)], dtype);
  if (out.layout.numel > 0)
    kernels.conv(
      ready(x, dtype),
      ready(weight, dtype),
      bias && contiguous(bias),
      lifted(out),
      convWindows(ws.slice(2), attrs),
    );
  return out;
}

const convAttrs = ({ stride, padding, dilation, groups }: ConvAttrs): ConvAttrs => ({
  stride,
  padding,
  dilation,
  groups,
});

/** Adds over the batch and all positions: the gradient of a bias. */
const sumChannels = (grad: Tensor): Tensor => grad.sum(grad.shape.map((_, d) => d).filter((d) => d !== 1));

/** Cross-correlation of `[n, c, ...]` with `[o, c / groups, ...kernel]`, and a bias `[o]` where there is a third input. */
export const conv: Op<readonly Tensor[], ConvAttrs, View> = op<readonly Tensor[], ConvAttrs>({
  name: 'conv',
  forward: (inputs, attrs) => {
    const name = `conv${inputs[0]!.ndim - 2}d`;
    const dtype = floatType(name, inputs);
    const [x, weight, bias] = inputs.map((input) => cast(input, dtype)) as [View, View, View?];
    return convolve(name, x, weight, bias ?? null, attrs);
  },
  backward: (grad, inputs, _y, attrs): InputGrads => {
    const [x, weight, bias] = inputs as readonly [Tensor, Tensor, Tensor?];
    return [
      x.requiresGrad ? apply(convInput, [grad, weight], { ...attrs, size: x.shape.slice(2) }) : null,
      weight.requiresGrad ? apply(convWeight, [x, grad], { ...attrs, size: weight.shape.slice(2) }) : null,
      bias?.requiresGrad ? sumChannels(grad) : null,
    ];
  },
  saves: 'inputs',
});

/** The first positions of each dim: an output padding of a stride or more leaves room for windows that nothing was spread from. */
const cropped = (x: Tensor, shape: Shape): Tensor => x.slice(...shape.map((size): [number, number] => [0, size]));

/** The adjoint of `conv` in x: spreads `[n, o, ...]` by `[o, c / groups, ...kernel]` to `[n, c, ...size]`. */
export const convInput: Op<Pair, SizedConvAttrs, View> = op<Pair, SizedConvAttrs>({
  name: 'convTranspose',
  forward: (inputs, attrs) => {
    const dtype = floatType('convTranspose', inputs);
    const [grad, weight] = inputs;
    const out = alloc([grad.shape[0]!, weight.shape[1]! * attrs.groups, ...attrs.size], dtype);
    if (out.layout.numel > 0)
      kernels.convInput(
        ready(grad, dtype),
        ready(weight, dtype),
        lifted(out),
        convWindows(weight.shape.slice(2), attrs),
      );
    return out;
  },
  backward: (upstream, [grad, weight], _x, attrs) => [
    grad.requiresGrad ? cropped(apply(conv, [upstream, weight], convAttrs(attrs)), grad.shape) : null,
    weight.requiresGrad ? apply(convWeight, [upstream, grad], { ...attrs, size: weight.shape.slice(2) }) : null,
  ],
  saves: 'inputs',
});

/** The gradient of `conv` with respect to its weight, as an operation of its own. */
export const convWeight: Op<Pair, SizedConvAttrs, View> = op<Pair, SizedConvAttrs>({
  name: 'convWeight',
  forward: (inputs, attrs) => {
    const dtype = floatType('convWeight', inputs);
    const [x, grad] = inputs;
    const out = alloc([grad.shape[1]!, x.shape[1]! / attrs.groups, ...attrs.size], dtype);
    if (out.layout.numel > 0)
      kernels.convWeight(ready(x, dtype), ready(grad, dtype), lifted(out), convWindows(attrs.size, attrs));
    return out;
  },
  backward: (upstream, [x, grad], _w, attrs) => [
    x.requiresGrad ? apply(convInput, [grad, upstream], { ...attrs, size: x.shape.slice(2) }) : null,
    grad.requiresGrad ? cropped(apply(conv, [x, upstream], convAttrs(attrs)), grad.shape) : null,
  ],
  saves: 'inputs',
});

interface UnfoldAttrs extends WindowAttrs {
  readonly kernel: readonly number[];
  /** Spatial sizes of the input. */
  readonly size: readonly number[];
}

/** Windows as columns: `[n, c, ...size]` to `[n, c * taps, windows]`. */
export const unfold: Op<Single, UnfoldAttrs, View> = op<Single, UnfoldAttrs>({
  name: 'unfold',
  forward: ([x], attrs) => {
    const dtype = isHalf(x.dtype) ? 'float32' : x.dtype;
    const count = outputSizes('unfold', attrs.size, attrs.kernel, attrs);
    const taps = attrs.kernel.reduce((product, size) => product * size, 1);
    const out = alloc([x.shape[0]!, x.shape[1]! * taps, count.reduce((product, size) => product * size, 1)], dtype);
    kernels.unfold(ready(x, dtype), out, three(count, 1), windowsOf(attrs.kernel, attrs));
    return out;
  },
  backward: (grad, _inputs, _y, attrs) => [apply(fold, [grad], attrs)],
  saves: 'none',
});

/** Columns added back to their windows: the adjoint of `unfold`. */
export const fold: Op<Single, UnfoldAttrs, View> = op<Single, UnfoldAttrs>({
  name: 'fold',
  forward: ([columns], attrs) => {
    const dtype = isHalf(columns.dtype) ? 'float32' : columns.dtype;
    const count = outputSizes('fold', attrs.size, attrs.kernel, attrs);
    const taps = attrs.kernel.reduce((product, size) => product * size, 1);
    const windows = count.reduce((product, size) => product * size, 1);
    if (columns.shape[1]! % taps !== 0 || columns.shape[2] !== windows)
      throw new ShapeError(
        `fold: columns of shape ${shown(columns.shape)} for kernel ${shown(attrs.kernel)} and output ${shown(attrs.size)}: ` +
          `wanted a multiple of ${taps} rows and ${windows} columns.`,
      );
    const out = empty([columns.shape[0]!, columns.shape[1]! / taps, ...attrs.size], dtype);
    kernels.fold(contiguous(cast(columns, dtype)), lifted(out), three(count, 1), windowsOf(attrs.kernel, attrs));
    return out;
  },
  backward: (grad, _inputs, _y, attrs) => [apply(unfold, [grad], attrs)],
  saves: 'none',
});
