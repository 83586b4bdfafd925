import { defineOp, described, full, Tensor, zeros, type TypedArray } from '@q/tensor';
import { checkFloating } from '../arguments.js';
import { elementsOf } from '../elements.js';
import { QuantizationError } from '../errors.js';
import { rint } from '../rounding.js';
import { checkSpread } from '../spread.js';

const { fround } = Math;

/** A floating format: a sign bit, `exponentBits` and `mantissaBits`. */
export interface FloatFormat {
  readonly exponentBits: number;
  readonly mantissaBits: number;
}

/** The dtype that has a format of these bits, or null. */
export function castDType({ exponentBits, mantissaBits }: FloatFormat): 'float16' | 'bfloat16' | null {
  if (exponentBits === 5 && mantissaBits === 10) return 'float16';
  return exponentBits === 8 && mantissaBits === 7 ? 'bfloat16' : null;
}

/** Throws unless the bits make a format that float32 can show. */
export function checkFormat(operation: string, { exponentBits, mantissaBits }: FloatFormat): void {
  if (!Number.isInteger(exponentBits) || exponentBits < 1 || exponentBits > 8)
    throw new QuantizationError(
      `${operation}: exponentBits must be an integer from 1 to 8, got ${described(exponentBits)}.`,
    );
  if (!Number.isInteger(mantissaBits) || mantissaBits < 0 || mantissaBits > 23)
    throw new QuantizationError(
      `${operation}: mantissaBits must be an integer from 0 to 23, got ${described(mantissaBits)}.`,
    );
}

/** Largest number of a format whose largest exponent is not kept for infinity and NaN alone, as IEEE 754 does. */
export function ieeeMax({ exponentBits, mantissaBits }: FloatFormat): number {
  const top = 2 ** exponentBits - 1;
  return (2 - 2 ** -mantissaBits) * 2 ** (top - Math.floor(top / 2) - 1);
}

const bits = new DataView(new ArrayBuffer(8));

/** floor(log2(x)) of a positive float32, exact. */
function exponentOf(x: number): number {
  bits.setFloat64(0, x);
  return ((bits.getUint32(0) >>> 20) & 0x7ff) - 1023;
}

const clamped = (x: number, limit: number): number => (x > limit ? limit : x < -limit ? -limit : x);

/** Rounds to the numbers of the format that ends at its IEEE maximum; steps are powers of two. */
function roundToFormat(values: ArrayLike<number>, format: FloatFormat, out: TypedArray): void {
  const limit = ieeeMax(format);
  const bias = Math.floor((2 ** format.exponentBits - 1) / 2) + 1;
  for (let i = 0; i < out.length; i++) {
    const x = clamped(values[i]!, limit);
    const exponent = x === 0 ? -Infinity : exponentOf(Math.abs(x));
    const step = 2 ** (Math.max(exponent + bias, 1) - format.mantissaBits - bias);
    out[i] = rint(x / step) * step;
  }
}

/** Rounds to the numbers of a format stretched to end at `limit`; steps are no powers of two. Float32 operations in AIMET's order. */
function roundToStretched(
  values: ArrayLike<number>,
  limits: ArrayLike<number>,
  { exponentBits, mantissaBits }: FloatFormat,
  out: TypedArray,
): void {
  const top = fround(Math.log2(2 - 2 ** -mantissaBits));
  for (let i = 0; i < out.length; i++) {
    const limit = limits[i]!;
    const bias = fround(fround(fround(2 ** exponentBits - fround(Math.log2(limit))) + top) - 1);
    const x = clamped(values[i]!, limit);
    const exponent = Math.max(Math.floor(fround(fround(Math.log2(Math.abs(x))) + bias)), 1);
    const step = fround(2 ** fround(fround(exponent - mantissaBits) - bias));
    out[i] = fround(rint(fround(x / step)) * step);
  }
}

/**
 * The nearest numbers of a floating format, saturating at `maxval` (at the format's IEEE maximum where that is null), as
 * AIMET's fake cast. The gradient passes straight through inside the range and is 0 outside.
 */
export function floatCast(x: Tensor, format: FloatFormat, maxval: Tensor | null): Tensor {
  checkFloating('floatCast', 'x', x);
  if (maxval !== null) checkSpread('floatCast', maxval.shape, x.shape);
  return castOp(x.to('float32'), { format, maxval }).to(x.dtype);
}

interface CastAttrs {
  readonly format: FloatFormat;
  readonly maxval: Tensor | null;
}

/** The largest number for each element of x, or for all where that is the format's own. */
const limitsOf = (x: Tensor, { format, maxval }: CastAttrs): Tensor =>
  maxval === null ? full([1], ieeeMax(format)) : maxval.detach().to('float32').broadcastTo(x.shape);

const castOp = defineOp<readonly [Tensor], CastAttrs>({
  name: 'floatCast',
  transient: true,
  forward: ([x], attrs) => {
    const result = zeros(x.shape);
    const [values, limits, out] = elementsOf(x, limitsOf(x, attrs), result);
    if (attrs.maxval === null) roundToFormat(values, attrs.format, out);
    else roundToStretched(values, limits, attrs.format, out);
    return result;
  },
  backward: (grad, [x], _y, attrs) => {
    const result = zeros(x.shape);
    const [upstream, values, limits, out] = elementsOf(grad, x, limitsOf(x, attrs), result);
    const same = attrs.maxval === null;
    for (let i = 0; i < out.length; i++) if (Math.abs(values[i]!) <= limits[same ? 0 : i]!) out[i] = upstream[i]!;
    return [result];
  },
  saves: 'inputs',
});

/** The numbers of float16 or bfloat16 nearest to x, in the dtype of x. Beyond the format's range it gives infinity. The gradient is cast alike. */
export function halfCast(x: Tensor, dtype: 'float16' | 'bfloat16'): Tensor {
  checkFloating('halfCast', 'x', x);
  return halfOp(x, dtype);
}

const halfOp = defineOp<readonly [Tensor], 'float16' | 'bfloat16'>({
  name: 'halfCast',
  transient: true,
  forward: ([x], dtype) => new Tensor(x.storage, x.layout).to(dtype).to(x.dtype),
  backward: (grad, [x], _y, dtype) => [grad.to(dtype).to(x.dtype)],
  saves: 'none',
});
