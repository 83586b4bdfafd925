import * as nn from '@q/nn';
import { manualSeed, randn } from '@q/tensor';
import { lowerToInteger, QuantizationMixin } from '../../src/index.js';
import { activation, calibrated, compared, simulated } from './layers.js';

beforeEach(() => manualSeed(7));

it.each<[string, () => nn.Module]>([
  ['MaxPool2d', () => new nn.MaxPool2d(3, { padding: 1, stride: 2 })],
  ['Flatten', () => new nn.Flatten()],
])('%s is the simulation bit for bit', (_name, make) => {
  const x = randn([3, 8, 11, 9]);
  const { route, most } = compared(simulated(make(), [x]), x);
  expect([route, most]).toEqual(['integer', 0]);
});

it('a pool that gives indices, too, stays as it is', () => {
  const pool = QuantizationMixin.fromModule(new nn.MaxPool2d(2, { returnIndices: true }));
  pool.inputQuantizers = [activation()];
  const x = randn([1, 2, 6, 6]);
  expect(lowerToInteger(calibrated(pool, x), x).report.floats[0]!.why).toMatch(/more than the integers/);
});
