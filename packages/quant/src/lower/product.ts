import {
  convInteger,
  dequantizeLinear,
  described,
  dtypes,
  linearInteger,
  matmulInteger,
  type DType,
  type Requantization,
  ShapeError,
  Tensor,
  type Storage,
} from '@q/tensor';
import type { OutputSizeOptions } from '@q/nn';
import { numel, optionsOf } from '@q/tensor/internal';
import { elementsOf } from '../elements.js';
import { QuantizationError } from '../errors.js';
import { LARGEST_ACCUMULATOR, overflow, reachOf } from '../kernels/bounds.js';
import { byBytes, isByte } from '../kernels/wide.js';
import { owned } from '../kernels/table.js';
import { float32Of, Lent, placed, rescaling, Summed, type Scales } from './accumulated.js';
import { sameTarget, scaleOf, wholeGrid, zeroOf, type Target } from './grids.js';
import { IntegerLayer, NotOnIntegers, type Computed, type Seen } from './layer.js';
import {
  integersOf,
  isSeen,
  numbers,
  ParameterGate,
  sightOf,
  type Gate,
  type Integers,
  type Sight,
} from './operands.js';
import type { ConvParts, ProductParts } from './parts.js';
import { boundOf, bytesOf, halvesOf, zerosOf, type IntegerWeight } from './weights.js';

const reach = ({ encoding }: Integers): number => reachOf(encoding.qmin, encoding.qmax, zeroOf(encoding));

/** A product of the input with a weight, and a bias: what linear layers and convolutions have in common. */
export abstract class IntegerProduct extends IntegerLayer {
  declare readonly parts: ProductParts;
  /** A field, so that the weight is part of the state. */
  readonly weight: IntegerWeight;
  /** Scales of the accumulators for the input encoding seen last. */
  private scales: (Scales & { readonly of: Integers['encoding'] }) | null = null;
  private readonly sum: number;
  private target: Target | null = null;
  /** What it gave in its accumulators while the sample ran. */
  private sampled: Summed[] = [];
  protected readonly zeros: Tensor | number;

  constructor(parts: ProductParts) {
    super(parts);
    this.weight = parts.weight;
    this.sum = boundOf(parts.weight);
    this.zeros = zerosOf(parts.weight);
  }

  /** The grid on which the one layer behind wants the result, where this layer has none of its own. */
  get lends(): Target | null {
    return this.target;
  }

  /** Puts its results on the grid of the one layer behind, or (null) leaves them in their accumulators. */
  lend(target: Target | null): void {
    this.target = target;
  }

  /** Products with the weight, `[..., channels, ...inner]`: their sums in int32, or put on a grid. */
  protected abstract product(values: Tensor, zero: number, requantize: Requantization | null): Tensor;

  /** Sums of products in int32 of one block of the inputs of many. */
  protected abstract productOfBlock(values: Tensor, zero: number, block: number): Tensor;

  /** Dims of the result behind its channels. */
  protected abstract readonly trailing: number;

  protected override compute([x]: readonly unknown[]): Computed {
    const integers = integersOf(x);
    if (integers === null) throw new NotOnIntegers(this, this.lacking('its input', x));
    const { encoding } = integers;
    if (this.scales?.of !== encoding)
      this.scales = { of: encoding, scale: this.checked(integers), bias: this.parts.bias };
    const { output, lends, scales, trailing } = this;
    const target = output === null ? lends : wholeGrid(output);
    if (target === null) {
      const result = new Summed({ acc: this.sums(integers), trailing, ...scales });
      if (this.sealed === null) this.sampled.push(result);
      return { y: result, route: 'integer', why: 'result in its accumulators' };
    }
    const values = this.onGrid(integers, scales, target);
    return output === null
      ? { y: new Lent(this.name, values, target), route: 'integer', why: 'result on the grid of the layer behind it' }
      : { y: numbers({ values, encoding: output }), route: 'integer' };
  }

  /** Sums of all products: in int32, in float32 where the weight has block scales. */
  private sums({ values, encoding }: Integers): Tensor {
    const { blockScales } = this.weight;
    return byBytes(values, encoding.qmin, zeroOf(encoding), (x, zero) =>
      blockScales === null ? this.product(x, zero, null) : this.sumOfBlocks(x, zero, blockScales),
    );
  }

  /** The sums of every block times its scale, added up in float32. */
  private sumOfBlocks(values: Tensor, zero: number, blockScales: Tensor): Tensor {
    let sum: Tensor | null = null;
    for (let b = 0; b < blockScales.shape[0]!; b++) {
      const acc = this.productOfBlock(values, zero, b);
      const scale = blockScales.select(0, b).reshape([-1, ...Array<number>(this.trailing).fill(1)]);
      const part = dequantizeLinear(acc, scale, 0);
      acc.storage.free();
      if (sum === null) sum = part;
      else {
        sum.add_(part);
        part.storage.free();
      }
    }
    return sum!;
  }

  private onGrid(integers: Integers, scales: Scales, target: Target): Tensor {
    const { values, encoding } = integers;
    if (isByte(values) && this.weight.blockScales === null)
      return this.product(values, zeroOf(encoding), rescaling(scales, target));
    const acc = this.sums(integers);
    const result = placed({ acc, trailing: this.trailing, ...scales }, target);
    acc.storage.free();
    return result;
  }

  override begin(sample: ReadonlySet<Storage>): void {
    super.begin(sample);
    this.sampled = [];
  }

  /** Finds out whether one layer alone has read each result, and all of them on one grid. */
  override settle(results: ReadonlySet<Storage>): Seen {
    const [target] = this.sampled[0]?.reads.targets ?? [];
    const lent = ({ reads: { targets, floats }, storage }: Summed): boolean =>
      targets.length === 1 && sameTarget(targets[0]!, target!) && floats === 0 && !results.has(storage);
    this.lend(target !== undefined && this.sampled.every(lent) ? target : null);
    this.sampled = [];
    return super.settle(results);
  }

  /** Scales for an input whose sums cannot leave 32 bits. */
  private checked(x: Integers): Float32Array {
    const why = overflow(this.sum, reach(x));
    if (why !== null) throw new NotOnIntegers(this, why);
    const step = scaleOf(x.encoding);
    return this.weight.scale.map((scale) => scale * step);
  }
}

/** Block `block` of so many along a dim, as a view. */
const blockOf = (x: Tensor, dim: number, block: number, blocks: number): Tensor => {
  const size = x.shape.at(dim)! / blocks;
  return x.narrow(dim, block * size, size);
};

/** `Linear` on integers. */
export class IntegerLinear extends IntegerProduct {
  protected readonly trailing = 0;

  protected override product(values: Tensor, zero: number, requantize: Requantization | null): Tensor {
    const { weight, zeros } = this;
    const options = { xZeroPoint: zero, wZeroPoint: zeros, requantize };
    return linearInteger<DType>(values, weight.halved ? halvesOf(weight) : weight.values, options);
  }

  protected override productOfBlock(values: Tensor, zero: number, block: number): Tensor {
    const { values: all, halved, blockScales, signed } = this.weight;
    const blocks = blockScales!.shape[0]!;
    const part = blockOf(all, 1, block, blocks);
    return linearInteger(blockOf(values, -1, block, blocks), halved ? { halves: part, signed } : part, {
      xZeroPoint: zero,
    });
  }
}

const fits = (value: number, dtype: DType): boolean => value >= dtypes[dtype].min && value <= dtypes[dtype].max;

const batchedAs = (values: Tensor, rank: number): Tensor => (values.ndim === rank ? values : values.unsqueeze(0));

/** `Conv1d`, `Conv2d` and `Conv3d` on integers. */
export class IntegerConv extends IntegerProduct {
  declare readonly parts: ConvParts;
  protected readonly trailing: number;

  constructor(parts: ConvParts) {
    super(parts);
    this.trailing = parts.weight.shape.length - 2;
  }

  protected override product(values: Tensor, zero: number, requantize: Requantization | null): Tensor {
    return this.convolved(values, zero, requantize, (weight) => weight);
  }

  protected override productOfBlock(values: Tensor, zero: number, block: number): Tensor {
    const blocks = this.weight.blockScales!.shape[0]!;
    const channels = values.ndim - this.trailing - 1;
    return this.convolved(blockOf(values, channels, block, blocks), zero, null, (weight) =>
      blockOf(weight, 1, block, blocks),
    );
  }

  private convolved(
    values: Tensor,
    zero: number,
    requantize: Requantization | null,
    part: (weight: Tensor) => Tensor,
  ): Tensor {
    const { stride, padding, dilation, groups } = this.parts.settings;
    const options = { stride, padding, dilation, groups, xZeroPoint: zero, wZeroPoint: this.zeros, requantize };
    return withBytes(this.weight, (weight) => convInteger<DType>(values, part(weight), options));
  }
}

/** Runs a product with the bytes of a weight, which go where they were unpacked for it. */
function withBytes(weight: IntegerWeight, product: (bytes: Tensor) => Tensor): Tensor {
  const bytes = bytesOf(weight);
  const result = product(bytes);
  if (weight.halved) bytes.storage.free();
  return result;
}

/** `ConvTranspose1d`, `2d` and `3d` on integers: a convolution, with the weight turned, of the input with its elements set apart. */
export class IntegerConvTranspose extends IntegerProduct {
  declare readonly parts: ConvParts;
  protected readonly trailing: number;
  /** The spatial sizes that the call asks for, if any. */
  private asked: readonly number[] | null = null;

  constructor(parts: ConvParts) {
    super(parts);
    this.trailing = parts.weight.shape.length - 2;
  }

  protected override product(values: Tensor, zero: number, requantize: Requantization | null): Tensor {
    const { groups, dilation } = this.parts.settings;
    const batch = batchedAs(values, this.trailing + 2);
    const options = { dilation, groups, xZeroPoint: zero, wZeroPoint: this.zeros, requantize };
    const products = withBytes(this.weight, (weight) =>
      convInteger<DType>(this.setApart(batch, zero), weight, options),
    );
    return batch === values ? products : products.squeeze(0);
  }

  protected override productOfBlock(): never {
    throw new QuantizationError(`${this.name}: transposed convolutions have no weights with block scales.`);
  }

  protected override compute([x, options]: readonly unknown[]): Computed {
    const { outputSize = null } = optionsOf(this.name, (options ?? {}) as OutputSizeOptions, ['outputSize']);
    this.asked = outputSize?.slice(-this.trailing) ?? null;
    return super.compute([x]);
  }

  /** How far the result reaches beyond the smallest one, which it does by its settings unless its sizes were asked for. */
  private outputPadding(least: readonly number[]): readonly number[] {
    const { asked } = this;
    const { outputPadding, stride } = this.parts.settings;
    if (asked === null) return outputPadding;
    const wanted = least.map((size, d) => asked[d]! - size);
    if (asked.length !== least.length || !wanted.every((size, d) => size >= 0 && size < stride[d]!))
      throw new ShapeError(
        `${this.name}: an output size of ${described(asked)} is impossible; it can be ${described(least)} to ${described(least.map((size, d) => size + stride[d]! - 1))}.`,
      );
    return wanted;
  }

  /** The input with `stride - 1` zeros between its elements, padded so that the convolution gives the size wanted. */
  private setApart(values: Tensor, zero: number): Tensor {
    const { stride, padding, dilation } = this.parts.settings;
    const kernel = this.weight.shape.slice(2);
    const sizes = values.shape.slice(2);
    const pads = kernel.map((size, d) => dilation[d]! * (size - 1) - (typeof padding === 'string' ? 0 : padding[d]!));
    const inside = sizes.map((size, d) => (size - 1) * stride[d]! + 1 + 2 * pads[d]!);
    const more = this.outputPadding(inside.map((size, d) => size - dilation[d]! * (kernel[d]! - 1)));
    const wanted = inside.map((size, d) => size + more[d]!);
    const count = values.shape[0]! * values.shape[1]!;
    const plane = numel(wanted);
    const [from] = elementsOf(values);
    // A zero that lies outside the grid needs more room than the grid does.
    const dtype = fits(zero, values.dtype) ? (values.dtype as 'int8' | 'uint8') : 'int32';
    const to = new dtypes[dtype].array(count * plane).fill(zero);
    let at = 0;
    const place = (d: number, target: number, within: boolean): void => {
      if (d === sizes.length) {
        if (within) to[target] = from[at]!;
        at++;
        return;
      }
      for (let i = 0; i < sizes[d]!; i++) {
        const position = i * stride[d]! + pads[d]!;
        place(d + 1, target * wanted[d]! + position, within && position >= 0 && position < wanted[d]!);
      }
    };
    for (let p = 0; p < count; p++) place(0, p, true);
    return owned(dtype, to, [...values.shape.slice(0, 2), ...wanted]);
  }
}

/** The grid of a result, as `Requantization` wants it. */
const gridOf = (encoding: Integers['encoding']): Omit<Requantization, 'multiplier'> => {
  const { qmin, qmax, dtype } = encoding;
  return { zeroPoint: zeroOf(encoding), qmin, qmax, dtype };
};

/** `MatMul` and `Bmm` on integers. */
export class IntegerMatMul extends IntegerLayer {
  /** The scales of the last call, and the bias in them. */
  private scales: (Scales & { readonly added: Sight | null }) | null = null;

  /** Scales of so many columns, all of them `step`: those of the last call where they are the same. */
  private scalesOf(step: number, columns: number, bias: Tensor | null): Scales {
    const { scales } = this;
    const kept = scales !== null && scales.scale.length === columns && scales.scale[0] === step;
    if (kept && (bias === null ? scales.bias === null : isSeen(bias, scales.added))) return scales;
    this.scales = {
      scale: new Float32Array(columns).fill(step),
      bias: bias && float32Of(bias),
      added: bias && sightOf(bias),
    };
    return this.scales;
  }

  /** Sums of the products of integers, or those put on a grid. */
  protected product(x: Tensor, xZero: number, y: Tensor, yZero: number, requantize: Requantization | null): Tensor {
    return matmulInteger<DType>(x, y, { aZeroPoint: xZero, bZeroPoint: yZero, requantize });
  }

  /** Columns of a product with this second operand. */
  protected columns(y: Tensor): number {
    return y.shape.at(-1)!;
  }

  protected override compute(args: readonly unknown[]): Computed {
    const [a, b] = [integersOf(args[0]), integersOf(args[1])];
    if (a === null || b === null)
      throw new NotOnIntegers(
        this,
        a === null ? this.lacking('its first input', args[0]) : this.lacking('its second input', args[1]),
      );
    const [left, right] = [a, b];
    if (left.values.ndim < 2 || right.values.ndim < 2)
      throw new NotOnIntegers(this, `multiplies matrices only. Give vectors a dim of size 1`);
    const k = left.values.shape.at(-1)!;
    const most = k * reach(left) * reach(right);
    if (most > LARGEST_ACCUMULATOR)
      throw new NotOnIntegers(
        this,
        `${k} products of up to ${reach(left) * reach(right)} do not fit accumulators of 32 bits. Use fewer bits`,
      );
    const { output } = this;
    const step = Math.fround(scaleOf(left.encoding) * scaleOf(right.encoding));
    const scales = this.scalesOf(step, this.columns(right.values), args[2] instanceof Tensor ? args[2] : null);
    const [leftZero, rightZero] = [zeroOf(left.encoding), zeroOf(right.encoding)];
    if (output !== null && isByte(left.values) && isByte(right.values)) {
      const requantize =
        scales.bias === null
          ? { ...gridOf(output), multiplier: Math.fround(step / scaleOf(output)) }
          : rescaling(scales, wholeGrid(output));
      const values = this.product(left.values, leftZero, right.values, rightZero, requantize);
      return { y: numbers({ values, encoding: output }), route: 'integer' };
    }
    const acc = byBytes(left.values, left.encoding.qmin, leftZero, (x, xZero) =>
      byBytes(right.values, right.encoding.qmin, rightZero, (y, yZero) => this.product(x, xZero, y, yZero, null)),
    );
    const sums = { acc, trailing: 0, ...scales };
    if (output === null) return { y: new Summed(sums), route: 'integer', why: 'result in its accumulators' };
    const values = placed(sums, wholeGrid(output));
    acc.storage.free();
    return { y: numbers({ values, encoding: output }), route: 'integer' };
  }
}

/** `DynamicLinear` on integers: the second operand is a weight `[columns, k]`. */
export class IntegerDynamicLinear extends IntegerMatMul {
  protected override gate(encoding: Integers['encoding'], place: number): Gate {
    return place === 1 ? new ParameterGate(encoding) : super.gate(encoding, place);
  }

  protected override product(
    x: Tensor,
    xZero: number,
    y: Tensor,
    yZero: number,
    requantize: Requantization | null,
  ): Tensor {
    return linearInteger<DType>(x, y, { xZeroPoint: xZero, wZeroPoint: yZero, requantize });
  }

  protected override columns(y: Tensor): number {
    return y.shape[0]!;
  }
}
