import * as nn from '@q/nn';
import { manualSeed, noGrad, randn } from '@q/tensor';
import { readInteger, writeInteger } from '../../src/index.js';
import { apart, compared, simulated } from './layers.js';

/** A layer whose weight and bias are no ones and zeros. */
function drawn<M extends nn.Module>(layer: M): M {
  noGrad(() => {
    for (const parameter of layer.parameters()) parameter.add_(randn(parameter.shape).mul(0.3));
  });
  return layer;
}

beforeEach(() => manualSeed(3));

describe('norms of rows of bytes on integers', () => {
  it.each<[string, () => nn.Module, readonly number[]]>([
    ['LayerNorm', () => drawn(new nn.LayerNorm(96)), [500, 96]],
    ['LayerNorm over two dims', () => drawn(new nn.LayerNorm([7, 9])), [20, 30, 7, 9]],
    ['LayerNorm without weight', () => new nn.LayerNorm(64, { elementwiseAffine: false }), [500, 64]],
    ['LayerNorm without bias', () => drawn(new nn.LayerNorm(64, { bias: false })), [500, 64]],
    ['RMSNorm', () => drawn(new nn.RMSNorm(96)), [500, 96]],
    ['RMSNorm with eps', () => drawn(new nn.RMSNorm([8, 8], { eps: 0.1 })), [500, 8, 8]],
  ])('%s is the simulation but for ties: one step in at most 0.1 % of the elements', (_name, make, shape) => {
    const x = randn(shape).mul(2).add(0.7);
    const { route, most, share } = compared(simulated(make(), [x]), x);
    expect(route).toBe('integer');
    expect(most).toBeLessThanOrEqual(1);
    expect(share).toBeLessThanOrEqual(0.001);
  });

  it.each([
    [16, 8],
    [8, 16],
  ])('keep the bits of the simulation through floats with %i bits in and %i out', (bits, outputBits) => {
    const x = randn([40, 64]);
    const { route, most } = compared(simulated(drawn(new nn.LayerNorm(64)), [x], { bits, outputBits }), x);
    expect([route, most]).toEqual(['float inside', 0]);
  });

  it('reads what was transposed before', () => {
    const x = randn([64, 50]).transpose(0, 1);
    const { route, most } = compared(simulated(drawn(new nn.LayerNorm(64)), [x]), x);
    expect(route).toBe('integer');
    expect(most).toBeLessThanOrEqual(1);
  });

  it('is saved and loaded', () => {
    const x = randn([40, 64]);
    const { lowered } = compared(simulated(drawn(new nn.LayerNorm(64)), [x]), x);
    const loaded = readInteger(new nn.LayerNorm(64), writeInteger(lowered.model));
    expect(apart(loaded, lowered.model, x)).toEqual([0]);
  });
});

describe('softmax of integers', () => {
  it.each<[string, nn.Module, number]>([
    ['the last dim', new nn.Softmax(-1), 8],
    ['another dim', new nn.Softmax(1), 8],
    ['the dim that PyTorch takes', new nn.Softmax(), 8],
    ['16 bits', new nn.Softmax(-1), 16],
  ])('gives the bits of the simulation along %s', (_name, float, bits) => {
    const x = randn([6, 20, 33]).mul(4);
    const { route, most } = compared(simulated(float, [x], { bits }), x);
    expect([route, most]).toEqual(['float inside', 0]);
  });
});
