import type { Row } from './compare.js';

const columns = [
  ['workload', 30],
  ['ours', 10],
  ['ratio', 7],
  ['float', 7],
  ['best', 24],
] as const;

const shown = (microseconds: number): string => microseconds.toFixed(microseconds < 100 ? 2 : 0);

const times = (ratio: number | null): string => (ratio === null ? '-' : `${ratio.toFixed(2)}x`);

const named = (times: Readonly<Record<string, number>>, except: string | null): string =>
  Object.entries(times)
    .filter(([name]) => name !== except)
    .map(([name, us]) => `${name} ${shown(us)}`)
    .join(', ');

/** Says what the rows below are. */
export function printHeader(title: string): void {
  console.log(
    `\n${title}; medians in microseconds, ratio: the best library for JavaScript or WebAssembly by ours, float: our float network by ours`,
  );
  console.log(`${columns.map(([name, width]) => name.padEnd(width)).join('')}others; (beside)`);
}

export function printRow({ workload, oursUs, ratio, floatRatio, bestJsPeer, peersUs, besideUs }: Row): void {
  const best = bestJsPeer === null ? '-' : `${bestJsPeer} ${shown(peersUs[bestJsPeer]!)}`;
  const cells = [workload, shown(oursUs), times(ratio), times(floatRatio), best];
  const line = cells.map((cell, i) => cell.padEnd(columns[i]![1])).join('');
  const beside = named(besideUs, null);
  console.log(`${line}${named(peersUs, bestJsPeer)}${beside && `; (${beside})`}`);
}
