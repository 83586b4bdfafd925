import { Linear, Sequential } from '@q/nn';
import { noGrad, randn, tensor } from '@q/tensor';
import {
  affine,
  computeEncodings,
  integerLinear,
  QuantizationError,
  QuantizationMixin,
  QuantizedLinear,
  type QuantizedModule,
} from '../../src/index.js';

const grid = () => new affine.QuantizeDequantize({ shape: [], bitwidth: 8, symmetric: true });

function layer() {
  const made = QuantizationMixin.fromModule(new Linear(4, 4));
  made.paramQuantizers.weight = grid();
  made.outputQuantizers = [grid()];
  return made;
}

const x = randn([3, 4]);
const later = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

/** Whether the quantizers of the weight and of the output have an encoding. */
const set = ({ paramQuantizers, outputQuantizers }: QuantizedModule): boolean[] =>
  [paramQuantizers.weight!, outputQuantizers[0]!].map((quantizer) => quantizer.isInitialized());

describe('calibrations that overlap', () => {
  const failing = (module: ReturnType<typeof layer>): Promise<void> =>
    module.computeEncodings(async () => {
      module.forward(x);
      await later();
      throw new Error('no more data');
    });
  const working = (module: ReturnType<typeof layer>): Promise<void> =>
    module.computeEncodings(async () => {
      module.forward(x);
      await Promise.resolve();
    });

  it('one that fails takes nothing from one that has succeeded meanwhile', async () => {
    const module = layer();
    const first = failing(module);
    await working(module);
    await expect(first).rejects.toThrow('no more data');
    expect(set(module)).toEqual([true, true]);
  });

  it('where all fail, in whatever order, nothing has changed', async () => {
    const module = layer();
    const scopes = [module.computeEncodings(), module.computeEncodings(), module.computeEncodings()];
    module.forward(x);
    for (const i of [0, 2, 1]) scopes[i]!.discard();
    expect(set(module)).toEqual([false, false]);
    await expect(Promise.all([failing(module), failing(module)])).rejects.toThrow('no more data');
    await later();
    await later();
    expect(set(module)).toEqual([false, false]);
  });

  it('one that fails alone gives back what was there before', async () => {
    const module = layer();
    noGrad(() => computeEncodings(module, () => module.forward(x)));
    const before = module.paramQuantizers.weight!.getEncoding();
    noGrad(() => module.weight.mul_(3));
    await expect(failing(module)).rejects.toThrow('no more data');
    const after = module.paramQuantizers.weight!.getEncoding();
    expect((after as affine.AffineEncoding).scale.item()).toBe((before as affine.AffineEncoding).scale.item());
  });
});

it('a calibration that cannot begin changes nothing', () => {
  const layer = new QuantizedLinear(2, 2);
  const quantizer = new affine.QuantizeDequantize({ shape: [], bitwidth: 8, symmetric: true });
  quantizer.setRange(-9, 9);
  layer.paramQuantizers.weight = quantizer;
  layer.outputQuantizers = [5 as never];
  expect(() => layer.computeEncodings(() => 0)).toThrow(QuantizationError);
  expect([quantizer.min.item(), quantizer.max.item()]).toEqual([-9, 9]);
});

it('kernels rest while one of their quantizers is calibrated by itself', () => {
  const layer = new QuantizedLinear(2, 2, { bias: false });
  noGrad(() => layer.weight.fill_(1));
  const slot = (symmetric: boolean) => {
    const quantizer = new affine.QuantizeDequantize({ shape: [], bitwidth: 8, symmetric });
    quantizer.setRange(-1, 1);
    return quantizer;
  };
  const output = slot(false);
  layer.inputQuantizers = [slot(false)];
  layer.outputQuantizers = [output];
  layer.paramQuantizers.weight = slot(true);
  layer.setKernel(integerLinear);
  output.computeEncodings(() => layer.forward(tensor([[1, 1]])));
  expect(output.max.item()).toBeCloseTo(2, 1);
});

describe('clone', () => {
  it('keeps the kernel of an instance, wherever it stands, and ties between parameters', () => {
    const module = layer();
    module.setKernel(integerLinear);
    const model = new Sequential(module, new Linear(4, 4));
    (model.children()[1] as Linear).weight = module.weight;
    const [copy, plain] = model.clone().children() as [typeof module, Linear];
    expect(copy.getKernel()).toBe(integerLinear);
    expect(copy.weight).toBe(plain.weight);
    expect(copy.weight).not.toBe(module.weight);
    copy.setKernel(null);
    expect(module.getKernel()).toBe(integerLinear);
  });
});
