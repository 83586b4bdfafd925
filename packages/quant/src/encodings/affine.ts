import { described, isFloat, ShapeError, shown, tensor, type DType, type Tensor } from '@q/tensor';
import { checkTensor, sameShape } from '@q/tensor/internal';
import { checkKnownOptions } from '../arguments.js';
import { elementsOf } from '../elements.js';
import { EncodingError, QuantizationError } from '../errors.js';
import { dequantize, quantizeOnGrid, type BlockOptions } from '../functional.js';
import { bitwidthOf, dtypeOfGrid, gridOf, gridOptions, isSigned, type Grid, type GridOptions } from '../grid.js';
import { checkBlockSize, type BlockSize } from '../spread.js';
import { checkParameterDType, granularityOf, type Encoding, type Granularity } from './encoding.js';

/** What an affine encoding says besides its scale, offset and grid. */
export interface AffineEncodingSettings extends BlockOptions {
  /** Whether zero lies at the grid's own zero; the offset is then 0. */
  readonly symmetry?: boolean;
}

/** Options of an affine encoding: the grid, its symmetry, and the block size of a block-wise one. */
export type AffineEncodingOptions = GridOptions & AffineEncodingSettings;

/**
 * `x ~ (q + offset) * scale` with `q` on the grid `[qmin, qmax]`: scale, offset and grid of a quantized tensor. Immutable.
 *
 * ```ts
 * new AffineEncoding(tensor(0.1), tensor(0), { bitwidth: 8, signed: true });
 * ```
 */
export class AffineEncoding implements Encoding {
  readonly mapping = 'affine';
  /** Step size, of shape [] (per tensor), per channel or per block. */
  readonly scale: Tensor;
  /** Position of zero, of the shape of the scale: minus ONNX's zero point. */
  readonly offset: Tensor;
  /** Smallest integer. */
  readonly qmin: number;
  /** Largest integer. */
  readonly qmax: number;
  /** Whether zero lies at the grid's own zero. */
  readonly symmetry: boolean;
  /** Elements per scale along each of its dims; null unless block-wise. */
  readonly blockSize: BlockSize | null;

  /**
   * @param options the grid as `{ qmin, qmax }`, `{ bitwidth, signed }` or `{ numSteps, signed }`; `symmetry`; `blockSize`
   * @throws QuantizationError for a grid that is none, for scales that are not positive and finite, and for offsets that are not
   *   finite; ShapeError where scale, offset and block size do not fit
   */
  constructor(scale: Tensor | number, offset: Tensor | number, options: AffineEncodingOptions);
  /**
   * `computed`: scale and offset come from a range, whatever it is; one without width gives scale 0 and offset NaN.
   *
   * @internal
   */
  constructor(scale: Tensor | number, offset: Tensor | number, options: AffineEncodingOptions, computed: boolean);
  constructor(
    scale: Tensor | number,
    offset: Tensor | number,
    options: AffineEncodingOptions,
    computed: boolean = false,
  ) {
    checkKnownOptions('AffineEncoding', options, [...gridOptions, 'symmetry', 'blockSize']);
    const { symmetry = false, blockSize = null } = options;
    const { qmin, qmax } = gridOf('AffineEncoding', options);
    if (typeof symmetry !== 'boolean')
      throw new QuantizationError(`AffineEncoding: symmetry must be true or false, got ${described(symmetry)}.`);
    this.scale = typeof scale === 'number' ? tensor(scale) : scale;
    this.offset = typeof offset === 'number' ? tensor(offset) : offset;
    checkTensor('AffineEncoding', 'scale', this.scale);
    checkTensor('AffineEncoding', 'offset', this.offset);
    if (!isFloat(this.scale.dtype))
      throw new EncodingError(`AffineEncoding: scale must be floating, got ${this.scale.dtype}.`);
    const shape = this.scale.shape;
    if (this.offset.ndim !== 0 && !sameShape(this.offset.shape, shape))
      throw new ShapeError(
        `AffineEncoding: scale ${shown(shape)} and offset ${shown(this.offset.shape)} must have one shape.`,
      );
    checkBlockSize('AffineEncoding', blockSize, shape);
    if (!computed) checkParameters(this.scale, this.offset);
    this.qmin = qmin;
    this.qmax = qmax;
    this.symmetry = symmetry;
    this.blockSize = blockSize === null ? null : [...blockSize];
  }

  /** The grid. */
  get grid(): Grid {
    return { qmin: this.qmin, qmax: this.qmax };
  }

  /** What shares one scale and offset. */
  get granularity(): Granularity {
    return granularityOf(this.scale.shape, this.blockSize);
  }

  /** Smallest number of the grid: `scale * (offset + qmin)`. */
  get min(): Tensor {
    return this.scale.mul(this.offset.add(this.qmin));
  }

  /** Largest number of the grid: `scale * (offset + qmax)`. */
  get max(): Tensor {
    return this.scale.mul(this.offset.add(this.qmax));
  }

  /** Number of steps of the grid, `qmax - qmin`. */
  get numSteps(): number {
    return this.qmax - this.qmin;
  }

  /** Bits of the grid. Throws QuantizationError for a grid such as [-127, 127] that uses no whole number of bits. */
  get bitwidth(): number {
    return bitwidthOf('AffineEncoding', this.grid);
  }

  /** Whether the grid lies around zero. Throws QuantizationError for a grid that is neither `[-k - 1, k]` nor `[0, k]`. */
  get signed(): boolean {
    return isSigned('AffineEncoding', this.grid);
  }

  /** The smallest dtype that holds the grid. */
  get dtype(): 'uint8' | 'int8' | 'int16' | 'int32' {
    return dtypeOfGrid(this.grid);
  }

  /** The same grid with other parameters of the same meaning. */
  withParameters(scale: Tensor, offset: Tensor): AffineEncoding {
    const { qmin, qmax, symmetry, blockSize } = this;
    return new AffineEncoding(scale, offset, { qmin, qmax, symmetry, blockSize }, true);
  }

  /** The encoding with scale and offset in another floating dtype. Throws EncodingError for any other. */
  to(dtype: DType): AffineEncoding {
    checkParameterDType('AffineEncoding.to', 'scale and offset', dtype);
    return this.withParameters(this.scale.to(dtype), this.offset.to(dtype));
  }

  /** The encoding outside the autograd graph. */
  detach(): AffineEncoding {
    const { scale, offset } = this;
    return scale.requiresGrad || offset.requiresGrad ? this.withParameters(scale.detach(), offset.detach()) : this;
  }

  /** Positions of `x` on the grid, as floats: `clamp(rint(x / scale) - offset, qmin, qmax)`. */
  quantize(x: Tensor): Tensor {
    return quantizeOnGrid(x, this.scale, this.offset, this.grid, this.blockSize, 'AffineEncoding.quantize');
  }

  /** Numbers from grid positions: `(q + offset) * scale`. */
  dequantize(q: Tensor): Tensor {
    return dequantize(q, this.scale, this.offset, { blockSize: this.blockSize });
  }
}

/** Throws QuantizationError for scales and offsets that no numbers can be represented with. */
function checkParameters(scale: Tensor, offset: Tensor): void {
  const [scales, offsets] = elementsOf(scale, offset);
  const step = scales.find((value: number) => !(value > 0 && value < Infinity));
  if (step !== undefined)
    throw new QuantizationError(`AffineEncoding: scales must be positive and finite, got ${step}.`);
  const shift = offsets.find((value: number) => !Number.isFinite(value));
  if (shift !== undefined) throw new QuantizationError(`AffineEncoding: offsets must be finite, got ${shift}.`);
}
