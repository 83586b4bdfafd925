import { tensor } from '@q/tensor';
import { affine, QuantizationMixin } from '@q/quant';
import { EmbeddingBag, Reshape } from '@q/nn';
import { flattenResult, Torch } from '../../../tensor/test/golden/torch.js';
import { setRange } from './quantizers.js';
import { library } from './topics.js';

describe('setRange', () => {
  it.each([
    [1, -1],
    [-Infinity, 1],
    [-1, Infinity],
    [NaN, 1],
    [-1, 1],
  ])('sets %d to %d without a check, as AIMET does', (min, max) => {
    const quantizer = new affine.QuantizeDequantize({ shape: [2], bitwidth: 8, symmetric: false });
    setRange(quantizer, tensor([min, -1]), tensor(max));
    expect(quantizer.min.toArray()).toEqual([min, -1]);
    expect(quantizer.max.toArray()).toEqual([max, max]);
    expect(quantizer.isInitialized()).toBe(true);
  });
});

describe('quantized modules', () => {
  const torch = new Torch(library);
  const x = tensor([1, -2, 3, 0.5], { shape: [2, 2] });

  it('are called as their float modules are', () => {
    const bag = new EmbeddingBag(2, 2, { mode: 'sum' });
    const names = { index: tensor([1, 0, 1], { dtype: 'int32' }), psw: tensor([1, 2, 3]), x };
    const offsets = tensor([0, 2], { dtype: 'int32' });
    const m = { bag: QuantizationMixin.fromModule(bag), reshape: QuantizationMixin.fromModule(new Reshape()) };
    const results = (call: string): unknown =>
      flattenResult(torch.evaluate(call, { ...names, offsets, m })).map((result) => result?.toArray());
    const expected = bag.forward(names.index, offsets, { perSampleWeights: names.psw });
    expect(results("m['bag'](index, offsets, psw)")).toEqual([expected.toArray()]);
    expect(results("m['reshape'](x, 1, -1)")).toEqual([x.reshape([1, -1]).toArray()]);
  });
});
