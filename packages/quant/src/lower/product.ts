import { convInteger, dtypes, matmulInteger, type DType, type Tensor } from '@q/tensor';
import { elementsOf } from '../elements.js';
import { byBytes } from '../kernels/wide.js';
import { owned } from '../kernels/table.js';
import { Accumulated } from './accumulated.js';
import { IntegerLayer, NotOnIntegers, type Computed, type Places } from './layer.js';
import { integersOf, numbers, zeroOf, type Integers } from './operands.js';
import { largestSum, zerosOf, type IntegerWeight } from './weights.js';

/** The largest accumulator of 32 bits. */
const LARGEST = 2 ** 31 - 1;

/** The largest distance of a position of a grid from its zero. */
const reach = ({ encoding }: Integers): number =>
  Math.max(Math.abs(encoding.qmin - zeroOf(encoding)), Math.abs(encoding.qmax - zeroOf(encoding)));

/** A product of the input with a weight, and a bias: what linear layers and convolutions have in common. */
export abstract class IntegerProduct extends IntegerLayer {
  /** Scales of the accumulators for the input encoding seen last. */
  private scales: { readonly of: Integers['encoding']; readonly scale: Float32Array } | null = null;
  private readonly sum: number;
  /** Whether the layer behind takes the accumulators over, so that they go when it has read them. */
  lends = false;
  private latest: Accumulated | null = null;

  constructor(
    kind: string,
    places: Places,
    readonly weight: IntegerWeight,
    readonly bias: Float32Array | null,
  ) {
    super(kind, places);
    this.sum = largestSum(weight);
  }

  /** Sums of products in int32, `[..., channels, ...inner]`. */
  protected abstract sums(values: Tensor, zero: number): Tensor;

  /** Dims of the result behind its channels. */
  protected abstract readonly trailing: number;

  protected override compute([x]: readonly unknown[]): Computed {
    const integers = integersOf(x);
    if (integers === null)
      throw new NotOnIntegers(
        this,
        `its input arrives as floats. Set an input quantizer, or an output quantizer at the layer before it.`,
      );
    const { encoding } = integers;
    if (this.scales?.of !== encoding) this.scales = { of: encoding, scale: this.checked(integers) };
    const acc = byBytes(integers.values, encoding.qmin, zeroOf(encoding), (values, zero) => this.sums(values, zero));
    const { output } = this;
    const once = output !== null || this.lends;
    const result = new Accumulated({ acc, trailing: this.trailing, scale: this.scales.scale, bias: this.bias, once });
    if (this.sealed === null) this.latest = result;
    if (output === null) return { y: result, route: 'integer', why: 'result in its accumulators' };
    const values = result.onGrid(output, output.qmin, output.qmax);
    return { y: numbers({ values, encoding: output }), route: 'integer' };
  }

  /** Ends the sample run: finds out whether one layer alone has read the accumulators. */
  settle(): void {
    this.lends = this.latest !== null && this.latest.reads.grids === 1 && this.latest.reads.floats === 0;
    this.latest = null;
  }

  /** Scales for an input whose sums cannot leave 32 bits. */
  private checked(x: Integers): Float32Array {
    const most = this.sum * reach(x);
    if (most > LARGEST)
      throw new NotOnIntegers(
        this,
        `sums of up to ${most} do not fit accumulators of 32 bits. Its weights allow inputs up to ${Math.floor(LARGEST / this.sum)} steps from zero, got ${reach(x)}: use fewer bits.`,
      );
    const step = x.encoding.scale.item();
    return this.weight.scale.map((scale) => scale * step);
  }
}

/** `Linear` on integers. */
export class IntegerLinear extends IntegerProduct {
  protected readonly trailing = 0;
  private readonly zeros: Tensor | number;

  constructor(kind: string, places: Places, weight: IntegerWeight, bias: Float32Array | null) {
    super(kind, places, weight, bias);
    this.zeros = zerosOf(weight);
  }

  protected override sums(values: Tensor, zero: number): Tensor {
    const rows = values.ndim === 2 ? values : values.reshape([-1, values.shape.at(-1)!]);
    const sums = matmulInteger(rows, this.weight.values.permute([1, 0]), { aZeroPoint: zero, bZeroPoint: this.zeros });
    return values.ndim === 2 ? sums : sums.reshape([...values.shape.slice(0, -1), this.weight.values.shape[0]!]);
  }
}

/** Settings of convolutions. */
export interface ConvSettings {
  readonly stride: readonly number[];
  readonly padding: readonly number[] | 'same' | 'valid';
  readonly dilation: readonly number[];
  readonly outputPadding: readonly number[];
  readonly groups: number;
  readonly paddingMode: string;
}

const fits = (value: number, dtype: DType): boolean => value >= dtypes[dtype].min && value <= dtypes[dtype].max;

const batchedAs = (values: Tensor, rank: number): Tensor => (values.ndim === rank ? values : values.unsqueeze(0));

/** `Conv1d`, `Conv2d` and `Conv3d` on integers. */
export class IntegerConv extends IntegerProduct {
  protected readonly trailing: number;
  private readonly zeros: Tensor | number;

  constructor(
    kind: string,
    places: Places,
    weight: IntegerWeight,
    bias: Float32Array | null,
    private readonly settings: ConvSettings,
  ) {
    super(kind, places, weight, bias);
    this.trailing = weight.values.ndim - 2;
    this.zeros = zerosOf(weight);
  }

  protected override sums(values: Tensor, zero: number): Tensor {
    const { stride, padding, dilation, groups } = this.settings;
    const options = { stride, padding, dilation, groups, xZeroPoint: zero, wZeroPoint: this.zeros };
    return convInteger(values, this.weight.values, options);
  }
}

/** `ConvTranspose1d`, `2d` and `3d` on integers: a convolution, with the weight turned, of the input with its elements set apart. */
export class IntegerConvTranspose extends IntegerProduct {
  protected readonly trailing: number;
  private readonly zeros: Tensor | number;

  constructor(
    kind: string,
    places: Places,
    weight: IntegerWeight,
    bias: Float32Array | null,
    private readonly settings: ConvSettings,
  ) {
    super(kind, places, weight, bias);
    this.trailing = weight.values.ndim - 2;
    this.zeros = zerosOf(weight);
  }

  protected override sums(values: Tensor, zero: number): Tensor {
    const { groups, dilation } = this.settings;
    const batch = batchedAs(values, this.trailing + 2);
    const apart = this.setApart(batch, zero);
    const sums = convInteger(apart, this.weight.values, { dilation, groups, xZeroPoint: zero, wZeroPoint: this.zeros });
    return batch === values ? sums : sums.squeeze(0);
  }

  /** The input with `stride - 1` zeros between its elements, padded so that the convolution gives the size wanted. */
  private setApart(values: Tensor, zero: number): Tensor {
    const { stride, padding, dilation, outputPadding } = this.settings;
    const kernel = this.weight.values.shape.slice(2);
    const sizes = values.shape.slice(2);
    const pads = kernel.map((size, d) => dilation[d]! * (size - 1) - (typeof padding === 'string' ? 0 : padding[d]!));
    const wanted = sizes.map((size, d) => (size - 1) * stride[d]! + 1 + 2 * pads[d]! + outputPadding[d]!);
    const count = values.shape[0]! * values.shape[1]!;
    const plane = wanted.reduce((product, size) => product * size, 1);
    const [from] = elementsOf(values);
    // A zero that lies outside the grid needs more room than the grid does.
    const dtype = fits(zero, values.dtype) ? (values.dtype as 'int8' | 'uint8') : 'int32';
    const to = new dtypes[dtype].array(count * plane).fill(zero);
    let at = 0;
    const place = (d: number, target: number, inside: boolean): void => {
      if (d === sizes.length) {
        if (inside) to[target] = from[at]!;
        at++;
        return;
      }
      for (let i = 0; i < sizes[d]!; i++) {
        const position = i * stride[d]! + pads[d]!;
        place(d + 1, target * wanted[d]! + position, inside && position >= 0 && position < wanted[d]!);
      }
    };
    for (let p = 0; p < count; p++) place(0, p, true);
    return owned(dtype, to, [...values.shape.slice(0, 2), ...wanted]);
  }
}

/** `MatMul` and `Bmm` on integers. */
export class IntegerMatMul extends IntegerLayer {
  protected override compute(args: readonly unknown[]): Computed {
    const [a, b] = [integersOf(args[0]), integersOf(args[1])];
    if (a === null || b === null)
      throw new NotOnIntegers(
        this,
        `its ${a === null ? 'first' : 'second'} input arrives as floats. Set an input quantizer there.`,
      );
    const [left, right] = [a, b];
    if (left.values.ndim < 2 || right.values.ndim < 2)
      throw new NotOnIntegers(this, `multiplies matrices only. Give vectors a dim of size 1.`);
    const k = left.values.shape.at(-1)!;
    const most = k * reach(left) * reach(right);
    if (most > LARGEST)
      throw new NotOnIntegers(
        this,
        `${k} products of up to ${reach(left) * reach(right)} do not fit accumulators of 32 bits. Use fewer bits.`,
      );
    const acc = byBytes(left.values, left.encoding.qmin, zeroOf(left.encoding), (x, aZeroPoint) =>
      byBytes(right.values, right.encoding.qmin, zeroOf(right.encoding), (y, bZeroPoint) =>
        matmulInteger(x, y, { aZeroPoint, bZeroPoint }),
      ),
    );
    const scale = this.scaleOf(left, right, acc.shape.at(-1)!);
    const { output } = this;
    const result = new Accumulated({ acc, trailing: 0, scale, bias: null, once: output !== null });
    if (output === null) return { y: result, route: 'integer', why: 'result in its accumulators' };
    const values = result.onGrid(output, output.qmin, output.qmax);
    return { y: numbers({ values, encoding: output }), route: 'integer' };
  }

  private known: {
    readonly a: Integers['encoding'];
    readonly b: Integers['encoding'];
    readonly scale: Float32Array;
  } | null = null;

  /** The scale of the products, as often as there are columns. */
  private scaleOf(a: Integers, b: Integers, columns: number): Float32Array {
    const { known } = this;
    if (known?.a === a.encoding && known.b === b.encoding && known.scale.length === columns) return known.scale;
    const scale = new Float32Array(columns).fill(a.encoding.scale.item() * b.encoding.scale.item());
    this.known = { a: a.encoding, b: b.encoding, scale };
    return scale;
  }
}
