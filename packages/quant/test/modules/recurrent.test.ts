import { GRU, LSTM, LSTMCell, RNN } from '@q/nn';
import { noGrad, randn, tensor, type Tensor } from '@q/tensor';
import { affine, QuantizationMixin, type DequantizedTensor } from '../../src/index.js';

const fourBit = (shape: number[] = []) => new affine.QuantizeDequantize({ shape, bitwidth: 4, symmetric: true });

type Result = readonly [Tensor, ...unknown[]];

/** Quantizes the weights of a module; gives it and a float one that holds the numbers the quantized weights stand for. */
function withQuantizedWeights(float: RNN | LSTM | GRU) {
  const quantized = QuantizationMixin.fromModule(float);
  const expected = float.clone();
  for (const [name, parameter] of Object.entries(quantized.weights))
    if (name.startsWith('weight')) {
      const quantizer = (quantized.paramQuantizers[name] = fourBit([parameter.shape[0]!, 1]));
      quantized.computeParamEncodings();
      noGrad(() => expected.weights[name]!.copy_(quantizer.forward(parameter)));
    }
  return { quantized, expected };
}

describe.each([
  ['RNN', () => new RNN(3, 4, { numLayers: 2 })],
  ['LSTM', () => new LSTM(3, 4, { bidirectional: true, projSize: 2 })],
  ['GRU', () => new GRU(3, 4, { batchFirst: true })],
] as const)('Quantized%s', (_name, build) => {
  it('computes with its quantized parameters, and has its own back afterwards', () => {
    const { quantized, expected } = withQuantizedWeights(build());
    const { weights } = quantized;
    const before = { ...weights };
    const x = randn([5, 2, 3]);
    const [y] = quantized.forward(x) as Result;
    expect(y.toArray()).toEqual((expected.forward(x) as Result)[0].toArray());
    expect(y.toArray()).not.toEqual((quantized.getOriginalModule().forward(x) as Result)[0].toArray());
    expect(quantized.weights).toBe(weights);
    for (const [name, parameter] of Object.entries(before)) expect(weights[name]).toBe(parameter);
  });

  it('leaves the parameters of the float module alone while it runs', () => {
    const float = build();
    const quantized = QuantizationMixin.fromModule(float);
    quantized.weights['weight_ih_l0'] = build().weights['weight_ih_l0']!;
    expect(float.weights['weight_ih_l0']).not.toBe(quantized.weights['weight_ih_l0']);
  });
});

describe('states', () => {
  const eightBit = () => new affine.QuantizeDequantize({ shape: [], bitwidth: 8, symmetric: false });

  it('meet quantizers of their own, and are zeros where left out', () => {
    const lstm = QuantizationMixin.fromModule(new LSTM(3, 4));
    lstm.inputQuantizers = [null, eightBit(), eightBit()];
    lstm.outputQuantizers = [null, eightBit(), null];
    const x = randn([2, 1, 3]);
    const cell = tensor([[[-1, 0, 1, 3]]]);
    lstm.computeEncodings(() => {
      lstm.forward(x);
      lstm.forward(x, [cell.mul(2), cell]);
    });
    const [, h, c] = lstm.inputQuantizers as affine.QuantizeDequantize[];
    expect([h!.min.item(), h!.max.item(), c!.min.item(), c!.max.item()]).toEqual([-2, 6, -1, 3]);
    const [, [last, lastCell]] = lstm.forward(x);
    expect((last as DequantizedTensor).encoding).not.toBeNull();
    expect(lastCell).not.toHaveProperty('encoding');
  });

  it('of a cell are its outputs', () => {
    const cell = QuantizationMixin.fromModule(new LSTMCell(3, 4));
    cell.outputQuantizers[1] = eightBit();
    cell.computeEncodings(() => cell.forward(randn([2, 3])));
    const [h, c] = cell.forward(randn([2, 3]));
    expect(h).not.toHaveProperty('encoding');
    expect((c as DequantizedTensor).encoding).not.toBeNull();
  });
});
