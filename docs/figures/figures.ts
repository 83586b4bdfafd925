/** The pictures of the guides, drawn from what the library computes and what was measured. */
import {
  affine,
  MinMaxEncodingAnalyzer,
  PercentileEncodingAnalyzer,
  SqnrEncodingAnalyzer,
  type EncodingAnalyzer,
} from '@q/quant';
import { linspace, noGrad, tensor, type Tensor } from '@q/tensor';
import { dot, line, rect, round, scaled, svg, text, written } from './draw.js';
import { speed } from './speed.js';

const numbers = (x: Tensor): number[] => [...x.detach().data];

/** What a 3-bit quantizer does to every input: steps inside its range, clipping outside. */
function staircase(): string {
  const quantizer = new affine.QuantizeDequantize({ shape: [], bitwidth: 3, symmetric: false });
  quantizer.setRange(-1, 2.5);
  const encoding = quantizer.getEncoding()!;
  const [scale, offset] = [encoding.scale.item(), encoding.offset.item()];
  const x = scaled([-2, 3.5], [60, 500]);
  const y = scaled([-2, 3.5], [340, 30]);
  const inputs = linspace(-2, 3.5, 1101);
  const outputs = numbers(noGrad(() => quantizer.quantize(inputs)));
  const path = numbers(inputs)
    .map((input, i) => {
      const level = outputs[i]!;
      const stays = level === outputs[i - 1] && level === outputs[i + 1];
      return stays ? '' : `${i === 0 ? 'M' : 'L'}${round(x(input))} ${round(y(level))}`;
    })
    .join('');
  const [low, high] = [encoding.min.item(), encoding.max.item()];
  const levels = Array.from({ length: 8 }, (_, q) => ({ q, value: (q + offset) * scale }));
  return svg(720, 380, 'Output of a 3-bit quantizer against its input', [
    rect(x(-2), 30, x(low - scale / 2) - x(-2), 310, 'clip'),
    rect(x(high + scale / 2), 30, x(3.5) - x(high + scale / 2), 310, 'clip'),
    line(x(-2), y(0), x(3.5), y(0)),
    line(x(0), 30, x(0), 340),
    line(x(-2), y(-2), x(3.5), y(3.5), 'dash'),
    `<path d="${path}" class="s-blue thick"/>`,
    ...levels.flatMap(({ q, value }) => [
      line(508, y(value), 516, y(value), 'ink'),
      text(524, y(value) + 4, `q = ${q}`, 'mono blue'),
      text(
        582,
        y(value) + 4,
        `(${q} ${offset < 0 ? '−' : '+'} ${Math.abs(offset)}) · ${written(scale)} = ${written(value)}`,
        'small soft',
      ),
    ]),
    line(500, y(levels[4]!.value), 500, y(levels[5]!.value), 's-orange thick'),
    text(494, (y(levels[4]!.value) + y(levels[5]!.value)) / 2 + 4, 'scale', 'orange end strong'),
    text(x(-2) + 8, 48, 'clipped', 'small soft'),
    text(x(3.5) - 8, 330, 'clipped', 'small soft end'),
    text(x(-2) + 2, 360, 'input, −2 … 3.5', 'small soft'),
    text(x(0) + 6, 48, 'output', 'small soft'),
  ]);
}

/** Where the representable numbers lie with an offset and without. */
function grids(): string {
  const x = scaled([-3.7, 3.3], [40, 680]);
  const row = (top: number, title: string, symmetric: boolean, kind: string): string[] => {
    const quantizer = new affine.QuantizeDequantize({ shape: [], bitwidth: 4, symmetric });
    quantizer.setRange(symmetric ? (-3 * 8) / 7 : -1, 3);
    const { scale, offset, qmin, qmax } = quantizer.getEncoding()!;
    const values = Array.from({ length: qmax - qmin + 1 }, (_, i) => qmin + i).map((q) => ({
      q,
      value: (q + offset.item()) * scale.item(),
    }));
    return [
      text(40, top, title, 'strong'),
      text(
        680,
        top,
        `grid ${written(qmin)} … ${qmax}, scale ${written(scale.item(), 3)}, offset ${written(offset.item())}`,
        'end soft small',
      ),
      line(40, top + 48, 680, top + 48),
      rect(x(-1), top + 42, x(3) - x(-1), 12, 'clip'),
      ...values.flatMap(({ q, value }) => [
        dot(x(value), top + 48, kind, value === 0 ? 6 : 4),
        text(x(value), top + 30, written(q), `middle mono ${kind}`),
      ]),
      ...[-3, -2, -1, 0, 1, 2, 3].map((value) => text(x(value), top + 76, written(value), 'middle small soft')),
    ];
  };
  return svg(720, 220, 'Asymmetric and symmetric 4-bit grids over values from -1 to 3', [
    ...row(24, 'asymmetric', false, 'blue'),
    ...row(130, 'symmetric', true, 'orange'),
  ]);
}

/** Which elements of a weight share a scale. */
function granularity(): string {
  const kinds = ['blue', 'orange', 'green', 'violet'];
  const cell = 17;
  const lpbq = new affine.GroupedBlockQuantizeDequantize({
    shape: [4, 2],
    bitwidth: 4,
    symmetric: true,
    blockSize: [1, 4],
    decompressedBw: 8,
    blockGrouping: [1, 2],
  });
  const ends = tensor([
    [1, 0.55],
    [0.4, 0.7],
    [0.9, 0.2],
    [0.3, 0.8],
  ]);
  lpbq.setRange(ends.mul(-8 / 7), ends);
  const panel = (left: number, title: string, caption: string, scaleOf: (row: number, column: number) => number) => [
    text(left, 24, title, 'strong'),
    ...Array.from({ length: 4 * 8 }, (_, i) => {
      const [row, column] = [Math.floor(i / 8), i % 8];
      const index = scaleOf(row, column);
      return `<rect x="${left + column * cell}" y="${40 + row * cell}" width="${cell - 2}" height="${cell - 2}" rx="3" class="${kinds[index % 4]!}" opacity="${round(1 - 0.62 * (Math.floor(index / 4) % 2))}"/>`;
    }),
    text(left, 132, caption, 'small soft mono'),
  ];
  return svg(720, 150, 'Elements of a 4 by 8 weight that share a scale', [
    ...panel(20, 'per tensor', 'shape [], 1 scale', () => 0),
    ...panel(200, 'per channel', 'shape [4, 1], 4 scales', (row) => row),
    ...panel(380, 'block-wise', '[4, 2], 8 scales', (row, column) => row + 4 * Math.floor(column / 4)),
    ...panel(560, 'LPBQ', '4 scales × integers', (row) => row + 4),
    ...numbers(lpbq.getPerBlockIntegerScale()!).map((integer, i) =>
      text(593 + 68 * (i % 2), 52 + cell * Math.floor(i / 2), `× ${integer}`, 'middle small strong'),
    ),
  ]);
}

/** What three analyzers make of values with a long tail, for 4 bits. */
function analyzers(): string {
  const count = 20000;
  // Quantiles of a Laplace distribution, and a few outliers.
  const values = Float32Array.from({ length: count }, (_, i) => {
    const u = (i + 0.5) / count - 0.5;
    return -0.25 * Math.sign(u) * Math.log(1 - 2 * Math.abs(u));
  });
  values.set([3.2, 3.4, -2.9]);
  const data = tensor(values);
  const x = scaled([-3.2, 3.6], [40, 680]);
  const bins = numbers(data.histc(85, { min: -3.2, max: 3.6 }));
  const y = scaled([0, Math.log1p(Math.max(...bins))], [170, 36]);
  const width = (x(3.6) - x(-3.2)) / bins.length;
  const found = (title: string, kind: string, analyzer: EncodingAnalyzer) => {
    const quantizer = new affine.QuantizeDequantize({
      shape: [],
      bitwidth: 4,
      symmetric: false,
      encodingAnalyzer: analyzer,
    });
    quantizer.computeEncodings(() => noGrad(() => quantizer.forward(data)));
    const error = noGrad(() => quantizer.quantize(data).sub(data).square().sum().item());
    const sqnr = 10 * Math.log10(data.square().sum().item() / error);
    return { title, kind, min: quantizer.getMin()!.item(), max: quantizer.getMax()!.item(), sqnr };
  };
  const ranges = [
    found('min-max', 'blue', new MinMaxEncodingAnalyzer([])),
    found('percentile 99.9', 'orange', new PercentileEncodingAnalyzer([], { percentile: 99.9 })),
    found('SQNR', 'green', new SqnrEncodingAnalyzer([])),
  ];
  return svg(720, 290, 'Ranges that three analyzers choose for values with outliers', [
    text(40, 24, '20 000 values, logarithmic counts', 'small soft'),
    ...bins.map((n, i) =>
      n > 0 ? rect(x(-3.2) + i * width, y(Math.log1p(n)), width - 1, 170 - y(Math.log1p(n)), 'bar') : '',
    ),
    line(40, 170.5, 680, 170.5),
    ...[-3, -2, -1, 0, 1, 2, 3].map((value) => text(x(value), 186, written(value), 'middle small soft')),
    ...ranges.flatMap(({ title, kind, min, max, sqnr }, i) => {
      const at = 212 + 28 * i;
      return [
        line(x(min), at, x(max), at, `s-${kind} thick`),
        line(x(min), at - 6, x(min), at + 6, `s-${kind} thick`),
        line(x(max), at - 6, x(max), at + 6, `s-${kind} thick`),
        text(x(min), at + 17, `${title}: ${written(min)} … ${written(max)}, ${sqnr.toFixed(1)} dB`, `small ${kind}`),
      ];
    }),
  ]);
}

/** Every picture by its file name. */
export const figures = (): Record<string, string> => ({
  'staircase.svg': staircase(),
  'grids.svg': grids(),
  'granularity.svg': granularity(),
  'analyzers.svg': analyzers(),
  'speed.svg': speed(),
});
