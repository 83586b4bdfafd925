import fc from 'fast-check';
import { bitwidthOf, dtypeOfGrid, gridOf, gridOfBits, isSigned, shifted } from '../src/grid.js';
import { QuantizationError } from '../src/errors.js';

describe('a grid', () => {
  it.each([
    [{ bitwidth: 8 }, [0, 255]],
    [{ bitwidth: 8, signed: true }, [-128, 127]],
    [{ bitwidth: 1, signed: true }, [-1, 0]],
    [{ numSteps: 254, signed: true }, [-127, 127]],
    [{ numSteps: 255, signed: true }, [-128, 127]],
    [{ numSteps: 14 }, [0, 14]],
    [{ qmin: -3, qmax: 8 }, [-3, 8]],
  ])('of %j goes from %j', (options, [qmin, qmax]) => expect(gridOf('op', options)).toEqual({ qmin, qmax }));

  it.each([
    [{}, /no grid given/],
    [{ qmin: 0 }, /qmin without qmax/],
    [{ qmax: 3 }, /qmax without qmin/],
    [{ bitwidth: 8, qmin: 0, qmax: 3 }, /several ways/],
    [{ bitwidth: 4.5 }, /bitwidth must be an integer, got 4.5/],
    [{ bitwidth: 0 }, /from 1 to 32, got 0/],
    [{ bitwidth: 33 }, /from 1 to 32, got 33/],
    [{ numSteps: 0 }, /numSteps must be at least 1/],
    [{ qmin: 4, qmax: 4 }, /qmax must be larger than qmin, got qmin=4 and qmax=4/],
    [{ qmin: 0.5, qmax: 4 }, /qmin must be an integer/],
    [{ qmin: 0, qmax: 4, signed: false }, /qmin and qmax say whether the grid is signed/],
    [{ bitwidth: 4, signed: 'true' }, /signed must be true or false/],
  ])('of %j is refused', (options, message) => {
    expect(() => gridOf('Quantize', options as never)).toThrow(QuantizationError);
    expect(() => gridOf('Quantize', options as never)).toThrow(message);
  });

  it('gives back the bits and the sign it was made of', () =>
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 32 }), fc.boolean(), (bits, signed) => {
        const grid = gridOfBits('op', bits, signed);
        expect(bitwidthOf('x', grid)).toBe(bits);
        expect(isSigned('x', grid)).toBe(signed);
      }),
    ));

  it('has no bits and no sign where it is of no whole number of them', () => {
    expect(() => bitwidthOf('Quantize', { qmin: -127, qmax: 127 })).toThrow(
      /Quantize.bitwidth is undefined in the grid \[-127, 127\]/,
    );
    expect(() => isSigned('Quantize', { qmin: 2, qmax: 5 })).toThrow(/Quantize.signed is undefined/);
    expect(isSigned('x', { qmin: -3, qmax: 2 })).toBe(true);
    expect(() => bitwidthOf('x', { qmin: -3, qmax: 2 })).toThrow(QuantizationError);
  });

  it('keeps its size when it is shifted, and comes back', () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 32 }), fc.boolean(), fc.boolean(), (bits, from, to) => {
        const grid = gridOfBits('op', bits, from);
        expect(shifted('x', shifted('x', grid, to), from)).toEqual(grid);
      }),
    ));

  it.each([
    [{ qmin: 0, qmax: 255 }, 'uint8'],
    [{ qmin: -128, qmax: 127 }, 'int8'],
    [{ qmin: -1, qmax: 128 }, 'int16'],
    [{ qmin: 0, qmax: 32767 }, 'int16'],
    [{ qmin: 0, qmax: 65535 }, 'int32'],
  ])('%j is stored as %s', (grid, dtype) => expect(dtypeOfGrid(grid)).toBe(dtype));
});
