import { MultiheadAttention, TransformerEncoderLayer, type Module } from '@q/nn';
import { Generator, randn, type Tensor } from '@q/tensor';
import {
  affine,
  computeEncodings,
  isQuantized,
  QuantizationMixin,
  QuantizedDynamicLinear,
  QuantizedMatMul,
  QuantizedMultiheadAttention,
  QuantizedSoftmax,
  toQuantized,
} from '../../src/index.js';

const generator = new Generator(9);
const random = (...shape: number[]): Tensor => randn(shape, { generator });
const asymmetric = (bitwidth: number) => new affine.QuantizeDequantize({ shape: [], bitwidth, symmetric: false });
const perRow = (rows: number, bitwidth: number) =>
  new affine.QuantizeDequantize({ shape: [rows, 1], bitwidth, symmetric: true });

/** Largest difference as a share of the largest value. */
const error = (y: Tensor, wanted: Tensor): number => y.sub(wanted).abs().max().item() / wanted.abs().max().item();

describe('quantized attention', () => {
  it('has quantizers at its projections, its products and its softmax', () => {
    const layer = toQuantized(new MultiheadAttention(8, 2));
    expect(layer).not.toBeInstanceOf(QuantizationMixin);
    expect(layer.queryProjection).toBeInstanceOf(QuantizedDynamicLinear);
    expect(layer.scores).toBeInstanceOf(QuantizedMatMul);
    expect(layer.softmax).toBeInstanceOf(QuantizedSoftmax);
    expect(layer.context).toBeInstanceOf(QuantizedMatMul);
  });

  it('is made at once by its own class, with the state dict of the float layer', () => {
    const layer = new QuantizedMultiheadAttention(8, 2, { batchFirst: true });
    expect(layer).toBeInstanceOf(MultiheadAttention);
    const parts = [layer.queryProjection, layer.keyProjection, layer.valueProjection, layer.scores, layer.softmax];
    expect([...parts, layer.context, layer.outProj].every((part) => isQuantized(part))).toBe(true);
    const float = new MultiheadAttention(8, 2, { batchFirst: true });
    layer.loadStateDict(float.stateDict());
    const x = random(2, 4, 8);
    expect(layer.forward(x, x, x)[0].allclose(float.forward(x, x, x)[0])).toBe(true);
  });

  it('quantizes the packed projection weights where they enter, per row', () => {
    const layer = toQuantized(new MultiheadAttention(8, 2));
    const x = random(4, 2, 8);
    const plain = layer.forward(x, x, x)[0];
    const projection = layer.valueProjection as QuantizedDynamicLinear;
    const quantizer = perRow(8, 3);
    projection.inputQuantizers[1] = quantizer;
    computeEncodings(layer, () => layer.forward(x, x, x));
    const quantized = layer.forward(x, x, x)[0];
    layer
      .inProjWeight!.slice([16, 24])
      .detach()
      .copy_(quantizer.forward(layer.inProjWeight!.slice([16, 24])).detach());
    projection.inputQuantizers[1] = null;
    expect(quantized.allclose(layer.forward(x, x, x)[0], { atol: 1e-6 })).toBe(true);
    expect(quantized.allclose(plain, { atol: 1e-3 })).toBe(false);
  });

  it('in a transformer layer comes near the float layer with 16 bits everywhere, masks included', () => {
    const float = new TransformerEncoderLayer(8, 2, { dimFeedforward: 6, dropout: 0, activation: 'gelu' });
    const model = toQuantized(float.clone());
    let places = 0;
    model.apply((module: Module) => {
      if (!isQuantized(module)) return;
      for (const slots of [module.inputQuantizers, module.outputQuantizers])
        // The scores behind the mask are not finite, so nothing is to observe them.
        if (!(module instanceof QuantizedSoftmax) || slots === module.outputQuantizers)
          slots.forEach((_, i) => {
            slots[i] = asymmetric(16);
            places++;
          });
      for (const name of Object.keys(module.paramQuantizers)) module.paramQuantizers[name] = asymmetric(16);
    });
    expect(places).toBeGreaterThan(30);
    const srcMask = random(5, 5).gt(0).triu({ diagonal: 1 });
    const x = random(5, 3, 8);
    computeEncodings(model, () => model.forward(x, { srcMask }));
    const [y, wanted] = [model.forward(x, { srcMask }), float.forward(x, { srcMask })];
    expect(error(y, wanted)).toBeLessThan(2e-3);
    expect(y.equal(wanted)).toBe(false);
  });
});
