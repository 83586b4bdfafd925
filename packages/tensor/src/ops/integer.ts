import { dtypes, isInt, type DType } from '../dtype.js';
import { DTypeError, ShapeError, shown } from '../errors.js';
import { kernels } from '../kernels/active.js';
import { Layout } from '../layout.js';
import type { IntegerGrid, ScaledBinaryName } from '../kernels/contract/integer.js';
import { commonShape, numel, type Shape } from '../shape.js';
import { empty, emptyLike, Storage, type View } from '../storage.js';
import type { Tensor } from '../tensor.js';
import { checkChannels, contiguous, convWindows, lifted, outputSizes, three, type ConvAttrs } from './conv.js';
import { cast } from './elementwise.js';
import { batched } from './matmul.js';
import { op, type Pair, type Single, type Triple } from './op.js';

/** Multiplier and bias of accumulators that are put on a grid. */
type Scales = readonly [multiplier: Tensor, bias: Tensor];

/** Two operands and their zero points; multiplier and bias where the result is put on a grid. */
type Zeroed = readonly [a: Tensor, b: Tensor, aZeroPoint: Tensor, bZeroPoint: Tensor, ...scales: Scales | []];

/** The grid that accumulators are put on, in an integer dtype. */
export interface RequantizeAttrs {
  readonly grid: IntegerGrid;
  readonly dtype: DType;
}

/** Whether a product is put on a grid at once. */
export interface ProductAttrs {
  /** With a multiplier and a bias among the inputs; null for the accumulators themselves. */
  readonly onGrid: RequantizeAttrs | null;
}

/** Throws unless all operands have integer dtypes; a zero point given as a plain number must be whole. */
function checkOperands(name: string, [a, b, aZero, bZero]: Zeroed): void {
  for (const operand of [a, b])
    if (!isInt(operand.dtype))
      throw new DTypeError(
        `${name}: the ${operand === a ? 'first' : 'second'} operand must have an integer dtype, got ${operand.dtype}.`,
      );
  for (const zero of [aZero, bZero])
    if (zero.weak === null ? !isInt(zero.dtype) : !Number.isInteger(zero.item()))
      throw new DTypeError(`${name}: zero points must be integers, got ${zero.weak ? zero.item() : zero.dtype}.`);
}

/** A multiplier or bias in float32, stretched to the shape of accumulators. */
function spread(name: string, what: string, x: Tensor, shape: Shape): View {
  if (x.ndim > shape.length || x.shape.some((size, d) => size !== 1 && size !== shape[shape.length - x.ndim + d]))
    throw new ShapeError(
      `${name}: ${what} of shape ${shown(x.shape)} does not broadcast to accumulators of shape ${shown(shape)}.`,
    );
  const view = cast(x, 'float32');
  return { storage: view.storage, layout: view.layout.broadcastTo(shape) };
}

/** Accumulators on a grid, in their memory order. */
function requantized(name: string, acc: View, [multiplier, bias]: Scales, attrs: RequantizeAttrs): View {
  const { shape } = acc.layout;
  const [factors, terms] = [spread(name, 'multiplier', multiplier, shape), spread(name, 'bias', bias, shape)];
  const out = emptyLike(acc.layout, attrs.dtype);
  kernels.requantize(acc, factors, terms, attrs.grid, out);
  return out;
}

/** The zero point that most products have. Nobody writes to it. */
const noZero = new Storage('int32', 1, Int32Array.of(0));

/** A zero point for all, one per entry of `dim` (as a vector), or one that broadcasts to `shape` already; as `shape` in int32. */
export function zeroPoint(name: string, zero: Tensor, shape: Shape, dim: number): View {
  if (zero.weak !== null && zero.item() === 0)
    return {
      storage: noZero,
      layout: new Layout(
        shape,
        shape.map(() => 0),
      ),
    };
  const view = cast(zero, 'int32');
  const aligned = zero.ndim === 1 && zero.numel > 1 ? shape.map((size, d) => (d === dim ? size : 1)) : zero.shape;
  if (numel(aligned) !== zero.numel)
    throw new ShapeError(
      `${name}: zero points of shape ${shown(zero.shape)} for a dim of size ${shape[dim]}. Give one number, or one per entry.`,
    );
  const sizes = zero.numel === 1 ? [] : aligned;
  return { storage: view.storage, layout: view.layout.reshape(sizes)!.broadcastTo(shape, name) };
}

/** `(a - aZeroPoint) @ (b - bZeroPoint)` in int32 with wrap-around, put on a grid where one is given; not differentiable. */
export const matmulInteger = op<Zeroed, ProductAttrs>({
  name: 'matmulInteger',
  forward: (inputs, { onGrid }) => {
    const [a, b, aZero, bZero, ...scales] = inputs;
    checkOperands('matmulInteger', inputs);
    const [m, k] = a.shape.slice(-2) as [number, number];
    const [inner, n] = b.shape.slice(-2) as [number, number];
    if (k !== inner)
      throw new ShapeError(
        `matmulInteger: inner sizes differ: ${shown(a.shape)} x ${shown(b.shape)} (${k} against ${inner}).`,
      );
    const batch = commonShape('matmulInteger', a.shape.slice(0, -2), b.shape.slice(0, -2));
    const rows = zeroPoint('matmulInteger', aZero, [...batch, m, 1], batch.length);
    const columns = zeroPoint('matmulInteger', bZero, [...batch, 1, n], batch.length + 1);
    const out = empty([numel(batch), m, n], 'int32');
    kernels.matmulInteger(batched(a, batch), batched(b, batch), batched(rows, batch), batched(columns, batch), out);
    const acc = { storage: out.storage, layout: out.layout.reshape([...batch, m, n])! };
    if (onGrid === null || scales.length === 0) return acc;
    const y = requantized('matmulInteger', acc, scales, onGrid);
    out.storage.free();
    return y;
  },
  backward: null,
});

/** Bytes of unfolded windows up to which all samples of a batch are multiplied at once; small products cost mostly their start. */
const TOGETHER = 2 ** 21;

/** `[n, c, ...]` with three spatial dims, each channel in order. */
function inChannels(x: View): View {
  const { shape, strides, offset } = x.layout;
  const [depth, height, width] = three(shape.slice(2), 1);
  const steps = [strides[0]!, strides[1]!, height * width, width, 1];
  const added = 5 - shape.length;
  for (let d = 2; d < shape.length; d++)
    if (shape[d] !== 1 && strides[d] !== steps[d + added]) return inChannels(contiguous(x));
  return { storage: x.storage, layout: new Layout([shape[0]!, shape[1]!, depth, height, width], steps, offset) };
}

/** Zero points of a weight `[filters, ...]`, one per filter, as int32 `[filters]`. */
function perFilter(zero: Tensor, shape: Shape): View {
  const [filters] = shape as [number];
  if (zero.numel === 1 || zero.ndim === 1) return zeroPoint('convInteger', zero, [filters], 0);
  const { storage, layout } = zeroPoint('convInteger', zero, [filters, ...shape.slice(1).map(() => 1)], 0);
  return { storage, layout: layout.reshape([filters])! };
}

/** A multiplier or bias of one entry, or one per output channel, as float32 `[channels]`. */
export function perChannel(name: string, what: string, x: Tensor, channels: number): View {
  if (x.numel !== 1 && (x.numel !== channels || x.ndim !== 1))
    throw new ShapeError(
      `${name}: ${what} of shape ${shown(x.shape)} for ${channels} output channels. Give one number, or one per channel.`,
    );
  const view = contiguous(cast(x, 'float32'));
  return { storage: view.storage, layout: view.layout.reshape([x.numel])!.broadcastTo([channels]) };
}

/** Convolution of `x - xZeroPoint` with `weight - wZeroPoint` in int32 with wrap-around, put on a grid where one is given. */
export const convInteger = op<Zeroed, ConvAttrs & ProductAttrs>({
  name: 'convInteger',
  forward: (inputs, attrs) => {
    const [x, weight, xZero, wZero, ...scales] = inputs;
    const { onGrid } = attrs;
    checkOperands('convInteger', inputs);
    if (xZero.numel !== 1)
      throw new ShapeError(`convInteger: one zero point for all of x, got shape ${shown(xZero.shape)}.`);
    checkChannels('convInteger', x.shape, weight.shape, attrs.groups);
    const zeros = perFilter(wZero, weight.shape);
    const kernel = weight.shape.slice(2);
    const sizes = outputSizes('convInteger', x.shape.slice(2), kernel, attrs);
    const [batch, filters] = [x.shape[0]!, weight.shape[0]!];
    const windows = batch * numel(sizes) * (weight.shape[1]! * numel(kernel));
    // Channels first: a channel of all samples is one row of a product.
    const together = batch > 1 && (onGrid !== null || windows <= TOGETHER);
    const dtype = onGrid?.dtype ?? 'int32';
    const out = empty(together ? [filters, batch, ...sizes] : [batch, filters, ...sizes], dtype);
    const y = { storage: out.storage, layout: together ? out.layout.transpose(0, 1) : out.layout };
    const zero = xZero.item();
    // Padding has the value of the zero point, which may lie outside the dtype of x.
    const { min, max } = dtypes[x.dtype];
    const xs = zero < min || zero > max ? cast(x, 'int32') : x;
    const rescaling =
      onGrid === null || scales.length === 0
        ? null
        : {
            multiplier: perChannel('convInteger', 'multiplier', scales[0], filters),
            bias: perChannel('convInteger', 'bias', scales[1], filters),
            grid: onGrid.grid,
          };
    if (out.layout.numel > 0)
      kernels.convInteger(
        inChannels(xs),
        lifted(contiguous(weight)),
        zero,
        zeros,
        inChannels(y),
        convWindows(kernel, attrs),
        rescaling,
      );
    return y;
  },
  backward: null,
});

/** `clamp(rint(acc * multiplier + bias) + zeroPoint, qmin, qmax)`, in float32 operations. */
export const requantize = op<Triple, RequantizeAttrs>({
  name: 'requantize',
  forward: ([acc, ...scales], attrs) => {
    if (acc.dtype !== 'int32' && acc.dtype !== 'float32')
      throw new DTypeError(`requantize: accumulators must be int32, or float32 sums of them, got ${acc.dtype}.`);
    return requantized('requantize', acc, scales, attrs);
  },
  backward: null,
});

/** What the integers of an operand or of a result stand for: `(q + offset) * scale`. */
export interface ScaleAttrs {
  readonly scale: number;
  readonly offset: number;
}

/** A function of two operands on grids of their own, and the grid of the result. */
export interface BinaryScaledAttrs {
  readonly name: ScaledBinaryName;
  readonly a: ScaleAttrs;
  readonly b: ScaleAttrs;
  readonly out: ScaleAttrs & { readonly qmin: number; readonly qmax: number };
  readonly dtype: DType;
}

/** A function of two numbers that integers stand for, as integers; see `IntegerKernels`. */
export const binaryScaled = op<Pair, BinaryScaledAttrs>({
  name: 'binaryScaled',
  forward: ([a, b], { name, dtype, ...attrs }) => {
    const shape = commonShape('binaryScaled', a.shape, b.shape);
    const [left, right] = [a, b].map(({ storage, layout }) => ({ storage, layout: layout.broadcastTo(shape) })) as [
      View,
      View,
    ];
    // In the memory order of an operand that is as large as the result.
    const out = emptyLike(a.numel === numel(shape) ? left.layout : right.layout, dtype);
    kernels.binaryScaled(name, { view: left, ...attrs.a }, { view: right, ...attrs.b }, attrs.out, {
      view: out,
      ...attrs.out,
    });
    return out;
  },
  backward: null,
});

/** `table[x - first]`, in the memory order of x. */
export const lookup = op<Pair, { readonly first: number }>({
  name: 'lookup',
  forward: ([x, table], { first }) => {
    const out = emptyLike(x.layout, table.dtype);
    kernels.lookup(x, contiguous(table), first, out);
    return out;
  },
  backward: null,
});

/** `x - shift` as `256 * high + low`, in the memory order of x. */
export const splitBytes = op<Single, { readonly shift: number }, readonly [View<'int8'>, View<'uint8'>]>({
  name: 'splitBytes',
  forward: ([x], { shift }) => {
    const [high, low] = [emptyLike(x.layout, 'int8'), emptyLike(x.layout, 'uint8')];
    kernels.splitBytes(x, shift, high, low);
    return [high, low];
  },
  backward: null,
});

/** `256 * high + low`, in the memory order of `high`. */
export const joinBytes = op<Pair>({
  name: 'joinBytes',
  forward: ([high, low]) => {
    const out = emptyLike(high.layout, 'int32');
    kernels.joinBytes(high, low, out);
    return out;
  },
  backward: null,
});
