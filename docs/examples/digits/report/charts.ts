/** Charts as inline SVG; colours are classes of the style sheet, so that they follow the colour scheme. */
import type { Distribution, Range } from './distributions.js';

/** Something that is compared over the whole report, with its class in the style sheet. */
export interface Series<T> {
  readonly name: string;
  readonly key: 'float' | 'eight' | 'four' | 'tuned';
  readonly value: T;
}

const round = (value: number): string => String(Math.round(value * 100) / 100);

/** Numbers on an axis: short, without a needless zero, with a minus sign. */
export const tick = (value: number): string =>
  value === 0 ? '0' : String(Number(value.toPrecision(Math.abs(value) < 1 ? 2 : 3))).replace('-', '−');

/** Maps `domain` to `range` linearly. */
const linear =
  (domain: Range, range: Range) =>
  (value: number): number =>
    range.min + ((value - domain.min) / (domain.max - domain.min || 1)) * (range.max - range.min);

const svg = (width: number, height: number, label: string, content: string): string =>
  `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}">${content}</svg>`;

/** A histogram with the calibrated range as a shaded band and the trained one as a bracket; `log` for counts of any size. */
export function histogram(values: Distribution, label: string, log: boolean): string {
  const [width, height, top, bottom, side] = [300, 132, 14, 112, 8];
  const x = linear(values, { min: side, max: width - side });
  const heightOf = (count: number): number => (log ? Math.log1p(count) : count);
  const highest = Math.max(...values.counts.map(heightOf));
  const y = linear({ min: 0, max: highest }, { min: bottom, max: top + 8 });
  const step = (x(values.max) - x(values.min)) / values.counts.length;
  const bars = values.counts
    .map((count, i) => {
      if (count === 0) return '';
      const end = y(heightOf(count));
      const from = values.min + ((values.max - values.min) * i) / values.counts.length;
      return `<rect x="${round(x(values.min) + i * step + 0.5)}" y="${round(Math.min(end, bottom - 1))}" width="${round(step - 1)}" height="${round(Math.max(bottom - end, 1))}"><title>${tick(from)}: ${count}</title></rect>`;
    })
    .join('');
  const band = ({ min, max }: Range, kind: string): string =>
    max > min
      ? `<rect class="${kind}" x="${round(x(min))}" y="${top}" width="${round(x(max) - x(min))}" height="${bottom - top}"/>`
      : '';
  const ends = ({ min, max }: Range, kind: string): string =>
    `<path class="${kind}" d="M${round(x(min))} ${top}V${bottom}M${round(x(max))} ${top}V${bottom}"/>`;
  const { calibrated, tuned } = values;
  const bracket = `<path class="bracket" d="M${round(x(tuned.widest.min))} ${top - 3}v-5H${round(x(tuned.widest.max))}v5"/>`;
  const ticks = ticksOf(values)
    .map((value) => {
      const at = x(value);
      const anchor = at < 24 ? 'start' : at > width - 24 ? 'end' : 'middle';
      return `<text x="${round(at)}" y="${bottom + 15}" text-anchor="${anchor}">${tick(value)}</text>`;
    })
    .join('');
  const axis = `<path class="axis" d="M${side} ${bottom + 0.5}H${width - side}"/>`;
  return svg(
    width,
    height,
    label,
    band(calibrated.widest, 'band') +
      (calibrated.channels > 1 ? band(calibrated.shared, 'band') : '') +
      `<g class="bars">${bars}</g>${axis}${ends(calibrated.widest, 'end')}${bracket}${ticks}`,
  );
}

/** Both ends of an axis, and zero where it lies well between them. */
function ticksOf({ min, max }: Range): number[] {
  const share = (0 - min) / (max - min);
  return share > 0.12 && share < 0.88 ? [min, 0, max] : [min, max];
}

/** Accuracy by epoch, with the accuracy of other networks as lines to compare with. */
export function accuracyChart(
  points: readonly { epoch: number; accuracy: number }[],
  lines: readonly Series<number>[],
): string {
  const [width, height] = [400, 232];
  const plot = { left: 44, right: 322, top: 14, bottom: 196 };
  const all = [...points.map(({ accuracy }) => accuracy), ...lines.map(({ value }) => value)];
  const percent = (share: number): number => share * 100;
  const domain = { min: Math.floor(percent(Math.min(...all)) - 0.3), max: Math.ceil(percent(Math.max(...all)) + 0.3) };
  const y = linear(domain, { min: plot.bottom, max: plot.top });
  const x = linear({ min: 0, max: points.at(-1)!.epoch }, { min: plot.left + 6, max: plot.right });
  const grid = Array.from({ length: domain.max - domain.min + 1 }, (_, i) => domain.min + i)
    .map(
      (value) =>
        `<path class="grid" d="M${plot.left} ${round(y(value))}H${plot.right}"/><text x="${plot.left - 8}" y="${round(y(value) + 4)}" text-anchor="end">${value} %</text>`,
    )
    .join('');
  const epochs = points
    .map(({ epoch }) => `<text x="${round(x(epoch))}" y="${plot.bottom + 18}" text-anchor="middle">${epoch}</text>`)
    .join('');
  const heights = spread([...lines.map(({ value }) => y(percent(value))), y(percent(points.at(-1)!.accuracy))], 14);
  const references = lines
    .map(
      ({ name, key, value }, i) =>
        `<path class="reference ${key}" d="M${plot.left} ${round(y(percent(value)))}H${plot.right}"/><text class="label ${key}" x="${plot.right + 8}" y="${round(heights[i]! + 4)}">${name}</text>`,
    )
    .join('');
  const line = points.map(({ epoch, accuracy }) => `${round(x(epoch))} ${round(y(percent(accuracy)))}`).join('L');
  const dots = points
    .map(
      ({ epoch, accuracy }) =>
        `<circle cx="${round(x(epoch))}" cy="${round(y(percent(accuracy)))}" r="3.5"><title>epoch ${epoch}: ${percent(accuracy).toFixed(1)} %</title></circle>`,
    )
    .join('');
  const label = `<text class="label tuned" x="${plot.right + 8}" y="${round(heights.at(-1)! + 4)}">fine-tuned</text>`;
  return svg(
    width,
    height,
    'Test accuracy by epoch of fine-tuning',
    `${grid}${epochs}<text x="${plot.right + 8}" y="${plot.bottom + 18}">epoch</text>${references}<path class="line tuned" d="M${line}"/><g class="dots tuned">${dots}</g>${label}`,
  );
}

/** Moves heights apart until neighbours are at least `gap` away from each other. */
function spread(heights: readonly number[], gap: number): number[] {
  const order = heights.map((_, i) => i).sort((a, b) => heights[a]! - heights[b]!);
  const moved = [...heights];
  for (let i = 1; i < order.length; i++) moved[order[i]!] = Math.max(moved[order[i]!]!, moved[order[i - 1]!]! + gap);
  const excess = (moved[order.at(-1)!]! - heights[order.at(-1)!]!) / 2;
  return moved.map((height, i) => (height === heights[i] ? height : height - excess));
}

/** Counts of digits (rows) by what they were taken for (columns); mistakes stand out, the diagonal does not. */
export function confusionMatrix(counts: readonly (readonly number[])[], label: string): string {
  const [cell, origin] = [22, 20];
  const size = origin + cell * counts.length + 2;
  const names = counts
    .map(
      (_, digit) =>
        `<text x="${origin + cell * (digit + 0.5)}" y="12" text-anchor="middle">${digit}</text><text x="10" y="${origin + cell * (digit + 0.5) + 4}" text-anchor="middle">${digit}</text>`,
    )
    .join('');
  const cells = counts
    .flatMap((row, i) =>
      row.map((count, j) => {
        const [x, y] = [origin + cell * j, origin + cell * i];
        const kind = i === j ? 'right' : count > 0 ? 'wrong' : 'none';
        const strength = kind === 'wrong' ? ` style="--strength:${Math.min(100, 30 + 14 * count)}%"` : '';
        const text =
          count > 0
            ? `<text class="${kind}" x="${x + cell / 2}" y="${y + cell / 2 + 4}" text-anchor="middle">${count}</text>`
            : '';
        return `<rect class="${kind}"${strength} x="${x + 1}" y="${y + 1}" width="${cell - 2}" height="${cell - 2}" rx="3"><title>${i} taken for ${j}: ${count}</title></rect>${text}`;
      }),
    )
    .join('');
  return svg(size, size, label, names + cells);
}

/** An image of 8x8 pixels from 0 to 1. */
export function digitImage(pixels: ArrayLike<number>, label: string): string {
  const cells = Array.from(pixels, (ink, i) =>
    ink > 0 ? `<rect x="${i % 8}" y="${Math.floor(i / 8)}" width="1.02" height="1.02" opacity="${round(ink)}"/>` : '',
  ).join('');
  return svg(8, 8, label, cells);
}
