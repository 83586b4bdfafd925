import type { Site } from '../digits/model.js';
import type { Clipped } from './adjustable.js';

const WIDTH = 280;
const HEIGHT = 84;
const BARS = 64;

const names: Readonly<Record<Site, string>> = {
  input: 'image',
  relu1: 'conv1',
  relu2: 'conv2',
  relu3: 'depthwise',
  add: 'residual',
  se_pool: 'squeeze',
  se_relu: 'reduce',
  se_fc2: 'expand',
  se_gate: 'gate',
  mul: 'gated',
  relu4: 'pointwise',
  pool: 'pooled',
  fc: 'logits',
};

const shown = (value: number) => value.toFixed(Math.abs(value) < 10 ? 2 : 1).replace('-', '−');

/** One layer's histogram, with the range that its quantizer keeps. */
export function histogram({ site, counts, from, to, min, max, step }: Clipped): string {
  const [low, high] = [Math.min(from, min), Math.max(to, max)];
  const span = high - low || 1;
  const x = (value: number) => ((value - low) / span) * WIDTH;
  const heights = new Float64Array(BARS);
  let total = 0;
  let outside = 0;
  counts.forEach((count, i) => {
    const centre = from + ((i + 0.5) / counts.length) * (to - from);
    heights[Math.min(BARS - 1, Math.floor(((centre - low) / span) * BARS))]! += count;
    total += count;
    // Half a step beyond its end still rounds to the grid.
    if (centre < min - step / 2 || centre > max + step / 2) outside += count;
  });
  // Square roots: layers after a ReLU have one bar that would hide all others.
  const tallest = Math.sqrt(Math.max(...heights));
  const bars = Array.from(heights, (count, i) => {
    const height = (Math.sqrt(count) / tallest) * (HEIGHT - 4);
    return `M${((i * WIDTH) / BARS).toFixed(1)} ${HEIGHT}v${-height.toFixed(1)}h${(WIDTH / BARS - 0.8).toFixed(1)}V${HEIGHT}z`;
  }).join('');
  const share = (100 * outside) / total;
  return `<figure>
    <figcaption>${names[site]}</figcaption>
    <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true">
      <rect class="range" x="${x(min).toFixed(1)}" width="${Math.max(1, x(max) - x(min)).toFixed(1)}" height="${HEIGHT}" />
      <path class="bars" d="${bars}" />
      <path class="ends" d="M${x(min).toFixed(1)} 0V${HEIGHT}M${x(max).toFixed(1)} 0V${HEIGHT}" />
    </svg>
    <p><span>${shown(min)} … ${shown(max)}</span><span>${share > 0 && share < 0.1 ? '&lt; 0.1' : share.toFixed(1)} %</span></p>
  </figure>`;
}
