import * as nn from '@q/nn';
import { manualSeed, randn } from '@q/tensor';
import { lowerToInteger } from '../../src/index.js';
import { compared, simulated } from './layers.js';

beforeEach(() => manualSeed(7));

it.each<[string, () => nn.Module]>([
  ['GroupNorm', () => new nn.GroupNorm(2, 8)],
  ['BatchNorm2d', () => new nn.BatchNorm2d(8).eval()],
  ['PReLU', () => new nn.PReLU()],
  ['LogSoftmax', () => new nn.LogSoftmax(1)],
])('%s takes and gives integers, and is the simulation bit for bit', (_name, make) => {
  const x = randn([3, 8, 11, 9]);
  const { route, most, lowered } = compared(simulated(make(), [x]), x);
  expect([route, most]).toEqual(['float inside', 0]);
  expect(lowered.report.layers[0]!.why).toBe('computes with float32 between integers');
});

it('is no integer layer where its input arrives as floats', () => {
  const x = randn([3, 8, 11, 9]);
  const layer = simulated(new nn.GroupNorm(2, 8), [x]);
  layer.inputQuantizers = [null];
  expect(lowerToInteger(layer, x).report.floats[0]!.why).toMatch(/an input arrives as floats: the model was given it/);
});
