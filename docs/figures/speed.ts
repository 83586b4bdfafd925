/** How fast the library is beside the fastest of the others, drawn from what `benchmarks/results` records. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { line, rect, scaled, svg, text } from './draw.js';

interface Recorded {
  readonly machine: string;
  readonly node: string;
  readonly rows: readonly {
    readonly workload: string;
    readonly threads: number;
    readonly bestJsPeer: string | null;
    readonly ratio: number | null;
  }[];
}

const file = join(import.meta.dirname, '../../benchmarks/results/peers.json');

/** Every workload on one thread: a bar to the right is faster than the fastest other library, a bar to the left slower. */
export function speed(): string {
  const { machine, node, rows } = JSON.parse(readFileSync(file, 'utf8')) as Recorded;
  const bars = rows
    .flatMap(({ workload, threads, bestJsPeer, ratio }) =>
      threads === 1 && bestJsPeer !== null && ratio !== null ? [{ workload, bestJsPeer, ratio }] : [],
    )
    .sort((a, b) => b.ratio - a.ratio);
  const ratios = bars.map(({ ratio }) => Math.log2(ratio));
  const x = scaled([Math.min(-1, ...ratios), Math.max(4, ...ratios)], [190, 560]);
  const [top, height] = [54, 17];
  const bottom = top + bars.length * height;
  const marks = [0.5, 1, 2, 4, 8, 16].filter((ratio) => x(Math.log2(ratio)) >= 189 && x(Math.log2(ratio)) <= 561);
  return svg(720, bottom + 34, 'Time of the fastest other JavaScript library by ours, per workload', [
    text(12, 20, 'Times as fast as the fastest other JavaScript library', 'strong'),
    text(12, 38, 'left of 1x: slower', 'small soft'),
    ...marks.flatMap((ratio) => [
      line(x(Math.log2(ratio)), top - 6, x(Math.log2(ratio)), bottom, ratio === 1 ? 'ink' : ''),
      text(x(Math.log2(ratio)), bottom + 14, `${ratio}x`, 'middle small soft'),
    ]),
    ...bars.flatMap(({ workload, bestJsPeer, ratio }, i) => {
      const at = top + i * height;
      const end = x(Math.log2(ratio));
      return [
        text(182, at + 12, workload, 'end small'),
        rect(Math.min(x(0), end), at + 2, Math.abs(end - x(0)), height - 5, ratio >= 1 ? 'blue' : 'orange'),
        text(Math.max(x(0), end) + 6, at + 12, `${ratio.toFixed(2)}x  ${bestJsPeer}`, 'small soft'),
      ];
    }),
    text(12, bottom + 30, `Node ${node.replace(/^v/, '')}, one thread, ${machine}`, 'small soft'),
  ]);
}
