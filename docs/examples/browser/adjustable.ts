import { QuantizationMixin, PercentileEncodingAnalyzer } from '@q/quant';
import { noGrad } from '@q/tensor';
import type { Digits } from '../digits/dataset.js';
import { evaluate } from '../digits/evaluate.js';
import { trainedNet, type DigitsNet, type Site } from '../digits/model.js';
import { quantize, type Bits } from '../digits/quantize.js';
import { quantizerAt, type Quantizer } from '../digits/report/distributions.js';

/** Bits of the grids, and the share of the activations that their range covers, in percent. */
export interface Settings extends Bits {
  readonly percentile: number;
}

/** The values of a layer, and what its quantizer keeps of them. */
export interface Clipped {
  readonly site: Site;
  readonly counts: Float32Array;
  /** The ends of the bins. */
  readonly from: number;
  readonly to: number;
  /** The ends of the grid. */
  readonly min: number;
  readonly max: number;
  /** The distance of two values on the grid. */
  readonly step: number;
}

interface Place {
  readonly site: Site;
  readonly quantizer: Quantizer;
  readonly analyzer: PercentileEncodingAnalyzer;
}

const BINS = 512;

/**
 * A quantized network that is calibrated anew at every change of its settings: histograms of the activations are collected
 * once, and any range follows from them without running the network again.
 */
export class Adjustable {
  readonly net: DigitsNet;
  private readonly places: Place[] = [];

  constructor(calibration: Digits, settings: Settings) {
    const { activations } = evaluate(trainedNet(), calibration);
    this.net = quantize(trainedNet(), settings, calibration.images);
    for (const [name, values] of Object.entries(activations)) {
      const site = name as Site;
      const quantizer =
        site === 'input' ? quantizerAt(this.net, 'conv1', 'input') : quantizerAt(this.net, site, 'output');
      const analyzer = new PercentileEncodingAnalyzer([], { numBins: BINS });
      analyzer.updateStats(values);
      this.places.push({ site, quantizer, analyzer });
    }
    this.adjust(settings);
  }

  /** Sets grids and ranges. */
  adjust({ weights, activations, percentile }: Settings): void {
    for (const { quantizer, analyzer } of this.places) {
      quantizer.bitwidth = activations;
      analyzer.percentile = percentile;
      const { min, max } = analyzer.computeEncodings(2 ** activations - 1, false);
      quantizer.setRange(min!, max!);
    }
    for (const layer of this.net.modules()) {
      if (!(layer instanceof QuantizationMixin)) continue;
      const quantizer = layer.paramQuantizers.weight as Quantizer | null | undefined;
      if (quantizer) quantizer.bitwidth = weights;
    }
    noGrad(() => {
      for (const layer of this.net.modules()) if (layer instanceof QuantizationMixin) layer.computeParamEncodings();
    });
  }

  /** The histogram of every layer's activations with the range of its quantizer. */
  clipped(): Clipped[] {
    return this.places.map(({ site, quantizer, analyzer }) => {
      const { min: from, max: to, histogram: counts } = analyzer.getStats()![0]!;
      const { min, max, scale } = quantizer.getEncoding()!;
      return { site, counts, from, to, min: min.item(), max: max.item(), step: scale.item() };
    });
  }
}
