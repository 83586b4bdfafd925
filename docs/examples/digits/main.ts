/**
 * Quantizes a trained network to 8 and 4 bits, wins back by fine-tuning what 4 bits lost, and writes a report.
 *
 * Options: `--out <directory>` for the results, `--epochs <n>` of fine-tuning, `--quick` for a single one.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { loadDigits } from './dataset.js';
import { evaluate } from './evaluate.js';
import { trainedNet, type DigitsNet } from './model.js';
import { Progress } from './progress.js';
import { exportEncodings, onIntegers, quantize, type Bits } from './quantize.js';
import { renderReport, type Epoch } from './report/html.js';
import { fineTune } from './train.js';
import { shown, textTable, trial, type Trial } from './trial.js';

const { values: options } = parseArgs({
  options: {
    out: { type: 'string', default: join(import.meta.dirname, 'out') },
    epochs: { type: 'string', default: '6' },
    quick: { type: 'boolean', default: false },
  },
});
const epochs = options.quick ? 1 : Number(options.epochs);
if (!Number.isInteger(epochs) || epochs < 1)
  throw new Error(`--epochs must be a positive integer, got ${options.epochs}.`);
const progress = new Progress(process.stdout);
const { train, calibration, test } = loadDigits();
const recognised = ({ evaluation }: Trial) => `${evaluation.correct} of ${test.labels.numel} digits recognised`;

// The network as PyTorch trained it: the reference for everything that follows.
const float = progress.run('Load the float network', () => trial('float32', trainedNet, test), recognised);
if (float.evaluation.correct !== 485) throw new Error('The checkpoint must recognise 485 digits; is it intact?');

// Post-training quantization: ranges from 256 images, no training.
const w8a8: Bits = { weights: 8, activations: 8 };
const w4a8: Bits = { weights: 4, activations: 8 };
const w8a16: Bits = { weights: 8, activations: 16 };
const quantized = (bits: Bits) => quantize(trainedNet(), bits, calibration.images);
const eight = progress.run('Quantize to W8A8', () => trial('W8A8', () => quantized(w8a8), test, float), recognised);
const four = progress.run('Quantize to W4A8', () => trial('W4A8', () => quantized(w4a8), test, float), recognised);
const sixteen = progress.run(
  'Quantize to W8A16',
  () => trial('W8A16', () => quantized(w8a16), test, float),
  recognised,
);

// Quantization-aware training: weights and ranges learn to live with 4 bits.
const history: Epoch[] = [{ epoch: 0, accuracy: four.evaluation.accuracy }];
function tune(): DigitsNet {
  const net = quantized(w4a8);
  fineTune(net, train, {
    epochs,
    onBatch: (done) => progress.at(done, shown.accuracy(history.at(-1)!.accuracy)),
    onEpoch: (epoch, loss) => {
      const { accuracy } = evaluate(net, test);
      history.push({ epoch, accuracy });
      progress.note(`epoch ${epoch}: loss ${loss.toFixed(4)}, accuracy ${shown.accuracy(accuracy)}`);
    },
  });
  return net;
}
const tuned = progress.run('Fine-tune W4A8', () => trial('W4A8 fine-tuned', tune, test, float), recognised);

// The same networks on integers alone: what the simulation promised, delivered.
const lowered = ({ name, net }: Trial) =>
  progress.run(
    `Put ${name} on integers`,
    () => trial(`${name} on integers`, () => onIntegers(net, calibration.images), test, float),
    recognised,
  );
const integers = [eight, four, tuned, sixteen].map(lowered);

console.log(`\n${textTable([float, eight, four, tuned, sixteen, ...integers])}`);

const written = (name: string, text: string): string => {
  mkdirSync(options.out, { recursive: true });
  writeFileSync(join(options.out, name), text);
  return relative(process.cwd(), join(options.out, name));
};
const json = (net: Trial) => `${JSON.stringify(exportEncodings(net.net), null, 2)}\n`;
for (const [name, result] of Object.entries({ w8a8: eight, w4a8: four, 'w4a8-fine-tuned': tuned }))
  console.log(`  Encodings  ${written(`${name}.encodings.json`, json(result))}`);
console.log(
  `  Report     ${written('report.html', renderReport({ float, eight, four, tuned, sixteen, integers, history, test }))}`,
);
