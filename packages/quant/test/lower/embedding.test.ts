import * as nn from '@q/nn';
import { manualSeed, randint, tensor } from '@q/tensor';
import { lowerToInteger, QuantizationMixin } from '../../src/index.js';
import { activation, apart, calibrated, compared, weights } from './layers.js';

beforeEach(() => manualSeed(7));

it('an embedding is the simulation bit for bit', () => {
  const index = randint(0, 20, [5, 6]);
  const layer = QuantizationMixin.fromModule(new nn.Embedding(20, 8));
  layer.outputQuantizers = [activation()];
  layer.paramQuantizers.weight = weights(8, [20, 1]);
  const { route, most } = compared(calibrated(layer, index), index);
  expect([route, most]).toEqual(['integer', 0]);
});

it('wants whole indices', () => {
  const index = tensor([0, 1], { dtype: 'int32' });
  const layer = QuantizationMixin.fromModule(new nn.Embedding(5, 3));
  layer.outputQuantizers = [activation()];
  const { model } = lowerToInteger(calibrated(layer, index), index);
  expect(() => model.forward(tensor([1.5]))).toThrow(/indices must be integers, got float32/);
});

it('one that renormalizes its rows stays as it is', () => {
  const index = tensor([0, 1, 2, 3, 4], { dtype: 'int32' });
  const layer = QuantizationMixin.fromModule(new nn.Embedding(5, 3, { maxNorm: 0.5 }));
  layer.outputQuantizers = [activation()];
  const { model, report } = lowerToInteger(calibrated(layer, index), index);
  expect(report.floats[0]!.why).toMatch(/maxNorm/);
  expect(apart(model, layer, index)).toEqual([0]);
});
