import { computeEncodings, type EncodingAnalyzer } from '@q/quant';
import { noGrad, type Tensor } from '@q/tensor';
import type { DigitsNet } from '../digits/model.js';
import { activationQuantizers, analyzers, type AnalyzerName } from './network.js';

/** What the analyzers of a network have seen, by quantizer: plain JSON. */
export type Statistics = Readonly<Record<string, unknown>>;

/** Passes batches through a network and returns what its quantizers observed. */
export function observe(net: DigitsNet, batches: readonly Tensor[]): Statistics {
  computeEncodings(net, () => noGrad(() => batches.forEach((batch) => net.forward(batch))));
  const entries = [...activationQuantizers(net)].map(([name, { encodingAnalyzer }]) => [
    name,
    encodingAnalyzer.toJSON(),
  ]);
  return Object.fromEntries(entries) as Statistics;
}

/** Merges the statistics of shards, in their order. */
export function merge(analyzer: AnalyzerName, shards: readonly Statistics[]): Map<string, EncodingAnalyzer> {
  const merged = new Map<string, EncodingAnalyzer>();
  for (const shard of shards)
    for (const [name, json] of Object.entries(shard)) {
      const observed = analyzers[analyzer].fromJSON(json);
      const before = merged.get(name);
      if (before) before.mergeStats(observed);
      else merged.set(name, observed);
    }
  return merged;
}

/** Gives the quantizers of a network the ranges that analyzers find. */
export function adopt(net: DigitsNet, merged: ReadonlyMap<string, EncodingAnalyzer>): void {
  for (const [name, quantizer] of activationQuantizers(net)) {
    const analyzer = merged.get(name);
    if (!analyzer) throw new Error(`No statistics for the quantizer behind ${name}.`);
    const { min, max } = analyzer.computeEncodings(quantizer.numSteps, quantizer.symmetric);
    quantizer.setRange(min, max);
  }
}
