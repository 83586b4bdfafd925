import { Conv2d, Linear } from '@q/nn';
import {
  affine,
  computeEncodings,
  lowerToInteger,
  QuantizationMixin,
  toQuantized,
  type LegacyEncoding,
} from '@q/quant';
import { noGrad, type Tensor } from '@q/tensor';
import { foldBatchNorms, type DigitsNet } from './model.js';

/** Bits of the integers that stand for weights and for activations. */
export interface Bits {
  readonly weights: number;
  readonly activations: number;
}

/**
 * Layers whose results stay in the accumulator: the next one is a ReLU, which integer hardware computes along with them, or
 * they only change the shape.
 */
const fused = new Set(['conv1', 'conv2', 'dw', 'se_fc1', 'pw', 'flatten']);

/**
 * Quantizes a network in place: weights per output channel and symmetric, activations per tensor and asymmetric, with ranges
 * from the smallest and largest values that the calibration images give. Biases stay float.
 */
export function quantize(net: DigitsNet, bits: Bits, calibration: Tensor): DigitsNet {
  foldBatchNorms(net);
  toQuantized(net);
  const activation = () => new affine.QuantizeDequantize({ shape: [], bitwidth: bits.activations, symmetric: false });
  for (const [name, layer] of net.namedModules()) {
    if (!(layer instanceof QuantizationMixin)) continue;
    if (name === 'conv1') layer.inputQuantizers[0] = activation();
    if (!fused.has(name)) layer.outputQuantizers[0] = activation();
    if (layer instanceof Conv2d || layer instanceof Linear) {
      const shape = layer.weight.shape.map((size, dim) => (dim === 0 ? size : 1));
      layer.paramQuantizers.weight = new affine.QuantizeDequantize({ shape, bitwidth: bits.weights, symmetric: true });
    }
  }
  computeEncodings(net, () => noGrad(() => net.forward(calibration)));
  return net;
}

/** The network on integers. Throws where a layer would remain in float. */
export function onIntegers(net: DigitsNet, sample: Tensor): DigitsNet {
  const { model, report } = lowerToInteger(net, sample);
  if (report.floats.length > 0) throw new Error(`Some layers remain in float:\n${String(report)}`);
  return model;
}

/** Encodings by layer, one entry per scale, with the names of AIMET's files. */
export interface Encodings {
  readonly activation_encodings: Record<string, Record<'input' | 'output', Record<string, LegacyEncoding[]>>>;
  readonly param_encodings: Record<string, LegacyEncoding[]>;
}

const present = <T>(entries: Readonly<Record<string, T | null>> | readonly (T | null)[]): Record<string, T> =>
  Object.fromEntries(Object.entries(entries).filter((entry): entry is [string, T] => entry[1] !== null));

/** The encodings of a quantized network. */
export function exportEncodings(net: DigitsNet): Encodings {
  const encodings: Encodings = { activation_encodings: {}, param_encodings: {} };
  for (const [name, layer] of net.namedModules()) {
    if (!(layer instanceof QuantizationMixin)) continue;
    const input = present(layer.exportInputEncodings());
    const output = present(layer.exportOutputEncodings());
    if (Object.keys({ ...input, ...output }).length > 0) encodings.activation_encodings[name] = { input, output };
    for (const [param, entries] of Object.entries(present(layer.exportParamEncodings())))
      encodings.param_encodings[`${name}.${param}`] = entries;
  }
  return encodings;
}
