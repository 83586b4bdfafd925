import { requantize, Storage, Tensor } from '@q/tensor';
import { Layout } from '@q/tensor/internal';
import { elementsOf } from '../elements.js';
import type { AffineEncoding } from '../encodings/affine.js';
import { QuantizationError } from '../errors.js';

/** Sums of integer products and what they stand for: `acc * scale + bias`, with an entry per channel. */
export interface Sums {
  /** int32, `[..., channels, ...inner]`, in any memory order. */
  readonly acc: Tensor;
  /** Dims behind the channels. */
  readonly trailing: number;
  /** Scale per channel. */
  readonly scale: Float32Array;
  /** Number added per channel, or null. */
  readonly bias: Float32Array | null;
  /** Whether the sums may go when they have been put on a grid: one layer reads them and no other. */
  readonly once?: boolean;
}

const { fround } = Math;

/**
 * The result of an integer product that has not been put on a grid: the layer behind it does so in one pass with what it
 * computes. To everything else it is a float tensor, whose elements are made when first asked for.
 */
export class Accumulated extends Tensor<'float32'> {
  /** How often the sums were read: on a grid, or as floats. */
  readonly reads: { grids: number; floats: number };

  constructor(readonly sums: Sums) {
    const { shape, numel } = sums.acc;
    const reads = { grids: 0, floats: 0 };
    super(
      new Storage('float32', numel, () => {
        reads.floats++;
        checkPresent(sums, reads.grids);
        return floatsOf(sums);
      }),
      new Layout(shape),
    );
    this.reads = reads;
  }

  /** The sums on a grid, between two of its positions: `clamp(rint(acc * scale / step + bias / step) - offset, low, high)`. */
  onGrid(encoding: AffineEncoding, low: number, high: number): Tensor {
    const { sums, reads } = this;
    checkPresent(sums, reads.grids++);
    const { multiplier, bias } = rescaling(sums, encoding);
    const { dtype } = encoding;
    const zeroPoint = 0 - encoding.offset.item();
    const values = requantize(sums.acc, multiplier, { bias, zeroPoint, qmin: low, qmax: high, dtype });
    if (sums.once) sums.acc.storage.free();
    return values;
  }
}

function checkPresent({ once }: Sums, grids: number): void {
  if (once && grids > 0)
    throw new QuantizationError(
      'the accumulators of an integer layer were read a second time, but only once when the model was lowered. Lower it with a sample that does the same.',
    );
}

/** Multiplier and bias of a product for one output grid, kept with its scales: both stay the same from call to call. */
const rescalings = new WeakMap<
  Float32Array,
  { readonly encoding: AffineEncoding; readonly multiplier: Tensor; readonly bias: Tensor }
>();

function rescaling({ trailing, scale, bias }: Sums, encoding: AffineEncoding) {
  const known = rescalings.get(scale);
  if (known?.encoding === encoding) return known;
  const step = encoding.scale.item();
  const perChannel = (values: ArrayLike<number>): Tensor => {
    const steps = Float32Array.from(values, (value) => value / step);
    const shape = [steps.length, ...Array<number>(trailing).fill(1)];
    return new Tensor(new Storage('float32', steps.length, steps), new Layout(shape));
  };
  const made = { encoding, multiplier: perChannel(scale), bias: perChannel(bias ?? scale.map(() => 0)) };
  rescalings.set(scale, made);
  return made;
}

/** One line of sums as numbers, whose channels are `step` apart (0: all of them are one channel). */
function fillLine(
  acc: Int32Array,
  from: number,
  stride: number,
  scale: Float32Array,
  bias: Float32Array,
  channel: number,
  step: number,
  made: Float32Array,
  at: number,
  count: number,
): void {
  for (let i = 0, c = channel; i < count; i++, c += step)
    made[at + i] = fround(fround(acc[from + i * stride]!) * scale[c]!) + bias[c]!;
}

/** The numbers that sums stand for, in plain loops: they may be asked for while a kernel gathers its operands. */
function floatsOf({ acc, trailing, scale, bias }: Sums): Float32Array {
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
    const [size, stride] = [shape[d]!, strides[d]!];
    if (d < last) for (let i = 0; i < size; i++) walk(d + 1, from + i * stride, d === channelDim ? i : channel);
    else {
      const step = d === channelDim ? 1 : 0;
      fillLine(array, from, stride, scale, terms, channel, step, made, at, size);
      at += size;
    }
  };
  if (layout.numel > 0) walk(0, base + offset, 0);
  return made;
}

/** The elements of a tensor as float32 in an array of their own. */
export const float32Of = (x: Tensor): Float32Array => Float32Array.from(elementsOf(x.detach())[0]);
