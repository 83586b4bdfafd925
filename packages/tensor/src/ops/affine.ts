import { apply } from '../autograd.js';
import { dtypes, isFloat, isHalf, promoted, type DType } from '../dtype.js';
import { ArgumentError, AutogradError, described, DTypeError, ShapeError, shown } from '../errors.js';
import { kernels } from '../kernels/active.js';
import type { AffineGrid, EncodingSums } from '../kernels/contract/affine.js';
import type { Shape } from '../shape.js';
import { empty, type View } from '../storage.js';
import type { Tensor } from '../tensor.js';
import { cast } from './elementwise.js';
import { op, type Triple } from './op.js';

/** How x, scale and offset of one call meet. */
export interface AffineAttrs {
  readonly qmin: number;
  readonly qmax: number;
  /** Elements per encoding entry along the last dims of x; -1 shares a dim out evenly. Null: the encoding broadcasts. */
  readonly blockSize: readonly number[] | null;
  /** Integer dtype to quantize into; null for floats on the grid. */
  readonly dtype: DType | null;
}

/** The operands of a call as views of one shape. Blocks appear as dims of their own: `[..., blocks, blockSize, ...]`. */
interface Frame {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly outShape: Shape;
  readonly x: View;
  readonly scale: View;
  readonly offset: View;
}

/** `[a, b]` as `[a, 1, b, 1]`: an encoding's shape among blocked dims. */
const interleaved = (shape: Shape): number[] => shape.flatMap((size) => [size, 1]);

/** The shape of x with each of its last dims cut into `[blocks, blockSize]`. */
function blockedShape(name: string, x: Shape, encoding: Shape, blockSize: readonly number[]): number[] {
  const leading = x.length - encoding.length;
  if (blockSize.length !== encoding.length || leading < 0)
    throw new ShapeError(
      `${name}: blockSize ${shown(blockSize)} needs one entry per dim of the scale ${shown(encoding)}, which may not have more dims than x ${shown(x)}.`,
    );
  const cut = encoding.flatMap((blocks, d) => {
    const size = x[leading + d]!;
    const length = blockSize[d]!;
    const wanted = length === -1 ? size / blocks : length;
    if (!Number.isInteger(wanted) || wanted < 0 || wanted * blocks !== size)
      throw new ShapeError(
        `${name}: dim ${leading + d} of x ${shown(x)} is not ${blocks} blocks of ${length === -1 ? 'equal' : length} size. ` +
          `The scale has shape ${shown(encoding)}, blockSize is ${shown(blockSize)}.`,
      );
    return [blocks, wanted];
  });
  return [...x.slice(0, leading), ...cut];
}

/** `view` stretched to `shape`, or the error that says whose encoding does not fit. */
function spread(name: string, what: string, view: View, sizes: Shape, shape: Shape, x: Shape): View {
  const fits =
    sizes.length <= shape.length &&
    sizes.every((size, d) => size === 1 || size === shape[shape.length - sizes.length + d]);
  if (!fits)
    throw new ShapeError(
      `${name}: ${what} of shape ${shown(view.layout.shape)} does not broadcast to x of shape ${shown(x)}. ` +
        'Give it one entry per tensor, per channel (size 1 elsewhere), or pass blockSize.',
    );
  return { storage: view.storage, layout: view.layout.reshape(sizes)!.broadcastTo(shape) };
}

function frame(name: string, [x, scale, offset]: Triple, blockSize: readonly number[] | null): Frame {
  const met = promoted([x, scale, offset]);
  const dtype = isHalf(met) ? 'float32' : met;
  const shape = blockSize ? blockedShape(name, x.shape, scale.shape, blockSize) : x.shape;
  const view = isFloat(x.dtype) ? cast(x, dtype) : x;
  const encoding = (what: string, entries: Tensor): View =>
    spread(name, what, cast(entries, dtype), blockSize ? interleaved(entries.shape) : entries.shape, shape, x.shape);
  return {
    dtype,
    shape,
    outShape: x.shape,
    x: { storage: view.storage, layout: view.layout.reshape(shape)! },
    scale: encoding('scale', scale),
    offset: encoding('offset', offset),
  };
}

/** A result of a frame in the caller's shape. */
const finished = (out: View, shape: Shape): View => ({ storage: out.storage, layout: out.layout.reshape(shape)! });

/**
 * From 20 bits on float32 cannot tell neighbouring steps of `rint(x / scale) - offset` apart, so quantize-dequantize
 * computes in float64; the bound is AIMET's: epsilon of float32 against a tenth of a step.
 */
const isWide = ({ qmin, qmax }: AffineAttrs): boolean => 2 ** -23 > 0.1 / (qmax - qmin);

const grid = (attrs: AffineAttrs, wide: boolean): AffineGrid => ({ qmin: attrs.qmin, qmax: attrs.qmax, wide });

/** Sums start at -0, which adds nothing at all: a single -0 stays what it is. */
const accumulator = (shape: Shape): View<'float64'> => {
  const sum = empty(shape, 'float64');
  kernels.fill(-0, sum);
  return sum;
};

interface GradAttrs extends AffineAttrs {
  /** Whether the encoding's gradients are wanted too. */
  readonly encoding: boolean;
}

type Quad = readonly [Tensor, Tensor, Tensor, Tensor];
type GradKernel = (grad: View, f: Frame, attrs: AffineAttrs, out: View, sums: EncodingSums | null) => void;

/** The derivative of one of the ops below, as an op of its own: gradients of x and, where wanted, of scale and offset. */
const derivative = (name: string, run: GradKernel) =>
  op<Quad, GradAttrs, readonly View[]>({
    name,
    forward: ([grad, x, scale, offset], attrs) => {
      const f = frame(name, [x, scale, offset], attrs.blockSize);
      const layout = grad.layout.reshape(f.shape);
      const upstream = layout && grad.dtype === f.dtype ? { storage: grad.storage, layout } : packed(grad, f);
      const out = empty(f.shape, f.dtype);
      if (!attrs.encoding) {
        run(upstream, f, attrs, out, null);
        return [finished(out, f.outShape)];
      }
      const spreadSum = (sum: View<'float64'>, shape: Shape): View<'float64'> => ({
        storage: sum.storage,
        layout: sum.layout.reshape(attrs.blockSize ? interleaved(shape) : shape)!.broadcastTo(f.shape),
      });
      const [scales, offsets] = [accumulator(scale.shape), accumulator(offset.shape)];
      run(upstream, f, attrs, out, { scale: spreadSum(scales, scale.shape), offset: spreadSum(offsets, offset.shape) });
      return [finished(out, f.outShape), cast(scales, f.dtype), cast(offsets, f.dtype)];
    },
    backward: () => {
      throw new AutogradError(
        `${name}: a straight-through gradient has no second derivative. Leave { createGraph: true } out.`,
      );
    },
  });

function packed(x: View, f: Frame): View {
  const out = empty(x.layout.shape, f.dtype);
  kernels.copy(x, out);
  return finished(out, f.shape);
}

function gradients(
  record: ReturnType<typeof derivative>,
  grad: Tensor,
  inputs: Triple,
  attrs: AffineAttrs,
): (Tensor | null)[] {
  const [, scale, offset] = inputs;
  const encoding = scale.requiresGrad || offset.requiresGrad;
  const [dx, dscale, doffset] = apply(record, [grad, ...inputs], { ...attrs, encoding });
  return [dx!, dscale ?? null, doffset ?? null];
}

const quantizeGrad = derivative('quantizeLinear', (grad, f, attrs, out, sums) =>
  kernels.quantizeGrad(grad, f.x, f.scale, f.offset, grid(attrs, false), out, sums),
);

const dequantizeGrad = derivative('dequantizeLinear', (grad, f, _attrs, out, sums) =>
  kernels.dequantizeGrad(grad, f.x, f.scale, f.offset, out, sums),
);

const fakeQuantizeGrad = derivative('fakeQuantize', (grad, f, attrs, out, sums) =>
  kernels.fakeQuantizeGrad(grad, f.x, f.scale, f.offset, grid(attrs, isWide(attrs)), out, sums),
);

/** Throws unless the operands of `name` are floating and the grid is one. */
function check(name: string, x: Tensor, scale: Tensor, { qmin, qmax, dtype }: AffineAttrs): void {
  if (!isFloat(x.dtype))
    throw new DTypeError(`${name}: x must be floating, got ${x.dtype}. Convert it with to('float32').`);
  checkScale(name, scale);
  if (!Number.isInteger(qmin) || !Number.isInteger(qmax) || qmin > qmax)
    throw new ArgumentError(
      `${name}: qmin and qmax must be integers with qmin <= qmax, got ${described(qmin)} and ${described(qmax)}.`,
    );
  if (dtype === null) return;
  const { min, max, kind } = dtypes[dtype];
  if (kind !== 'int') throw new DTypeError(`${name}: dtype must be an integer one, got ${dtype}.`);
  if (qmin < min || qmax > max)
    throw new DTypeError(
      `${name}: ${dtype} holds ${min} to ${max}, not the grid ${qmin} to ${qmax}. Choose a wider dtype.`,
    );
}

function checkScale(name: string, scale: Tensor): void {
  if (!isFloat(scale.dtype) && scale.weak === null)
    throw new DTypeError(`${name}: scale must be floating, got ${scale.dtype}. Convert it with to('float32').`);
}

/**
 * Position on the grid: `clamp(rint(x / scale) - offset, qmin, qmax)`, each operation rounded to float32. Rounds half to
 * even and divides (never multiplies by 1 / scale), as AIMET and ONNX QuantizeLinear do. Straight-through gradient:
 * `mg = grad` inside the grid and 0 outside, dx = mg / scale, dscale = sum(-(mg / scale) * (x / scale)), doffset = -sum(mg).
 */
export const quantizeLinear = op<Triple, AffineAttrs>({
  name: 'quantizeLinear',
  forward: (inputs, attrs) => {
    check('quantizeLinear', inputs[0], inputs[1], attrs);
    const f = frame('quantizeLinear', inputs, attrs.blockSize);
    const out = empty(f.shape, attrs.dtype ?? f.dtype);
    kernels.quantize(f.x, f.scale, f.offset, grid(attrs, false), out);
    return finished(out, f.outShape);
  },
  backward: (grad, inputs, _q, attrs) => gradients(quantizeGrad, grad, inputs, attrs),
  saves: 'inputs',
});

/** `(q + offset) * scale`; `q` may be of any dtype. */
export const dequantizeLinear = op<Triple, AffineAttrs>({
  name: 'dequantizeLinear',
  forward: (inputs, attrs) => {
    checkScale('dequantizeLinear', inputs[1]);
    const f = frame('dequantizeLinear', inputs, attrs.blockSize);
    const out = empty(f.shape, f.dtype);
    kernels.dequantize(f.x, f.scale, f.offset, out);
    return finished(out, f.outShape);
  },
  backward: (grad, inputs, _x, attrs) => gradients(dequantizeGrad, grad, inputs, attrs),
  saves: 'inputs',
});

/**
 * Quantize and dequantize in one pass. With t = x / scale, r = rint(t) and m = 1 where r - offset lies in the grid:
 * dx = grad * m, dscale = sum(grad * (clamp(r, offset + qmin, offset + qmax) - t * m)), doffset = sum(grad * ((1 - m) * scale)).
 */
export const fakeQuantize = op<Triple, AffineAttrs>({
  name: 'fakeQuantize',
  forward: (inputs, attrs) => {
    check('fakeQuantize', inputs[0], inputs[1], attrs);
    const f = frame('fakeQuantize', inputs, attrs.blockSize);
    const out = empty(f.shape, f.dtype);
    kernels.fakeQuantize(f.x, f.scale, f.offset, grid(attrs, isWide(attrs)), out);
    return finished(out, f.outShape);
  },
  backward: (grad, inputs, _y, attrs) => gradients(fakeQuantizeGrad, grad, inputs, attrs),
  saves: 'inputs',
});
