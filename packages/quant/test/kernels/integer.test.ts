import { Add, Conv1d, Conv2d, Linear, MatMul, Multiply, type Module } from '@q/nn';
import { noGrad, randn, type Tensor } from '@q/tensor';
import {
  affine,
  computeEncodings,
  integerAdd,
  integerConv,
  integerLinear,
  integerMatMul,
  integerMultiply,
  QuantizationMixin,
  type DequantizedTensor,
  type Kernel,
  type KernelModule,
} from '../../src/index.js';

type Quantizing = typeof affine.Quantize | typeof affine.QuantizeDequantize;

/** A calibrated module with quantizers everywhere but at its bias. */
function calibrated<M extends Module>(
  float: M,
  inputs: Tensor[],
  weightShape: number[] | null,
  type: Quantizing,
): M & KernelModule {
  const module = QuantizationMixin.fromModule(float);
  const activation = () => new type({ shape: [], bitwidth: 8, symmetric: false });
  module.inputQuantizers = inputs.map(activation);
  module.outputQuantizers = [activation()];
  if (weightShape !== null)
    module.paramQuantizers.weight = new type({ shape: weightShape, bitwidth: 8, symmetric: true });
  noGrad(() => computeEncodings(module, () => module.forward(...inputs)));
  return module;
}

/** Largest distance of two results in steps of the output's grid. */
function steps(module: Module & KernelModule, kernel: Kernel, inputs: Tensor[]): number {
  const plain = module.forward(...inputs) as DequantizedTensor;
  module.setKernel(kernel);
  const integer = module.forward(...inputs) as DequantizedTensor;
  expect(integer.encoding).not.toBeNull();
  expect(integer.shape).toEqual(plain.shape);
  return integer.quantizedRepr().to('int32').sub(plain.quantizedRepr().to('int32')).abs().max().item();
}

describe.each([
  ['Quantize', affine.Quantize],
  ['QuantizeDequantize', affine.QuantizeDequantize],
] as const)('integer kernels give what fake quantization gives, up to one step of the output (%s)', (_name, type) => {
  it.each([
    ['per tensor', []],
    ['per output channel', [5, 1]],
  ])('integerLinear, weight %s', (_granularity, shape) => {
    const x = randn([7, 6]);
    expect(steps(calibrated(new Linear(6, 5), [x], shape, type), integerLinear, [x])).toBeLessThanOrEqual(1);
  });

  it('integerLinear, any leading dims and no bias', () => {
    for (const x of [randn([6]), randn([2, 3, 6])])
      expect(
        steps(calibrated(new Linear(6, 5, { bias: false }), [x], [5, 1], type), integerLinear, [x]),
      ).toBeLessThanOrEqual(1);
  });

  it('integerConv, with padding, groups, stride and dilation', () => {
    const x = randn([2, 4, 9, 8]);
    const conv = new Conv2d(4, 6, 3, { padding: [2, 1], groups: 2, stride: 2, dilation: [2, 1] });
    expect(steps(calibrated(conv, [x], [6, 1, 1, 1], type), integerConv, [x])).toBeLessThanOrEqual(1);
    const line = randn([2, 3, 9]);
    expect(steps(calibrated(new Conv1d(3, 4, 2), [line], [], type), integerConv, [line])).toBeLessThanOrEqual(1);
  });

  it('integerMatMul, integerMultiply and integerAdd', () => {
    const [a, b] = [randn([3, 4, 5]), randn([5, 6])];
    expect(steps(calibrated(new MatMul(), [a, b], null, type), integerMatMul, [a, b])).toBeLessThanOrEqual(1);
    const c = randn([5]);
    // Computed in the order of the simulation: the same bits.
    expect(steps(calibrated(new Multiply(), [a, c], null, type), integerMultiply, [a, c])).toBe(0);
    expect(steps(calibrated(new Add(), [a, c], null, type), integerAdd, [a, c])).toBe(0);
  });
});

describe('integer kernels refuse', () => {
  const x = randn([2, 6]);

  it('an input that is not quantized', () => {
    const linear = calibrated(new Linear(6, 5), [x], [], affine.Quantize);
    linear.setKernel(integerLinear);
    linear.inputQuantizers[0] = null;
    expect(() => linear.forward(x)).toThrow('integerLinear: the input is not quantized');
  });

  it('a weight quantized along its inputs', () => {
    const linear = calibrated(new Linear(6, 5), [x], [1, 6], affine.Quantize);
    linear.setKernel(integerLinear);
    expect(() => linear.forward(x)).toThrow('per tensor or per output channel, its scale has shape [1, 6]');
  });

  it('sums that could leave 32 bits', () => {
    const wide = randn([2, 70_000]);
    const linear = calibrated(new Linear(70_000, 1), [wide], [], affine.Quantize);
    linear.inputQuantizers[0] = new affine.Quantize({ shape: [], bitwidth: 16, symmetric: false });
    linear.setKernel(integerLinear);
    noGrad(() => computeEncodings(linear, () => linear.forward(wide)));
    expect(() => linear.forward(wide)).toThrow(/integerLinear: sums of up to \d+ do not fit accumulators of 32 bits/);
  });

  it('padding that is not zero, and modules that are no convolutions', () => {
    const image = randn([1, 2, 5, 5]);
    const conv = calibrated(new Conv2d(2, 2, 3, { padding: 1, paddingMode: 'reflect' }), [image], [], affine.Quantize);
    conv.setKernel(integerConv);
    expect(() => conv.forward(image)).toThrow("not 'reflect'");
    const linear = calibrated(new Linear(6, 5), [x], [], affine.Quantize);
    linear.setKernel(integerConv);
    expect(() => linear.forward(x)).toThrow('wants a convolution, got an object of class QuantizedLinear');
  });
});
