import { Conv2d, Linear } from '@q/nn';
import {
  affine,
  MinMaxEncodingAnalyzer,
  QuantizationMixin,
  SqnrEncodingAnalyzer,
  toQuantized,
  type EncodingAnalyzer,
} from '@q/quant';
import { foldBatchNorms, trainedNet, type DigitsNet } from '../digits/model.js';

/** The analyzers of this example, as the JSON of their statistics names them. */
export const analyzers = { MinMaxEncodingAnalyzer, SqnrEncodingAnalyzer };

export type AnalyzerName = keyof typeof analyzers;

/** The trained network with quantizers for weights and activations, the latter without a range yet. */
export function quantizableNet(analyzer: AnalyzerName): DigitsNet {
  const net = trainedNet();
  foldBatchNorms(net);
  toQuantized(net);
  for (const layer of net.modules()) {
    if (!(layer instanceof QuantizationMixin)) continue;
    const encodingAnalyzer: EncodingAnalyzer = new analyzers[analyzer]([]);
    layer.outputQuantizers[0] = new affine.QuantizeDequantize({
      shape: [],
      bitwidth: 8,
      symmetric: false,
      encodingAnalyzer,
    });
    if (layer instanceof Conv2d || layer instanceof Linear) {
      const shape = layer.weight.shape.map((size, dim) => (dim === 0 ? size : 1));
      layer.paramQuantizers.weight = new affine.QuantizeDequantize({ shape, bitwidth: 8, symmetric: true });
    }
  }
  return net;
}

/** The quantizers of activations, by the layer they stand behind. */
export function activationQuantizers(net: DigitsNet): Map<string, affine.QuantizeDequantize> {
  const found = new Map<string, affine.QuantizeDequantize>();
  for (const [name, layer] of net.namedModules())
    if (layer instanceof QuantizationMixin && layer.outputQuantizers[0] instanceof affine.QuantizeDequantize)
      found.set(name, layer.outputQuantizers[0]);
  return found;
}
