import { affine, QuantizationError, QuantizedAdd, QuantizedLinear } from '../../src/index.js';

const eightBit = () => new affine.QuantizeDequantize({ shape: [], bitwidth: 8, symmetric: false });
const encoding = (min: number, max: number, bitwidth = 8) => ({
  min,
  max,
  bitwidth,
  scale: 0,
  offset: 0,
  dtype: 'int',
  is_symmetric: 'False',
});

const added = () => {
  const add = new QuantizedAdd();
  add.inputQuantizers = [eightBit(), eightBit()];
  return add;
};

describe('export', () => {
  it('gives null for places that are empty or have no encoding', () => {
    const linear = new QuantizedLinear(2, 2);
    linear.outputQuantizers[0] = eightBit();
    expect([linear.exportInputEncodings(), linear.exportOutputEncodings(), linear.exportParamEncodings()]).toEqual([
      [null],
      [null],
      { weight: null, bias: null },
    ]);
  });

  it('is read by import', () => {
    const [from, to] = [added(), added()];
    from.importInputEncodings({ 0: encoding(-1, 3), 1: [encoding(0, 5, 4)] });
    to.importInputEncodings(from.exportInputEncodings());
    expect(to.exportInputEncodings()).toEqual(from.exportInputEncodings());
  });

  it('with places that are empty is read too', () => {
    const from = new QuantizedLinear(2, 2);
    from.paramQuantizers.weight = eightBit();
    from.computeParamEncodings();
    const to = new QuantizedLinear(2, 2);
    to.paramQuantizers.weight = eightBit();
    to.importParamEncodings(from.exportParamEncodings());
    to.importOutputEncodings(from.exportOutputEncodings());
    expect(to.exportParamEncodings()).toEqual(from.exportParamEncodings());
  });
});

describe('import', () => {
  it('leaves quantizers without an encoding where partial, and removes them where not', () => {
    const add = added();
    add.importInputEncodings({ 0: encoding(-1, 2) });
    expect(add.inputQuantizers.map((quantizer) => quantizer!.isInitialized())).toEqual([true, false]);
    add.importInputEncodings({ 0: encoding(-1, 2) }, { partial: false });
    expect(add.inputQuantizers[1]).toBeNull();
  });

  it('freezes the ranges it sets where told so, and leaves frozen ones alone', () => {
    const add = added();
    add.importInputEncodings({ 0: encoding(-1, 2) }, { requiresGrad: false, allowOverwrite: false });
    const [first] = add.inputQuantizers as affine.QuantizeDequantize[];
    expect([first!.overwritable, first!.min.requiresGrad, first!.min.item()]).toEqual([false, false, -1]);
    add.importInputEncodings({ 0: encoding(-7, 7) }, { partial: false });
    expect(first!.min.item()).toBe(-1);
    expect(add.inputQuantizers[0]).toBe(first);
  });

  it('changes nothing for a malformed encoding or an unknown place, and names it', () => {
    const add = added();
    expect(() => add.importInputEncodings({ 0: encoding(-1, 2), 1: { ...encoding(-1, 2), bitwidth: -3 } })).toThrow(
      QuantizationError,
    );
    expect(() => add.importInputEncodings({ 0: encoding(-1, 2), 7: encoding(0, 1) })).toThrow(
      'an encoding for input 7, which it does not have (it has 0, 1)',
    );
    expect(() => new QuantizedLinear(2, 2).importParamEncodings({ wieght: encoding(0, 1) })).toThrow(
      "parameter 'wieght', which it does not have (it has weight, bias)",
    );
    expect(add.exportInputEncodings()).toEqual([null, null]);
  });

  it('leaves later calibrations free to change the ranges unless told otherwise', () => {
    const add = added();
    add.importInputEncodings({ 0: encoding(-1, 2) });
    expect(add.inputQuantizers[0]!.overwritable).toBe(true);
    add.importInputEncodings({ 0: encoding(-1, 2) }, { allowOverwrite: false });
    expect(add.inputQuantizers[0]!.overwritable).toBe(false);
  });

  it('names a list of quantizers that is none', () => {
    const add = added();
    add.inputQuantizers = null as never;
    for (const run of [
      () => add.exportInputEncodings(),
      () => add.importInputEncodings({}),
      () => add.removeInputQuantizers(),
      () => add.removeAllQuantizers(),
    ])
      expect(run).toThrow('QuantizedAdd: inputQuantizers must be an array of quantizers and null, got null.');
  });

  it('wants a quantizer for every encoding in strict mode only', () => {
    const add = added();
    add.inputQuantizers[1] = null;
    const encodings = { 0: encoding(-1, 2), 1: encoding(0, 1) };
    expect(() => add.importInputEncodings(encodings)).toThrow('an encoding for input 1, where no quantizer stands');
    add.importInputEncodings(encodings, { strict: false });
    expect(add.exportInputEncodings()[1]).toBeNull();
  });

  it('sets output and parameter quantizers too', () => {
    const linear = new QuantizedLinear(2, 2);
    const output = (linear.outputQuantizers[0] = eightBit());
    const weight = (linear.paramQuantizers.weight = eightBit());
    linear.importOutputEncodings({ 0: encoding(0, 1) });
    linear.importParamEncodings({ weight: encoding(-2, 2) });
    expect([output.max.item(), weight.max.item()]).toEqual([1, 2]);
  });
});
