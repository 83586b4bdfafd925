import type { Digits } from '../dataset.js';
import { confusion, sqnrBySite } from '../evaluate.js';
import type { Site } from '../model.js';
import { shown, type Trial } from '../trial.js';
import { accuracyChart, confusionMatrix, digitImage, histogram, tick, type Series } from './charts.js';
import { layerViews, type Clipping, type Distribution } from './distributions.js';
import { style } from './style.js';

/** Accuracy after an epoch of fine-tuning; epoch 0 is before it. */
export interface Epoch {
  readonly epoch: number;
  readonly accuracy: number;
}

/** Everything the report tells of. */
export interface Results {
  readonly float: Trial;
  readonly eight: Trial;
  readonly four: Trial;
  readonly tuned: Trial;
  /** Activations of 16 bits. */
  readonly sixteen: Trial;
  /** The quantized networks on integers, in this order. */
  readonly integers: readonly Trial[];
  readonly history: readonly Epoch[];
  readonly test: Digits;
}

/** The report as one HTML page that needs nothing else. */
export function renderReport(results: Results): string {
  const series = (['float', 'eight', 'four', 'tuned'] as const).map((key) => ({
    key,
    name: results[key].name,
    value: results[key],
  }));
  const sections = [
    comparison(series, results),
    noise(series),
    recovery(results),
    mistakes(results),
    layers(results),
    footer,
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Digits in four bits</title>
<style>${style}</style>
</head>
<body>
<main>
${header(results)}
${sections.join('\n')}
</main>
</body>
</html>
`;
}

const points = (share: number): string => `${Math.abs(100 * share).toFixed(1)} points`;

function header({ float, eight, four, tuned }: Results): string {
  const [lost, regained] = [
    float.evaluation.accuracy - four.evaluation.accuracy,
    tuned.evaluation.accuracy - four.evaluation.accuracy,
  ];
  const size = (float.bytes / four.bytes).toFixed(1);
  return `<header>
<h1>Four-bit weights cost ${points(lost)}; fine-tuning ${regained > 0 ? `wins back ${points(regained).replace(' points', '')}` : 'wins nothing back'}.</h1>
<p class="lead">A small convolutional network reads handwritten digits with ${shown.accuracy(float.evaluation.accuracy)} accuracy. With 8‑bit weights and activations it reaches ${shown.accuracy(eight.evaluation.accuracy)}, with 4‑bit weights ${shown.accuracy(four.evaluation.accuracy)}, and ${shown.accuracy(tuned.evaluation.accuracy)} after fine-tuning: ${size} times smaller than in float.</p>
</header>`;
}

function comparison(series: readonly Series<Trial>[], { sixteen, integers }: Results): string {
  const headings = ['Model', 'Accuracy', 'SQNR of logits', 'Size', 'Reads 500 in', 'Made in'];
  const simulated = [...series, { key: 'eight', name: sixteen.name, value: sixteen } as const];
  const all = [...simulated, ...integers.map((value, i) => ({ key: simulated[i + 1]!.key, name: value.name, value }))];
  const rows = all.map(({ key, name, value: { evaluation, sqnr, bytes, milliseconds, seconds } }) => {
    const correct = `<small>${evaluation.correct} of ${evaluation.predictions.length}</small>`;
    const cells = [
      `<span>${shown.accuracy(evaluation.accuracy)}${correct}</span>`,
      shown.sqnr(sqnr),
      shown.bytes(bytes),
      shown.milliseconds(milliseconds),
      shown.seconds(seconds),
    ].map((text, i) => `<td data-heading="${headings[i + 1]}">${text}</td>`);
    return `<tr class="${key}"><th scope="row">${name}</th>${cells.join('')}</tr>`;
  });
  return `<section>
<div class="card comparison"><table>
<thead><tr>${headings.map((text) => `<th scope="col">${text}</th>`).join('')}</tr></thead>
<tbody>${rows.join('')}</tbody>
</table></div>
</section>`;
}

const key = (series: readonly Series<unknown>[]): string =>
  `<div class="key">${series.map(({ key, name }) => `<span class="${key}">${name}</span>`).join('')}</div>`;

function noise(series: readonly Series<Trial>[]): string {
  const [reference, ...others] = series;
  const ratios = others.map(({ key, name, value }) => ({
    key,
    name,
    value: sqnrBySite(reference!.value.evaluation.activations, value.evaluation.activations),
  }));
  const most = Math.max(...ratios.flatMap(({ value }) => Object.values(value).filter(Number.isFinite)));
  const sites = Object.keys(reference!.value.evaluation.activations).filter((site) => site !== 'input') as Site[];
  const rows = sites.map(
    (site) =>
      `<h3>${site}</h3><div>${ratios
        .map(({ key, name, value }) => {
          const share = Math.max(0, value[site] / most).toFixed(3);
          return `<div class="${key}" style="--share:${share}" title="${name}">${shown.sqnr(value[site])}</div>`;
        })
        .join('')}</div>`,
  );
  return `<section>
<h2>Where the noise enters</h2>
<p>Signal-to-quantization-noise ratio of every layer’s result against the float network, over the test images. Longer is cleaner; 6 dB are one bit. Fine-tuning moves the weights, so its network also differs from the float one where it is no worse.</p>
${key(ratios)}
<div class="card noise">${rows.join('')}</div>
</section>`;
}

function recovery({ float, eight, four, tuned, history, test }: Results): string {
  const lines: Series<number>[] = [
    { name: float.name, key: 'float', value: float.evaluation.accuracy },
    { name: eight.name, key: 'eight', value: eight.evaluation.accuracy },
    { name: four.name, key: 'four', value: four.evaluation.accuracy },
  ];
  const changed = four.evaluation.predictions.flatMap((wrong, i) => {
    const label = test.labels.data[i]!;
    if (wrong === label || tuned.evaluation.predictions[i] !== label) return [];
    const image = digitImage(test.images.select(0, i).flatten().toArray() as number[], `Test image ${i}, a ${label}`);
    return [`<li>${image}<b>${label}</b> <span class="four">not ${wrong}</span></li>`];
  });
  return `<section>
<h2>What fine-tuning regains</h2>
<p>Weights and clipping ranges learn together while every value passes its quantizer. ${changed.length} digits that 4-bit weights misread are read correctly again. The float network was not trained further, so part of the gain may come from the training itself.</p>
<div class="pair">
<figure class="plot card"><figcaption><b>Test accuracy by epoch</b></figcaption>${accuracyChart(history, lines)}</figure>
<ul class="digits">${changed.slice(0, 20).join('')}</ul>
</div>
</section>`;
}

function mistakes({ four, tuned, test }: Results): string {
  const matrix = ({ name, evaluation }: Trial): string => {
    const wrong = evaluation.predictions.length - evaluation.correct;
    return `<figure class="plot card matrix"><figcaption><b>${name}</b><span>${wrong} mistakes</span></figcaption>${confusionMatrix(confusion(evaluation.predictions, test.labels), `Confusion matrix of ${name}`)}</figure>`;
  };
  return `<section>
<h2>Which digits are confused</h2>
<p>Rows are what the image shows, columns what the network read.</p>
<div class="pair">${matrix(four)}${matrix(tuned)}</div>
</section>`;
}

const interval = ({ widest }: Clipping): string => `${tick(widest.min)} … ${tick(widest.max)}`;

function plot(what: string, values: Distribution, log: boolean): string {
  const { calibrated, tuned, clipped } = values;
  const grid = `${calibrated.bitwidth} bits${calibrated.channels > 1 ? `, ${calibrated.channels} channels` : ''}`;
  const outside = clipped > 0 ? ` · ${Number((100 * clipped).toPrecision(2))} % clipped` : '';
  return `<figure class="plot"><figcaption><span><b>${what}</b> ${grid}${outside}</span></figcaption>${histogram(values, `Histogram of ${what.toLowerCase()}, calibrated range ${interval(calibrated)}, fine-tuned range ${interval(tuned)}`, log)}</figure>`;
}

function layers({ float, four, tuned }: Results): string {
  const cards = layerViews(float.evaluation.activations, four.net, tuned.net).map(
    ({ name, weight, activation }) =>
      `<article class="card${weight ? ' tall' : ''}"><h3>${name}</h3>${weight ? plot('Weights', weight, false) : ''}${plot('Activations', activation, true)}</article>`,
  );
  return `<section>
<h2>Layer by layer</h2>
<p>What the float network holds, and what the quantizers of W4A8 keep of it. Weights have a range per channel: the band is stronger where all of them reach. Counts of activations are on a logarithmic scale.</p>
<div class="key"><span class="plain"><i class="bars-mark"></i>float values</span><span class="plain"><i class="band-mark"></i>range after calibration</span><span class="plain"><i class="bracket-mark"></i>range after fine-tuning</span></div>
<div class="cards">${cards.join('')}</div>
</section>`;
}

const footer = `<footer><p>Weights are quantized per output channel and symmetric, activations per tensor and asymmetric, with ranges from 256 training images; biases stay float. Accuracy is over 500 test images. The size counts packed weights, their scales and the biases. Images: Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak, UCI Machine Learning Repository, 1998, CC BY 4.0.</p></footer>`;
