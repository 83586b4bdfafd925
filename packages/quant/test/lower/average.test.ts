import * as nn from '@q/nn';
import { manualSeed, randn } from '@q/tensor';
import { compared, simulated } from './layers.js';

beforeEach(() => manualSeed(7));

it.each<[string, () => nn.Module, readonly number[]]>([
  ['AvgPool1d', () => new nn.AvgPool1d(3), [3, 8, 11]],
  ['AvgPool2d', () => new nn.AvgPool2d(3, { padding: 1 }), [3, 8, 11, 9]],
  ['AvgPool2d without a batch', () => new nn.AvgPool2d(3, { padding: 1 }), [8, 11, 9]],
  ['AvgPool3d', () => new nn.AvgPool3d(2), [2, 3, 4, 6, 5]],
  ['AdaptiveAvgPool2d', () => new nn.AdaptiveAvgPool2d(1), [3, 8, 11, 9]],
])('%s is the simulation bit for bit', (_name, make, shape) => {
  const x = randn(shape);
  const { route, most } = compared(simulated(make(), [x]), x);
  expect([route, most]).toEqual(['integer', 0]);
});
