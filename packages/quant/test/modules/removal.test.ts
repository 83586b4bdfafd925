import { affine, QuantizedLinear } from '../../src/index.js';

const made = () => {
  const linear = new QuantizedLinear(2, 2);
  linear.inputQuantizers[0] = new affine.Quantize({ shape: [], bitwidth: 8, symmetric: false });
  linear.outputQuantizers[0] = new affine.Quantize({ shape: [], bitwidth: 8, symmetric: false });
  linear.paramQuantizers.weight = new affine.Quantize({ shape: [], bitwidth: 8, symmetric: true });
  return linear;
};

const standing = ({ inputQuantizers, outputQuantizers, paramQuantizers }: QuantizedLinear) =>
  [inputQuantizers[0], outputQuantizers[0], paramQuantizers.weight].map((quantizer) => quantizer !== null);

describe('removing quantizers', () => {
  it.each([
    ['removeInputQuantizers', [false, true, true]],
    ['removeOutputQuantizers', [true, false, true]],
    ['removeParamQuantizers', [true, true, false]],
    ['removeActivationQuantizers', [false, false, true]],
    ['removeAllQuantizers', [false, false, false]],
  ] as const)('%s takes them out for a scope and puts the same ones back', (method, inside) => {
    const linear = made();
    const before = { ...linear.paramQuantizers, input: linear.inputQuantizers[0] };
    {
      using _ = linear[method]();
      expect(standing(linear)).toEqual(inside);
    }
    expect({ ...linear.paramQuantizers, input: linear.inputQuantizers[0] }).toEqual(before);
    expect(standing(linear)).toEqual([true, true, true]);
  });

  it('lasts for a function, sync or async, whatever happens in it', async () => {
    const linear = made();
    expect(linear.removeAllQuantizers().during(() => standing(linear))).toEqual([false, false, false]);
    await linear.removeInputQuantizers([0]).during(async () => {
      await Promise.resolve();
      expect(standing(linear)).toEqual([false, true, true]);
    });
    const failing = () => {
      throw new Error('no');
    };
    expect(() => linear.removeOutputQuantizers().during(failing)).toThrow('no');
    expect(standing(linear)).toEqual([true, true, true]);
  });

  it('brings quantizers back where several removals end in any order', async () => {
    const linear = made();
    const [first, second] = [linear.removeAllQuantizers(), linear.removeOutputQuantizers()];
    first.restore();
    second.restore();
    expect(standing(linear)).toEqual([true, true, true]);
    const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
    await Promise.all([5, 15].map((ms) => linear.removeAllQuantizers().during(() => wait(ms))));
    expect(standing(linear)).toEqual([true, true, true]);
  });

  it('lasts where nobody restores, and restores once', () => {
    const linear = made();
    const removed = linear.removeParamQuantizers(['weight']);
    expect(standing(linear)).toEqual([true, true, false]);
    removed.restore();
    linear.paramQuantizers.weight = null;
    removed.restore();
    expect(standing(linear)).toEqual([true, true, false]);
  });
});
