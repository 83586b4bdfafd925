import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Module } from '@q/nn';
import * as quant from '@q/quant';
import { randn, type Tensor } from '@q/tensor';
import { integerKernels, layersPage } from '../layers.js';

jest.setTimeout(120_000);

it('the list of layers is up to date; `npm run docs` writes it anew', () =>
  expect(readFileSync(join(import.meta.dirname, '../layers.md'), 'utf8')).toBe(layersPage()));

describe('the integer kernels in the list', () => {
  const eightBits = () => new quant.affine.QuantizeDequantize({ shape: [], bitwidth: 8, symmetric: false });

  /** A small module of a class and a call of it. */
  const calls: Record<string, () => [Module & quant.KernelModule, Tensor[]]> = {
    QuantizedLinear: () => [new quant.QuantizedLinear(3, 2), [randn([4, 3])]],
    QuantizedConv1d: () => [new quant.QuantizedConv1d(2, 3, 2), [randn([1, 2, 5])]],
    QuantizedConv2d: () => [new quant.QuantizedConv2d(2, 3, 2), [randn([1, 2, 5, 4])]],
    QuantizedConv3d: () => [new quant.QuantizedConv3d(2, 3, 2), [randn([1, 2, 3, 4, 3])]],
    QuantizedMatMul: () => [new quant.QuantizedMatMul(), [randn([2, 3]), randn([3, 4])]],
    QuantizedMultiply: () => [new quant.QuantizedMultiply(), [randn([6]), randn([6])]],
    QuantizedAdd: () => [new quant.QuantizedAdd(), [randn([6]), randn([6])]],
  };

  it.each(integerKernels.flatMap(({ name, types }) => types.map((type) => [name, type.name])))(
    '%s computes %s as simulated, within a step',
    (name, type) => {
      const [module, inputs] = calls[type]!();
      const kernel = (quant as unknown as Record<string, quant.Kernel>)[name]!;
      const output = eightBits();
      module.inputQuantizers = inputs.map(eightBits);
      module.outputQuantizers = [output];
      if ('weight' in module.paramQuantizers) module.paramQuantizers['weight'] = eightBits();
      module.computeEncodings(() => module.forward(...inputs));
      const simulated = module.forward(...inputs) as Tensor;
      module.setKernel(kernel);
      const computed = module.forward(...inputs) as Tensor;
      expect(computed.sub(simulated).abs().max().item()).toBeLessThanOrEqual(output.getScale()!.item() * 1.001);
    },
  );
});
