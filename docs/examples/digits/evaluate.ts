import { slots } from '@q/nn';
import { affine, IntegerLayer, QuantizationMixin, QuantizerBase, writeInteger } from '@q/quant';
import { dtypes, noGrad, type Tensor } from '@q/tensor';
import type { Digits } from './dataset.js';
import type { Activations, DigitsNet, Site } from './model.js';

/** What a network makes of images it has not been trained on. */
export interface Evaluation {
  readonly activations: Activations;
  readonly predictions: readonly number[];
  readonly correct: number;
  readonly accuracy: number;
}

/** Runs a network on digits and counts what it recognises. */
export function evaluate(net: DigitsNet, { images, labels }: Digits): Evaluation {
  const activations = noGrad(() => net.eval().activations(images));
  const found = activations.fc.argmax(1);
  const correct = found.eq(labels).sum().item();
  return { activations, predictions: Array.from(found.data), correct, accuracy: correct / labels.numel };
}

/** Signal-to-quantization-noise ratio in decibels: `10 log10(sum(reference^2) / sum((reference - x)^2))`. */
export function sqnr(reference: Tensor, x: Tensor): number {
  const energy = (values: Tensor) => values.square().sum().item();
  return 10 * Math.log10(energy(reference) / energy(reference.sub(x)));
}

/** The ratio of every layer's result, by the name of the layer. */
export function sqnrBySite(reference: Activations, activations: Activations): Record<Site, number> {
  const ratios = Object.entries(reference).map(([site, x]) => [site, sqnr(x, activations[site as Site])]);
  return Object.fromEntries(ratios) as Record<Site, number>;
}

/** How often each digit (row) was taken for each digit (column). */
export function confusion(predictions: readonly number[], labels: Tensor): number[][] {
  const counts = Array.from({ length: 10 }, () => new Array<number>(10).fill(0));
  Array.from(labels.data).forEach((label, i) => counts[label]![predictions[i]!]!++);
  return counts;
}

/** Bytes that store a network's state: the file of an integer one; of others, quantized parameters as packed integers and a float32 per scale, the rest as it is. */
export function storedBytes(net: DigitsNet): number {
  if (net.modules().some((module) => module instanceof IntegerLayer)) return writeInteger(net).length;
  let bytes = 0;
  for (const module of net.modules()) {
    if (module instanceof QuantizerBase) continue;
    for (const slot of slots(module)) {
      if (slot.kind === 'module') continue;
      const quantizer = module instanceof QuantizationMixin ? module.paramQuantizers[slot.name] : null;
      bytes +=
        quantizer instanceof affine.QuantizeDequantize
          ? Math.ceil((slot.value.numel * quantizer.bitwidth) / 8) + quantizer.max.numel * dtypes.float32.bytes
          : slot.value.numel * dtypes[slot.value.dtype].bytes;
    }
  }
  return bytes;
}
