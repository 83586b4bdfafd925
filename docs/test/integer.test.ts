import { lowerToInteger, type LoweredLayer } from '@q/quant';
import { noGrad } from '@q/tensor';
import { loadDigits } from '../examples/digits/dataset.js';
import { trainedNet } from '../examples/digits/model.js';
import { quantize } from '../examples/digits/quantize.js';

const { calibration, test } = loadDigits();
const correct = (net: { forward(x: typeof test.images): typeof test.images }) =>
  noGrad(() => net.forward(test.images).argmax(1).eq(test.labels).sum().item());

describe.each([
  ['w8a8', 8, 8],
  ['w4a8', 4, 8],
  ['w8a16', 8, 16],
])('the digits network on integers, %s', (_name, weights, activations) => {
  const net = quantize(trainedNet(), { weights, activations }, calibration.images);
  const { model, report } = lowerToInteger(net, calibration.images.slice([0, 4]));

  it('recognises as many digits as the simulation, within one', () =>
    expect(Math.abs(correct(model) - correct(net))).toBeLessThanOrEqual(1));

  it('has no layer left that computes with floats', () => {
    const route = ({ path, route }: LoweredLayer) => `${path}: ${route}`;
    expect(report.floats.map(route)).toEqual([]);
    expect(report.layers.filter(({ route }) => route === 'integer').length).toBeGreaterThanOrEqual(
      activations === 8 ? 15 : 13,
    );
  });
});
