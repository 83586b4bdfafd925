import * as nn from '@q/nn';
import { randn, type Tensor } from '@q/tensor';
import { readSafetensors, readSafetensorsMetadata, writeSafetensors } from '@q/tensor/io';
import { lowerToInteger, QuantizedLinear, toQuantized, writeInteger } from '../../../src/index.js';
import { activation, calibrated, slots, weights } from '../layers.js';
import { integerNet } from './net.js';

describe.each([8, 4])('the file of an integer model with weights of %i bits', (bits) => {
  const { model, report } = integerNet(bits);
  const bytes = writeInteger(model);

  it('has all layers on integers', () => expect(report.floats).toEqual([]));

  it('remembers on which grid the layer behind wants a result', () => {
    const { layers } = readSafetensorsMetadata(bytes);
    const conv = (JSON.parse(layers!) as { path: string; lends?: object }[]).find(({ path }) => path === 'conv');
    expect(conv!.lends).toMatchObject({ low: expect.any(Number), high: 255 });
  });

  it('keeps no float weight of a product in its file', () => {
    const tensors = readSafetensors(bytes);
    for (const name of ['conv', 'up', 'head']) expect(tensors[`${name}.weight`]!.dtype).toMatch(/^u?int8$/);
    expect(tensors['head.weight']!.numel).toBe((5 * 72 * bits) / 8);
  });
});

it.each([
  [8, 0.27],
  [4, 0.16],
])('the file of linear layers of %i bits is at most %f of the float one', (bits, share) => {
  const net = new nn.Sequential(new nn.Linear(784, 512), new nn.ReLU(), new nn.Linear(512, 512));
  const float = writeSafetensors(net.stateDict()).length;
  const x = randn([4, 784]);
  toQuantized(net);
  slots(net.at(0)).inputQuantizers = [activation()];
  slots(net.at(1)).outputQuantizers = [activation()];
  for (const i of [0, 2]) slots(net.at(i)).paramQuantizers.weight = weights(bits, [512, 1]);
  expect(writeInteger(lowerToInteger(calibrated(net, x), x).model).length / float).toBeLessThanOrEqual(share);
});

/** A linear layer on integers. */
function integerLinear(x: Tensor) {
  const layer = new QuantizedLinear(4, 4);
  layer.inputQuantizers = [activation()];
  layer.paramQuantizers.weight = weights();
  return lowerToInteger(calibrated(layer, x), x).model;
}

it('names layers by where they stand in the model that is written', () => {
  const model = new nn.Sequential(new nn.Identity(), integerLinear(randn([3, 4])));
  expect(Object.keys(readSafetensors(writeInteger(model))).sort()).toEqual(['1.bias', '1.weight', '1.weight_scale']);
});

describe('writeInteger refuses', () => {
  it('models with fake-quantized layers and models without integer ones', () => {
    const net = new nn.Sequential(new nn.Linear(2, 2));
    expect(() => writeInteger(net)).toThrow(/has no integer layers/);
    toQuantized(net);
    expect(() => writeInteger(net)).toThrow(/writeInteger: 0 did not become integer layers/);
  });
});

/**
 * What the library says of a model when it is loaded anew, its classes called by their names or, as a minifier has it, all the same.
 * `file` is one of the model, which it reads.
 */
async function loadedAnew(minified: boolean, file: Uint8Array | null = null) {
  let found: { bytes: Uint8Array; report: string[]; again: boolean } | null = null;
  await jest.isolateModulesAsync(async () => {
    const { manualSeed, noGrad, randn } = await import('@q/tensor');
    const nn = await import('@q/nn');
    const rename = (module: object): void => {
      for (const type of Object.values(module))
        if (typeof type === 'function') Object.defineProperty(type, 'name', { value: 'a' });
    };
    if (minified) rename(nn);
    const quant = await import('../../../src/index.js');
    if (minified) rename(quant);

    class Own extends nn.Module {
      forward(x: Tensor): Tensor {
        return x;
      }
    }
    class Net extends nn.Module {
      fc = new nn.Linear(6, 8);
      pool = new nn.AvgPool1d(2, { stride: 1, padding: 1 });
      norm = new nn.LayerNorm(9);
      sub = new nn.Subtract();
      softmax = new nn.Softmax(-1);
      identity = new nn.Identity();
      own: nn.Module = new nn.Identity();
      forward(x: Tensor): Tensor {
        const y = this.identity.forward(this.norm.forward(this.pool.forward(this.fc.forward(x))));
        return this.own.forward(this.softmax.forward(this.sub.forward(y, y))) as Tensor;
      }
    }
    const net = (quantized: boolean): Net => {
      const made = quantized ? quant.toQuantized(new Net()) : new Net();
      made.own = new Own();
      return made;
    };
    manualSeed(3);
    const model = net(true);
    for (const layer of model.modules()) {
      if (!quant.isQuantized(layer)) continue;
      const grid = () => new quant.affine.QuantizeDequantize({ shape: [], bitwidth: 8, symmetric: false });
      layer.inputQuantizers = layer.inputQuantizers.map(grid);
      layer.outputQuantizers = layer.outputQuantizers.map(grid);
      if ('weight' in layer.paramQuantizers) layer.paramQuantizers.weight = grid();
    }
    const x = randn([5, 6]);
    noGrad(() => quant.computeEncodings(model, () => model.forward(x)));
    const { model: integer, report } = quant.lowerToInteger(model, x);
    const run = (target: Net): Tensor => noGrad(() => target.forward(x));
    const bytes = quant.writeInteger(integer);
    found = {
      bytes,
      report: report.layers.map(({ path, kind, route }) => `${path} ${path === 'own' ? '' : kind} ${route}`),
      again: run(quant.readInteger(net(false), file ?? bytes)).equal(run(integer)),
    };
  });
  return found!;
}

describe('classes that a minifier has renamed', () => {
  it('leave the file as it is, and what is read from it', async () => {
    const plain = await loadedAnew(false);
    const minified = await loadedAnew(true, plain.bytes);
    expect(minified).toEqual(plain);
    expect(plain).toMatchObject({
      again: true,
      report: [
        'fc Linear integer',
        'pool AvgPool1d integer',
        'norm LayerNorm integer',
        'sub Subtract integer',
        'softmax Softmax float inside',
        'own  float',
      ],
    });
    const { others } = readSafetensorsMetadata(plain.bytes);
    expect(JSON.parse(others!)).toEqual({ identity: 'Identity', own: null });
  });
});
