import type { Tensor } from '@q/tensor';
import type { AffineEncoding } from '../encodings/affine.js';
import { fakeQuantizeOnGrid, quantizeOnGrid } from '../functional.js';
import { DequantizedTensor, QuantizedTensor } from '../tensor.js';
import { AffineQuantizerBase, affineOptions, type AffineQuantizerOptions } from './affine-base.js';

export { AffineEncoding, type AffineEncodingOptions, type AffineEncodingSettings } from '../encodings/affine.js';
export {
  dequantize,
  quantize,
  quantizeDequantize,
  type AffineFunctionOptions,
  type BlockOptions,
} from '../functional.js';
export type { BlockSize } from '../spread.js';
export {
  AffineQuantizerBase,
  type AffineQuantizerOptions,
  type AffineQuantizerSettings,
  type QuantizerGrid,
} from './affine-base.js';
export { GroupedBlockQuantizeDequantize, type GroupedBlockOptions } from './grouped-block.js';

/**
 * Maps floats to positions on an integer grid: `clamp(rint(x / scale) - offset, qmin, qmax)`.
 *
 * ```ts
 * const quantizer = new Quantize({ shape: [], bitwidth: 8, symmetric: false });
 * quantizer.computeEncodings(() => quantizer.forward(x));
 * quantizer.quantize(x).quantizedRepr(); // uint8
 * ```
 */
export class Quantize extends AffineQuantizerBase {
  constructor(options: AffineQuantizerOptions) {
    AffineQuantizerBase.check('Quantize', options, affineOptions);
    super(options);
  }

  override quantize(x: Tensor): QuantizedTensor {
    return this.quantizeAs(x, this.needed());
  }

  protected override quantizeAs(x: Tensor, encoding: AffineEncoding): QuantizedTensor {
    const { scale, offset, blockSize, grid } = encoding;
    return new QuantizedTensor(quantizeOnGrid(x, scale, offset, grid, blockSize, 'Quantize'), encoding);
  }
}

/**
 * Maps floats to the nearest numbers that positions on an integer grid stand for, as quantizing and dequantizing would.
 *
 * ```ts
 * const quantizer = new QuantizeDequantize({ shape: [10, 1], bitwidth: 4, symmetric: true });
 * ```
 */
export class QuantizeDequantize extends AffineQuantizerBase {
  constructor(options: AffineQuantizerOptions) {
    AffineQuantizerBase.check('QuantizeDequantize', options, affineOptions);
    super(options);
  }

  override quantize(x: Tensor): DequantizedTensor {
    return this.quantizeAs(x, this.needed());
  }

  protected override quantizeAs(x: Tensor, encoding: AffineEncoding): DequantizedTensor {
    const { scale, offset, blockSize, grid } = encoding;
    return new DequantizedTensor(fakeQuantizeOnGrid(x, scale, offset, grid, blockSize, 'QuantizeDequantize'), encoding);
  }
}
