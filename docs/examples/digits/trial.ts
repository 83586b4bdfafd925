import { noGrad } from '@q/tensor';
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
  /** Milliseconds it takes to read all test images, the median of a few rounds. */
  readonly milliseconds: number;
}

const rounds = 5;

function inference(net: DigitsNet, { images }: Digits): number {
  const times = Array.from({ length: rounds }, () => {
    const start = performance.now();
    void noGrad(() => net.forward(images)).data;
    return performance.now() - start;
  });
  return times.sort((a, b) => a - b)[rounds >> 1]!;
}

/** Makes a network and evaluates it; without a `reference` it is the reference. */
export function trial(name: string, make: () => DigitsNet, test: Digits, reference?: Trial): Trial {
  const start = performance.now();
  const net = make();
  const seconds = (performance.now() - start) / 1000;
  const evaluation = evaluate(net, test);
  const ratio = reference ? sqnr(reference.evaluation.activations.fc, evaluation.activations.fc) : Infinity;
  return { name, net, evaluation, sqnr: ratio, bytes: storedBytes(net), seconds, milliseconds: inference(net, test) };
}

/** Figures as people read them. */
export const shown = {
  accuracy: (share: number): string => `${(100 * share).toFixed(1)} %`,
  sqnr: (decibels: number): string => (Number.isFinite(decibels) ? `${decibels.toFixed(1)} dB` : '∞'),
  bytes: (bytes: number): string => `${(bytes / 1024).toFixed(1)} KiB`,
  milliseconds: (milliseconds: number): string => `${milliseconds.toFixed(1)} ms`,
  seconds: (seconds: number): string => `${seconds.toFixed(seconds < 1 ? 2 : 1)} s`,
};

/** The trials as a table of plain text. */
export function textTable(trials: readonly Trial[]): string {
  const rows = [
    ['model', 'accuracy', 'SQNR of logits', 'size', 'reads 500 in', 'made in'],
    ...trials.map(({ name, evaluation, sqnr, bytes, milliseconds, seconds }) => [
      name,
      shown.accuracy(evaluation.accuracy),
      shown.sqnr(sqnr),
      shown.bytes(bytes),
      shown.milliseconds(milliseconds),
      shown.seconds(seconds),
    ]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('   ');
  const rule = widths.map((width) => '─'.repeat(width)).join('   ');
  return [line(rows[0]!), rule, ...rows.slice(1).map(line)].map((text) => `  ${text}\n`).join('');
}
