import { Quantize } from '../../src/quantizers/affine.js';
import { QuantizationError } from '../../src/errors.js';
import type { LegacyEncoding } from '../../src/quantizers/quantizer.js';

const entry = { min: -1, max: 1, bitwidth: 8, dtype: 'int', is_symmetric: 'False' };
const symmetric = { ...entry, is_symmetric: 'True', offset: -128 };

const make = (): Quantize => {
  const quantizer = new Quantize({ shape: [2, 1], bitwidth: 4, symmetric: true });
  quantizer.setRange(-3, 3);
  return quantizer;
};
const stateOf = (quantizer: Quantize): unknown => [String(quantizer), quantizer.min.toArray(), quantizer.max.toArray()];

describe('encodings in the legacy format', () => {
  it.each([
    [{ min: 5, max: 1 }, /a range goes from a finite min to a finite max .* got min=5 and max=1 in float32 at entry 1/],
    [{ min: NaN }, /got min=NaN and max=1/],
    [{ max: Infinity }, /got min=-1 and max=Infinity/],
    [{ max: 1e39 }, /max=Infinity in float32/],
    [{ scale: NaN }, /scale of encoding 1 must be a finite number where it is given, got NaN/],
    [{ scale: 'x' }, /scale of encoding 1 .* got "x"/],
    [{ offset: null }, /offset of encoding 1 .* got null/],
    [{ offset: Infinity }, /offset of encoding 1/],
    [{ bitwidth: 4 }, /must have one grid .* encoding 0 has \[0, 255\] and encoding 1 \[0, 15\]/],
    [{ is_symmetric: 'True' }, /encoding 0 has \[0, 255\] and encoding 1 \[-128, 127\], symmetric/],
    [{ dtype: 'float' }, /encodings of dtype 'int', got "float"/],
    [{ bitwidth: undefined }, /bitwidth must be an integer/],
  ])('with %p among them are refused, and nothing changes', (changed, message) => {
    const quantizer = make();
    const before = stateOf(quantizer);
    const encodings = [entry, { ...entry, ...changed }] as LegacyEncoding[];
    expect(() => quantizer.setLegacyEncodings(encodings)).toThrow(QuantizationError);
    expect(() => quantizer.setLegacyEncodings(encodings)).toThrow(message);
    expect(() => quantizer.checkLegacyEncodings(encodings)).toThrow(message);
    expect(stateOf(quantizer)).toEqual(before);
  });

  it('of which one leaves out the lowest position are refused', () =>
    expect(() => make().setLegacyEncodings([symmetric, { ...symmetric, offset: -127 }])).toThrow(
      /encoding 0 has \[-128, 127\], symmetric and encoding 1 \[-127, 127\], symmetric/,
    ));

  it('agree whichever way symmetry is written, and may be rounded or without width', () => {
    const quantizer = make();
    quantizer.setLegacyEncodings([
      { ...symmetric, is_symmetric: true, scale: 0.0078 },
      { ...symmetric, is_symmetric: 'true', min: 0, max: 0 },
    ]);
    expect([quantizer.bitwidth, quantizer.max.toArray()]).toEqual([8, [[1], [0]]]);
  });
});
