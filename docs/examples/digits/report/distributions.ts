import { affine, QuantizationMixin } from '@q/quant';
import { noGrad, type Tensor } from '@q/tensor';
import type { Activations, DigitsNet, Site } from '../model.js';

/** An interval of numbers. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** What a quantizer can represent: the range of its widest channel and what all its channels share. */
export interface Clipping {
  readonly widest: Range;
  readonly shared: Range;
  readonly channels: number;
  readonly bitwidth: number;
}

/** How often values occur, in equal bins of a range, and where quantizers clip them. */
export interface Distribution extends Range {
  readonly counts: readonly number[];
  readonly calibrated: Clipping;
  readonly tuned: Clipping;
  /** Share of the float values outside the calibrated range. */
  readonly clipped: number;
}

/** A layer of the report: its weights, where it has some, and its results. */
export interface LayerView {
  readonly name: string;
  readonly weight: Distribution | null;
  readonly activation: Distribution;
}

const bins = 44;

/** Results and the layer whose weights make them. */
const weightsOf: Partial<Record<Site, string>> = {
  relu1: 'conv1',
  relu2: 'conv2',
  relu3: 'dw',
  se_relu: 'se_fc1',
  se_fc2: 'se_fc2',
  relu4: 'pw',
  fc: 'fc',
};

/** What stands at every place here. */
export type Quantizer = affine.QuantizeDequantize;

/** The quantizer at a place of a layer. */
export function quantizerAt(net: DigitsNet, name: string, place: 'input' | 'output' | 'weight'): Quantizer {
  const layer = net.namedModules().find(([path]) => path === name)?.[1];
  if (!(layer instanceof QuantizationMixin)) throw new Error(`${name}: is not quantized.`);
  const { inputQuantizers, outputQuantizers, paramQuantizers } = layer;
  const quantizer = { input: inputQuantizers[0], output: outputQuantizers[0], weight: paramQuantizers.weight }[place];
  if (!(quantizer instanceof affine.QuantizeDequantize)) throw new Error(`${name}: has no quantizer of its ${place}.`);
  return quantizer;
}

function clipping(quantizer: Quantizer): Clipping {
  const { min, max } = quantizer.getEncoding()!;
  return {
    widest: { min: min.min().item(), max: max.max().item() },
    shared: { min: min.max().item(), max: max.min().item() },
    channels: max.numel,
    bitwidth: quantizer.bitwidth,
  };
}

function distribution(values: Tensor, calibrated: Quantizer, tuned: Quantizer): Distribution {
  const ranges = [clipping(calibrated), clipping(tuned)] as const;
  const min = Math.min(values.min().item(), ...ranges.map(({ widest }) => widest.min));
  const max = Math.max(values.max().item(), ...ranges.map(({ widest }) => widest.max));
  const encoding = calibrated.getEncoding()!;
  // Half a step beyond its end still rounds to the grid.
  const half = encoding.scale.mul(0.5);
  const outside = values.lt(encoding.min.sub(half)).logicalOr(values.gt(encoding.max.add(half)));
  return {
    min,
    max,
    counts: Array.from(values.histc(bins, { min, max }).data),
    calibrated: ranges[0],
    tuned: ranges[1],
    clipped: outside.sum().item() / values.numel,
  };
}

/** Every layer's float weights and activations, against the ranges before and after fine-tuning. */
export function layerViews(float: Activations, calibrated: DigitsNet, tuned: DigitsNet): LayerView[] {
  const states = calibrated.stateDict();
  return noGrad(() =>
    Object.entries(float).map(([site, values]) => {
      const weights = weightsOf[site as Site] ?? null;
      const [layer, place] = site === 'input' ? (['conv1', 'input'] as const) : ([site, 'output'] as const);
      const at = (name: string, where: 'input' | 'output' | 'weight') =>
        [quantizerAt(calibrated, name, where), quantizerAt(tuned, name, where)] as const;
      return {
        name: weights === null || weights === site ? site : `${weights} → ${site}`,
        weight: weights === null ? null : distribution(states[`${weights}.weight`]!, ...at(weights, 'weight')),
        activation: distribution(values, ...at(layer, place)),
      };
    }),
  );
}
