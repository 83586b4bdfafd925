import { ShapeError, shown, tensor, type Shape, type Tensor } from '@q/tensor';
import type { AffineEncoding } from '../encodings/affine.js';
import { QuantizationError } from '../errors.js';
import { bitwidthOf, gridOfBits, type Grid } from '../grid.js';
import type { LegacyEncoding } from './quantizer.js';

/** What an affine quantizer takes from encodings in AIMET's file format. */
export interface LegacyRange {
  readonly grid: Grid;
  readonly symmetric: boolean;
  readonly min: Tensor;
  readonly max: Tensor;
}

/** An encoding in AIMET's file format, one entry per scale. Throws QuantizationError where it has no bitwidth or no finite offset. */
export function legacyOf(name: string, encoding: AffineEncoding): LegacyEncoding[] {
  const bitwidth = bitwidthOf(name, encoding.grid);
  const [scales, mins, maxs] = [encoding.scale.data, encoding.min.data, encoding.max.data];
  const offsets = encoding.offset.data;
  return Array.from(scales, (scale, i) => {
    const offset = Math.trunc(Math.fround(offsets[i]! + encoding.qmin));
    if (!Number.isFinite(offset))
      throw new QuantizationError(
        `${name}.getLegacyEncodings: offset ${i} is ${offset}: the range [${mins[i]}, ${maxs[i]}] gives no finite offset. Calibrate it with other data, or set it with setRange().`,
      );
    return {
      min: mins[i]!,
      max: maxs[i]!,
      scale,
      offset: offset + 0,
      bitwidth,
      dtype: 'int',
      is_symmetric: encoding.symmetry ? 'True' : 'False',
    };
  });
}

function truth(name: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  const text = typeof value === 'string' ? value.toLowerCase() : '';
  if (text === 'true' || text === 'false') return text === 'true';
  throw new QuantizationError(
    `${name}: is_symmetric must be 'True' or 'False', got ${JSON.stringify(value) ?? 'nothing'}.`,
  );
}

/** What encodings in AIMET's file format say about a quantizer of a shape; grid and symmetry are those of the first entry. */
export function checkedLegacy(name: string, encodings: readonly LegacyEncoding[], shape: Shape): LegacyRange {
  const what = `${name}.setLegacyEncodings`;
  if (!Array.isArray(encodings) || encodings.some((entry: unknown) => typeof entry !== 'object' || entry === null))
    throw new QuantizationError(
      `${what}: wants an array of encodings, got ${JSON.stringify(encodings) ?? String(encodings)}.`,
    );
  const count = shape.reduce((product, size) => product * size, 1);
  if (encodings.length !== count)
    throw new ShapeError(
      `${what}: a quantizer of shape ${shown(shape)} takes ${count} encodings, got ${encodings.length}.`,
    );
  const first: LegacyEncoding = encodings[0]!;
  if (first.dtype !== undefined && first.dtype !== 'int')
    throw new QuantizationError(
      `${what}: an affine quantizer takes encodings of dtype 'int', got ${JSON.stringify(first.dtype)}.`,
    );
  const symmetric = truth(what, first.is_symmetric);
  const end = (key: 'min' | 'max'): Tensor => {
    const values = encodings.map((entry, i) => {
      if (typeof entry[key] !== 'number')
        throw new QuantizationError(`${what}: ${key} of encoding ${i} must be a number, got ${String(entry[key])}.`);
      return entry[key];
    });
    return tensor(Float32Array.from(values), { shape });
  };
  return { grid: gridOfBits(what, first.bitwidth, symmetric), symmetric, min: end('min'), max: end('max') };
}
