import { requantize, Storage, Tensor, type Shape } from '@q/tensor';
import { Layout, numel } from '@q/tensor/internal';
import { elementsOf } from '../elements.js';
import type { AffineEncoding } from '../encodings/affine.js';
import type { GridDType } from '../encodings/grid-values.js';
import { QuantizationError } from '../errors.js';
import { positions } from '../kernels/table.js';
import { sameTarget, scaleOf, zeroOf, type Target } from './grids.js';

/** Scale of the accumulators of a product, and what is added, per output channel. */
export interface Scales {
  readonly scale: Float32Array;
  /** Null for nothing. */
  readonly bias: Float32Array | null;
}

/** Sums of integer products and what they stand for: `acc * scale + bias`, with an entry per channel. */
export interface Sums extends Scales {
  /** int32, `[..., channels, ...inner]`, in any memory order. */
  readonly acc: Tensor;
  /** Dims behind the channels. */
  readonly trailing: number;
}

const { fround } = Math;

/** How accumulators come to a grid, as `requantize` wants it: multiplier and bias are vectors, with an entry per channel. */
export interface Rescaling {
  readonly multiplier: Tensor;
  readonly bias: Tensor;
  readonly zeroPoint: number;
  readonly qmin: number;
  readonly qmax: number;
  readonly dtype: GridDType;
}

/** Multiplier and bias of a product for one output grid, kept with its scales: both stay the same from call to call. */
const rescalings = new WeakMap<
  Float32Array,
  { readonly encoding: AffineEncoding; readonly multiplier: Tensor; readonly bias: Tensor }
>();

/** A float32 vector that keeps its array. */
export const vectorOf = (values: Float32Array<ArrayBuffer>): Tensor =>
  new Tensor(new Storage('float32', values.length, values), new Layout([values.length]));

function multiplierAndBias({ scale, bias }: Scales, encoding: AffineEncoding) {
  const known = rescalings.get(scale);
  if (known?.encoding === encoding) return known;
  const step = scaleOf(encoding);
  const inSteps = (values: Float32Array): Tensor => vectorOf(values.map((value) => value / step));
  const made = { encoding, multiplier: inSteps(scale), bias: inSteps(bias ?? new Float32Array(scale.length)) };
  rescalings.set(scale, made);
  return made;
}

/** How accumulators of these scales come to a target: `clamp(rint(acc * scale / step + bias / step) - offset, low, high)`. */
export function rescaling(scales: Scales, { encoding, low, high }: Target): Rescaling {
  const { multiplier, bias } = multiplierAndBias(scales, encoding);
  return { multiplier, bias, zeroPoint: zeroOf(encoding), qmin: low, qmax: high, dtype: encoding.dtype };
}

/** The accumulators themselves, on a grid. */
export function placed({ acc, trailing, ...scales }: Sums, target: Target): Tensor {
  const { multiplier, bias, ...grid } = rescaling(scales, target);
  const aligned = (vector: Tensor): Tensor => vector.reshape([-1, ...Array<number>(trailing).fill(1)]);
  return requantize(acc, aligned(multiplier), { ...grid, bias: aligned(bias) });
}

/**
 * The result of an integer product that has no grid of its own: the layer behind it puts it on one. To everything else it is a
 * float tensor.
 */
export abstract class Accumulated extends Tensor<'float32'> {
  /** The integers of a grid that the product gives, between two of its positions. */
  abstract onGrid(target: Target): Tensor;
}

/** A result in its accumulators, whose floats are made when they are first asked for. */
export class Summed extends Accumulated {
  /** Where it was put, and how often it was read as floats. */
  readonly reads: { readonly targets: Target[]; floats: number };

  constructor(readonly sums: Sums) {
    const { shape, numel, storage } = sums.acc;
    const reads = { targets: [], floats: 0 };
    const make = (): Float32Array<ArrayBuffer> => {
      reads.floats++;
      return floatsOf(sums);
    };
    super(new Storage('float32', numel, make, false, storage), new Layout(shape));
    this.reads = reads;
    this.made = this.storage.version;
  }

  /** The version of its storage in which it stands for the sums. */
  private readonly made: number;

  override onGrid(target: Target): Tensor {
    const { encoding, low, high } = target;
    if (this.storage.version !== this.made) return positions(this, encoding).clamp({ min: low, max: high });
    this.reads.targets.push(target);
    return placed(this.sums, target);
  }
}

/** A function of two tensors of integers that has no grid of its own: computed on that of whoever reads it, and for nobody else. */
export class Paired extends Accumulated {
  constructor(
    shape: Shape,
    private readonly place: (target: Target) => Tensor,
    refuse: () => never,
  ) {
    super(new Storage('float32', numel(shape), refuse), new Layout(shape));
  }

  override onGrid(target: Target): Tensor {
    return this.place(target);
  }
}

const misread = (layer: string): QuantizationError =>
  new QuantizationError(
    `${layer}: its result has no output quantizer and was put on the grid of the one layer that read it when the model was lowered. Something else reads it now: lower the model with a sample that does the same.`,
  );

/** A result that was put on the grid of the one layer that reads it while it was computed; its accumulators never existed. */
export class Lent extends Accumulated {
  constructor(
    /** How messages call the layer. */
    private readonly layer: string,
    private readonly values: Tensor,
    private readonly target: Target,
  ) {
    const refuse = (): never => {
      throw misread(layer);
    };
    super(new Storage('float32', values.numel, refuse, false, values.storage), new Layout(values.shape));
  }

  override onGrid(target: Target): Tensor {
    if (!sameTarget(target, this.target)) throw misread(this.layer);
    return this.values;
  }
}

/** One line of sums, `stride` apart from `from` on, and where their numbers go. */
interface Line {
  readonly acc: Int32Array;
  readonly from: number;
  readonly stride: number;
  readonly count: number;
  /** The channel of the first one, and how far apart theirs are (0: all of them are of one channel). */
  readonly channel: number;
  readonly step: number;
  readonly scale: Float32Array;
  readonly bias: Float32Array;
  readonly made: Float32Array;
  readonly at: number;
}

/** No closure: that would read its variables from memory in each step. */
function fillLine({ acc, from, stride, count, channel, step, scale, bias, made, at }: Line): void {
  for (let i = 0, c = channel; i < count; i++, c += step)
    made[at + i] = fround(fround(acc[from + i * stride]!) * scale[c]!) + bias[c]!;
}

/** The numbers that sums stand for, in plain loops: they may be asked for while a kernel gathers its operands. */
function floatsOf({ acc, trailing, scale, bias }: Sums): Float32Array<ArrayBuffer> {
  const { storage, layout } = acc;
  const { base } = storage;
  const array = storage.array as Int32Array;
  const { shape, strides, offset } = layout;
  const made = new Float32Array(layout.numel);
  // Adding -0 changes nothing, not even the sign of a zero.
  const terms = bias ?? new Float32Array(scale.length).fill(-0);
  const last = shape.length - 1;
  const channelDim = last - trailing;
  let at = 0;
  const walk = (d: number, from: number, channel: number): void => {
    const [count, stride] = [shape[d]!, strides[d]!];
    if (d < last) for (let i = 0; i < count; i++) walk(d + 1, from + i * stride, d === channelDim ? i : channel);
    else {
      const step = d === channelDim ? 1 : 0;
      fillLine({ acc: array, from, stride, count, channel, step, scale, bias: terms, made, at });
      at += count;
    }
  };
  if (layout.numel > 0) walk(0, base + offset, 0);
  return made;
}

/** The elements of a tensor as float32 in an array of their own. */
export const float32Of = (x: Tensor): Float32Array<ArrayBuffer> => Float32Array.from(elementsOf(x.detach())[0]);
