import { Conv2d, Flatten, Linear, Permute, ReLU, ReLU6, Reshape, type Layer, type Module } from '@q/nn';
import { affine, computeEncodings, lowerToInteger, QuantizationMixin, toQuantized, type Lowered } from '@q/quant';
import { noGrad, type Tensor } from '@q/tensor';
import { networkOf } from './integer-networks.js';
import { layerCalls, type LayerCall } from './layer-calls.js';
import type { NetworkName } from './workloads.js';

/** Whether a layer only moves elements, so that its result is on the grid of its input. */
export const moves = (layer: Module): boolean => [Flatten, Permute, Reshape].some((type) => layer instanceof type);

/** Whether the result of a layer stays in its accumulators, because a ReLU alone reads it and puts it on a grid. */
function accumulates({ layer, path }: LayerCall, calls: readonly LayerCall[]): boolean {
  const readers = calls.filter(({ inputs }) => inputs.includes(path)).map((reader) => reader.layer);
  return (
    (layer instanceof Conv2d || layer instanceof Linear) &&
    readers.length > 0 &&
    readers.every((reader) => reader instanceof ReLU || reader instanceof ReLU6)
  );
}

const activation = () => new affine.QuantizeDequantize({ shape: [], bitwidth: 8, symmetric: false });

/**
 * A network with quantizers at its input and at every result that has a grid of its own, in 8 bits: activations asymmetric
 * and per tensor, weights symmetric and per output channel. It is calibrated with `x`.
 */
function quantized(network: Layer, calls: readonly LayerCall[], x: Tensor): Layer {
  toQuantized(network);
  const layers = new Map(network.namedModules());
  for (const call of calls) {
    const layer = layers.get(call.path);
    if (!(layer instanceof QuantizationMixin)) throw new Error(`${call.path}: is not quantized.`);
    for (const [i, name] of call.inputs.entries()) if (name === 'x') layer.inputQuantizers[i] = activation();
    if (!moves(layer) && !accumulates(call, calls)) layer.outputQuantizers[0] = activation();
    if (layer instanceof Conv2d || layer instanceof Linear) {
      const shape = layer.weight.shape.map((size, dim) => (dim === 0 ? size : 1));
      layer.paramQuantizers.weight = new affine.QuantizeDequantize({ shape, bitwidth: 8, symmetric: true });
    }
  }
  computeEncodings(network, () => noGrad(() => network.forward(x)));
  return network;
}

/** One network three times: as floats, quantized in simulation, and on integers. */
export interface IntegerModel {
  readonly calls: readonly LayerCall[];
  readonly float: Layer;
  readonly simulated: Layer;
  lowered(): Lowered<Layer>;
}

/** The network of that name, quantized for `x`. */
export function integerModel(name: NetworkName, x: Tensor): IntegerModel {
  const float = networkOf(name);
  const calls = layerCalls(float, x);
  const simulated = quantized(networkOf(name), calls, x);
  return { calls, float, simulated, lowered: () => lowerToInteger(simulated, x) };
}
