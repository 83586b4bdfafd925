import { dequantizeLinear, fakeQuantize, isFloat, quantizeLinear, type DType, type Tensor } from '@q/tensor';
import { commonShape, checkTensors } from '@q/tensor/internal';
import { checkKnownOptions } from './arguments.js';
import { QuantizationError } from './errors.js';
import { gridOf, gridOptions, type Grid, type GridOptions } from './grid.js';
import { checkBlockSize, checkSpread, type BlockSize } from './spread.js';

/** Which elements share a scale. */
export interface BlockOptions {
  /** Elements per dim that share a scale; -1 for all. Left out: the shape of the scale says it. */
  readonly blockSize?: BlockSize | null;
}

/** Options of the functional forms: the grid, and the block size where the encoding is block-wise. */
export type AffineFunctionOptions = GridOptions & BlockOptions;

/** Scale and offset in the dtype that x is computed in. */
function matched(
  operation: string,
  x: Tensor,
  scale: Tensor,
  offset: Tensor,
  blockSize: BlockSize | null,
): [Tensor, Tensor] {
  checkTensors(operation, { x, scale, offset });
  const shape = commonShape(operation, scale.shape, offset.shape);
  checkBlockSize(operation, blockSize, shape);
  if (blockSize === null) checkSpread(operation, shape, x.shape);
  if (!isFloat(x.dtype)) return [scale, offset];
  const dtype = x.dtype === 'float64' ? 'float64' : 'float32';
  return [scale.to(dtype), offset.to(dtype)];
}

/** Binary digits of the floats that positions are held in. */
const digits: Partial<Record<DType, number>> = { float16: 11, bfloat16: 8, float64: 53 };

/** Throws unless neighbouring integers at both ends of the grid are different floats of the dtype that holds them. */
function checkRepresentable(operation: string, { qmin, qmax }: Grid, dtype: DType): void {
  const most = digits[dtype] ?? 24;
  const fits = (q: number): boolean =>
    q === 0 || Number.isInteger(q / 2 ** Math.max(0, Math.floor(Math.log2(Math.abs(q))) + 1 - most));
  if ([qmin, qmin + 1, qmax - 1, qmax].every(fits)) return;
  const held = dtype in digits ? dtype : 'float32';
  throw new QuantizationError(
    `${operation}: ${held} cannot represent every integer of the grid [${qmin}, ${qmax}]. Use at most ${most} bits, another dtype, or quantizeDequantize().`,
  );
}

/** `quantize` on a grid that is known to be one. */
export function quantizeOnGrid(
  x: Tensor,
  scale: Tensor,
  offset: Tensor,
  grid: Grid,
  blockSize: BlockSize | null,
  operation = 'quantize',
): Tensor {
  const [s, o] = matched(operation, x, scale, offset, blockSize);
  checkRepresentable(operation, grid, x.dtype);
  return quantizeLinear(x, s, o, grid.qmin, grid.qmax, { blockSize }).to(x.dtype);
}

/** `quantizeDequantize` on a grid that is known to be one. */
export function fakeQuantizeOnGrid(
  x: Tensor,
  scale: Tensor,
  offset: Tensor,
  grid: Grid,
  blockSize: BlockSize | null,
  operation = 'quantizeDequantize',
): Tensor {
  const [s, o] = matched(operation, x, scale, offset, blockSize);
  return fakeQuantize(x, s, o, grid.qmin, grid.qmax, { blockSize }).to(x.dtype);
}

const known = [...gridOptions, 'blockSize'];

/** The grid of a functional form, which may be a single point. */
function functionGrid(operation: string, options: AffineFunctionOptions): Grid {
  checkKnownOptions(operation, options, known);
  const { qmin, qmax } = options;
  if (qmin !== undefined && qmin === qmax && Number.isSafeInteger(qmin)) return { qmin, qmax };
  return gridOf(operation, options);
}

/**
 * Positions of `x` on an integer grid, as floats: `clamp(rint(x / scale) - offset, qmin, qmax)`. Rounds half to even and
 * divides, as AIMET and ONNX QuantizeLinear do. Differentiable straight through.
 *
 * @param scale step size, and @param offset position of zero: of one shape that spreads over x, or block-wise
 * @param options the grid as `{ qmin, qmax }`, `{ bitwidth, signed }` or `{ numSteps, signed }`, and `blockSize`
 * @throws QuantizationError for a grid that is none or that float32 cannot represent; ShapeError where shapes do not fit
 */
export function quantize(x: Tensor, scale: Tensor, offset: Tensor, options: AffineFunctionOptions): Tensor {
  const grid = functionGrid('quantize', options);
  return quantizeOnGrid(x, scale, offset, grid, options.blockSize ?? null);
}

/** `quantize` and `dequantize` in one pass: the numbers that a quantized `x` stands for. Grids of 20 bits and more compute in float64. */
export function quantizeDequantize(x: Tensor, scale: Tensor, offset: Tensor, options: AffineFunctionOptions): Tensor {
  const grid = functionGrid('quantizeDequantize', options);
  return fakeQuantizeOnGrid(x, scale, offset, grid, options.blockSize ?? null);
}

/**
 * Numbers from grid positions: `(q + offset) * scale`.
 *
 * @param options `blockSize` where the encoding is block-wise; a grid may be given and does not matter
 */
export function dequantize(
  q: Tensor,
  scale: Tensor,
  offset: Tensor,
  options: AffineFunctionOptions | BlockOptions = {},
): Tensor {
  checkKnownOptions('dequantize', options, known);
  const blockSize = options.blockSize ?? null;
  const [s, o] = matched('dequantize', q, scale, offset, blockSize);
  const x = dequantizeLinear(q, s, o, { blockSize });
  return isFloat(q.dtype) ? x.to(q.dtype) : x;
}
