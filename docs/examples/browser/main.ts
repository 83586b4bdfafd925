import { noGrad, tensor } from '@q/tensor';
import { loadDigits } from '../digits/dataset.js';
import { evaluate } from '../digits/evaluate.js';
import { trainedNet, type DigitsNet } from '../digits/model.js';
import { quantize } from '../digits/quantize.js';
import { Adjustable, type Settings } from './adjustable.js';
import { histogram } from './charts.js';
import { Pad } from './pad.js';

const element = <E extends HTMLElement = HTMLElement>(id: string): E => {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found as E;
};

const { calibration, test } = loadDigits();
const start: Settings = { weights: 3, activations: 4, percentile: 99.9 };
const adjustable = new Adjustable(calibration, start);
const models: Readonly<Record<'float' | 'eight' | 'four' | 'yours', DigitsNet>> = {
  float: trainedNet(),
  eight: quantize(trainedNet(), { weights: 8, activations: 8 }, calibration.images),
  four: quantize(trainedNet(), { weights: 4, activations: 8 }, calibration.images),
  yours: adjustable.net,
};
type Name = keyof typeof models;

for (const card of document.querySelectorAll('.scores'))
  card.innerHTML = Array.from({ length: 10 }, (_, digit) => `<li><i></i><b>${digit}</b></li>`).join('');

/** The middle one of the last few times: one alone may have met the garbage collector. */
const times = new Map<Name, number[]>();
function median(name: Name, time: number): number {
  const list = [...(times.get(name) ?? []), time].slice(-9);
  times.set(name, list);
  return list.toSorted((a, b) => a - b)[list.length >> 1]!;
}

function answer(name: Name, pixels: Float32Array<ArrayBuffer> | null): void {
  const card = element(name);
  card.toggleAttribute('data-blank', pixels === null);
  if (pixels === null) return;
  const before = performance.now();
  const scores = noGrad(() => models[name].forward(tensor(pixels, { shape: [1, 1, 8, 8] })).softmax(1)).data;
  const time = median(name, performance.now() - before);
  const best = scores.indexOf(Math.max(...scores));
  card.querySelector('.answer')!.textContent = String(best);
  card.querySelector('.sure')!.textContent = `${(100 * scores[best]!).toFixed(0)} %`;
  card.querySelector('.time')!.textContent = `${time.toFixed(1)} ms`;
  card.querySelectorAll<HTMLElement>('.scores li').forEach((bar, digit) => {
    bar.style.setProperty('--score', String(scores[digit]));
    bar.toggleAttribute('data-best', digit === best);
  });
}

function accuracy(name: Name): void {
  const { accuracy: share } = evaluate(models[name], test);
  element(name).querySelector('.accuracy')!.textContent = `${(100 * share).toFixed(1)} %`;
}

const names = Object.keys(models) as Name[];
let waiting = false;

/** Answers once per frame, however many strokes come in it. */
function draw(): void {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    const pixels = pad.pixels();
    for (const name of names) answer(name, pixels);
  });
}

const pad = new Pad(element<HTMLCanvasElement>('pad'), draw);

const sliders = {
  weights: element<HTMLInputElement>('weights'),
  activations: element<HTMLInputElement>('activations'),
};
const percentile = element<HTMLInputElement>('percentile');

/** The slider of the percentile is finer towards 100, where all the difference is. */
const percentileOf = (position: number): number => (position === 0 ? 100 : 100 - 10 ** (-position / 25 - 3));

let scheduled = 0;
function adjust(): void {
  const settings: Settings = {
    weights: Number(sliders.weights.value),
    activations: Number(sliders.activations.value),
    percentile: percentileOf(Number(percentile.value)),
  };
  const before = performance.now();
  adjustable.adjust(settings);
  const time = performance.now() - before;
  element('weights-value').textContent = `${settings.weights} bits`;
  element('activations-value').textContent = `${settings.activations} bits`;
  element('percentile-value').textContent = `${settings.percentile.toFixed(settings.percentile > 99 ? 3 : 1)} %`;
  element('recalibrated').textContent = `calibrated in ${time.toFixed(0)} ms`;
  element('your-name').textContent = `W${settings.weights}A${settings.activations}`;
  element('histograms').innerHTML = adjustable.clipped().map(histogram).join('');
  draw();
  // All 500 test images take a moment: once the slider rests.
  clearTimeout(scheduled);
  scheduled = window.setTimeout(() => accuracy('yours'), 120);
}

let sample = 0;
function next(): void {
  pad.show(test.images.select(0, sample).contiguous().reshape([64]).data as Float32Array);
  sample = (sample + 7) % test.labels.numel;
}

element('clear').addEventListener('click', () => pad.clear());
element('sample').addEventListener('click', next);
for (const slider of [...Object.values(sliders), percentile]) slider.addEventListener('input', adjust);

for (const name of names) accuracy(name);
adjust();
next();
document.documentElement.dataset.ready = 'true';
