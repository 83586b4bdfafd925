import type { Digits } from './dataset.js';
import { evaluate, sqnr, storedBytes, type Evaluation } from './evaluate.js';
import type { DigitsNet } from './model.js';

/** A way to make the network, and how good the result is. */
export interface Trial {
  readonly name: string;
  readonly net: DigitsNet;
  readonly evaluation: Evaluation;
  /** Signal-to-noise ratio of the logits against the float network, in decibels; infinite for that itself. */
  readonly sqnr: number;
  readonly bytes: number;
  /** Seconds it took to make. */
  readonly seconds: number;
}

/** Makes a network and evaluates it; without a `reference` it is the reference. */
export function trial(name: string, make: () => DigitsNet, test: Digits, reference?: Trial): Trial {
  const start = performance.now();
  const net = make();
  const seconds = (performance.now() - start) / 1000;
  const evaluation = evaluate(net, test);
  const ratio = reference ? sqnr(reference.evaluation.activations.fc, evaluation.activations.fc) : Infinity;
  return { name, net, evaluation, sqnr: ratio, bytes: storedBytes(net), seconds };
}

/** Figures as people read them. */
export const shown = {
  accuracy: (share: number): string => `${(100 * share).toFixed(1)} %`,
  sqnr: (decibels: number): string => (Number.isFinite(decibels) ? `${decibels.toFixed(1)} dB` : '∞'),
  bytes: (bytes: number): string => `${(bytes / 1024).toFixed(1)} KiB`,
  seconds: (seconds: number): string => `${seconds.toFixed(seconds < 1 ? 2 : 1)} s`,
};

/** The trials as a table of plain text. */
export function textTable(trials: readonly Trial[]): string {
  const rows = [
    ['model', 'accuracy', 'SQNR of logits', 'size', 'made in'],
    ...trials.map(({ name, evaluation, sqnr, bytes, seconds }) => [
      name,
      shown.accuracy(evaluation.accuracy),
      shown.sqnr(sqnr),
      shown.bytes(bytes),
      shown.seconds(seconds),
    ]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('   ');
  const rule = widths.map((width) => '─'.repeat(width)).join('   ');
  return [line(rows[0]!), rule, ...rows.slice(1).map(line)].map((text) => `  ${text}\n`).join('');
}
