import { type affine, QuantizationMixin } from '@q/quant';
import { loadDigits } from '../examples/digits/dataset.js';
import { confusion, evaluate, sqnr, sqnrBySite, storedBytes } from '../examples/digits/evaluate.js';
import { foldBatchNorms, trainedNet, type DigitsNet } from '../examples/digits/model.js';
import { Progress } from '../examples/digits/progress.js';
import { exportEncodings, onIntegers, quantize } from '../examples/digits/quantize.js';
import { renderReport, type Results } from '../examples/digits/report/html.js';
import { fineTune } from '../examples/digits/train.js';
import { textTable, trial } from '../examples/digits/trial.js';
import { furthest, golden, type Recorded, type Setting } from './recorded.js';

const torch = golden.json<{ logits_first_64_test_images: Recorded; predictions_test: number[] }>('cnn');
const { settings } = golden.json<{ settings: Record<string, Setting> }>('cnn_aimet');
const { train, calibration, test } = loadDigits();
const float = trial('float32', trainedNet, test);

/** The quantizer of a recorded place: `input`, the result of a layer, or the weight of a layer. */
function quantizerAt(net: DigitsNet, kind: 'activations' | 'weights', name: string): affine.QuantizeDequantize {
  const layer = net.namedModules().find(([path]) => path === (name === 'input' ? 'conv1' : name))?.[1];
  if (!(layer instanceof QuantizationMixin)) throw new Error(`${name} is not quantized`);
  const activation = name === 'input' ? layer.inputQuantizers[0] : layer.outputQuantizers[0];
  return (kind === 'weights' ? layer.paramQuantizers.weight : activation) as affine.QuantizeDequantize;
}

describe('the float network', () => {
  it('recognises the 485 digits that it recognises in PyTorch', () => {
    expect(float.evaluation.correct).toBe(485);
    expect(float.evaluation.predictions).toEqual(torch.predictions_test);
  });

  it('gives the logits of PyTorch', () =>
    expect(furthest(float.evaluation.activations.fc.data, torch.logits_first_64_test_images.data)).toBeLessThan(4e-5));

  it('computes the same with its batch norms folded', () => {
    const folded = evaluate(foldBatchNorms(trainedNet()), test);
    expect(sqnr(float.evaluation.activations.fc, folded.activations.fc)).toBeGreaterThan(100);
  });
});

describe.each(['w8a8', 'w4a8', 'w8a16'])('quantized to %s', (name) => {
  const recorded = settings[name]!;
  const bits = { weights: recorded.weight_bits, activations: recorded.activation_bits };
  const {
    net,
    evaluation,
    sqnr: ratio,
  } = trial(name, () => quantize(trainedNet(), bits, calibration.images), test, float);

  it('has quantizers where AIMET has them, and nowhere else', () => {
    const { activation_encodings, param_encodings } = exportEncodings(net);
    const sites = Object.entries(activation_encodings).flatMap(([layer, { input, output }]) => [
      ...Object.keys(input).map(() => 'input'),
      ...Object.keys(output).map(() => layer),
    ]);
    expect(sites.sort()).toEqual(Object.keys(recorded.activations).sort());
    expect(Object.keys(param_encodings).sort()).toEqual(
      Object.keys(recorded.weights)
        .map((at) => `${at}.weight`)
        .sort(),
    );
  });

  it('has the weight encodings of AIMET, bit for bit', () => {
    for (const [layer, encoding] of Object.entries(recorded.weights)) {
      const quantizer = quantizerAt(net, 'weights', layer);
      expect(quantizer.bitwidth).toBe(encoding.bitwidth);
      expect(quantizer.shape).toEqual(encoding.scale.shape);
      expect(quantizer.getScale()!.data).toEqual(Float32Array.from(encoding.scale.data));
      expect(quantizer.getOffset()!.data.every((offset) => offset === 0)).toBe(true);
    }
  });

  it('has the activation encodings of AIMET but for the order of float sums', () => {
    for (const [site, encoding] of Object.entries(recorded.activations)) {
      const quantizer = quantizerAt(net, 'activations', site);
      expect(quantizer.bitwidth).toBe(encoding.bitwidth);
      for (const [actual, { data }] of [
        [quantizer.min, encoding.min],
        [quantizer.max, encoding.max],
        [quantizer.getScale()!, encoding.scale],
      ] as const)
        expect(Math.abs(actual.item() - data[0]!)).toBeLessThanOrEqual(1e-5 * Math.abs(data[0]!));
      const places = Math.abs(quantizer.getOffset()!.item() - encoding.offset.data[0]!);
      expect(places).toBeLessThanOrEqual(bits.activations > 8 ? 1 : 0);
    }
  });

  it('recognises as many digits, with as much noise', () => {
    expect(Math.abs(evaluation.correct - recorded.test_correct)).toBeLessThanOrEqual(1);
    expect(Math.abs(ratio - recorded.sqnr_db)).toBeLessThanOrEqual(0.05);
  });

  it('gives logits that differ by a few flipped roundings at most', () => {
    const expected = recorded.logits_first_64_test_images.data;
    const actual = evaluation.activations.fc.data;
    const images = Array.from({ length: 64 }, (_, i) =>
      furthest(actual.slice(10 * i, 10 * i + 10), expected.slice(10 * i, 10 * i + 10)),
    );
    const coarse = bits.activations === 8;
    expect(Math.max(...images)).toBeLessThan(coarse ? 0.15 : 0.004);
    if (coarse) expect(images.filter((difference) => difference > 1e-4).length).toBeLessThanOrEqual(4);
  });
});

describe('storedBytes', () => {
  it('counts packed weights, a float32 per scale, and float32 biases', () => {
    const weights = 16 * 9 + 32 * 16 * 9 + 32 * 9 + 8 * 32 + 32 * 8 + 64 * 32 + 10 * 64;
    const channels = 16 + 32 + 32 + 8 + 32 + 64 + 10;
    const net = quantize(trainedNet(), { weights: 4, activations: 8 }, calibration.images);
    expect(storedBytes(net)).toBe(weights / 2 + 4 * channels + 4 * channels);
  });
});

describe('fine-tuning to 4-bit weights', () => {
  const quantized = () => quantize(trainedNet(), { weights: 4, activations: 8 }, calibration.images);
  const few = { images: train.images.slice([0, 320]), labels: train.labels.slice([0, 320]) };
  const history: Results['history'][number][] = [];
  const tune = (): DigitsNet => {
    const net = quantized();
    fineTune(net, few, {
      epochs: 1,
      onEpoch: (epoch) => history.push({ epoch, accuracy: evaluate(net, test).accuracy }),
    });
    return net;
  };
  const eight = trial(
    'W8A8',
    () => quantize(trainedNet(), { weights: 8, activations: 8 }, calibration.images),
    test,
    float,
  );
  const four = trial('W4A8', quantized, test, float);
  const tuned = trial('W4A8 fine-tuned', tune, test, float);
  const sixteen = trial(
    'W8A16',
    () => quantize(trainedNet(), { weights: 8, activations: 16 }, calibration.images),
    test,
    float,
  );
  const integers = [eight, four, tuned, sixteen].map(({ name, net }) =>
    trial(`${name} on integers`, () => onIntegers(net, calibration.images), test, float),
  );
  history.unshift({ epoch: 0, accuracy: four.evaluation.accuracy });

  it('regains digits that quantization lost', () =>
    expect(tuned.evaluation.correct).toBeGreaterThan(four.evaluation.correct));

  it('computes on integers what it simulates, and less is stored', () => {
    [eight, four, tuned, sixteen].forEach(({ evaluation }, i) =>
      expect(Math.abs(integers[i]!.evaluation.correct - evaluation.correct)).toBeLessThanOrEqual(1),
    );
    expect(integers[0]!.bytes).toBeLessThan(float.bytes / 2);
    expect(integers[1]!.bytes).toBeLessThan(integers[0]!.bytes);
  });

  it('trains the ranges of the quantizers with the weights', () => {
    const range = (net: DigitsNet) => quantizerAt(net, 'activations', 'relu2').max.item();
    expect(range(tuned.net)).not.toBe(range(four.net));
  });

  it('gives the same network for the same seed', () => {
    const again = tune().stateDict();
    for (const [name, values] of Object.entries(tuned.net.stateDict())) expect(again[name]!.data).toEqual(values.data);
  });

  describe('the report', () => {
    const html = renderReport({ float, eight, four, tuned, sixteen, integers, history, test });

    it('is one page that loads nothing', () => {
      expect(html).not.toMatch(/https?:|\/\/[a-z]|@import|url\(|<script|<link|<img|<iframe/i);
      expect(html).toMatch(/^<!doctype html>/);
    });

    it('names every model with its accuracy', () => {
      for (const { name, evaluation } of [float, eight, four, tuned, sixteen, ...integers]) {
        expect(html).toContain(`<th scope="row">${name}</th>`);
        expect(html).toContain(`${(100 * evaluation.accuracy).toFixed(1)} %`);
      }
    });

    it('draws weights and activations of every layer, with the range that clips them', () => {
      const { weights, activations } = settings.w4a8!;
      const count = (pattern: RegExp) => html.match(pattern)?.length ?? 0;
      expect(count(/aria-label="Histogram of weights, calibrated range/g)).toBe(Object.keys(weights).length);
      expect(count(/aria-label="Histogram of activations, calibrated range/g)).toBe(Object.keys(activations).length);
      const drawn = Object.keys(weights).length + Object.keys(activations).length;
      expect(count(/<path class="end"/g)).toBe(drawn);
      expect(count(/<path class="bracket"/g)).toBe(drawn);
    });

    it('draws no coordinate that is not a number', () => expect(html).not.toMatch(/NaN|Infinity|undefined/));

    it('suits light and dark', () => expect(html).toContain('prefers-color-scheme: dark'));
  });

  it('is told as a table of plain text, one line per model', () => {
    const lines = textTable([float, eight, four, tuned]).trimEnd().split('\n');
    expect(lines).toHaveLength(6);
    expect(new Set(lines.map((line) => line.length)).size).toBe(1);
    expect(lines[2]).toMatch(/float32 +97\.0 %/);
  });
});

describe('sqnrBySite', () => {
  it('is infinite where nothing differs', () => {
    const { activations } = float.evaluation;
    expect(new Set(Object.values(sqnrBySite(activations, activations)))).toEqual(new Set([Infinity]));
  });
});

describe('confusion', () => {
  it('counts every image once, in the row of its label', () => {
    const counts = confusion(float.evaluation.predictions, test.labels);
    expect(counts.flat().reduce((sum, count) => sum + count)).toBe(500);
    expect(counts.reduce((sum, row, digit) => sum + row[digit]!, 0)).toBe(float.evaluation.correct);
  });
});

describe('Progress', () => {
  const written = (isTTY: boolean): string => {
    let text = '';
    const progress = new Progress({ isTTY, write: (part: string | Uint8Array) => ((text += String(part)), true) });
    progress.run(
      'Think',
      () => {
        progress.at(0.5, 'half');
        progress.note('a thought');
        return 42;
      },
      (answer) => `found ${answer}`,
    );
    return text;
  };

  it('writes a line per step and note where lines stay', () =>
    expect(written(false)).toMatch(/^ {2}a thought\n✓ Think +found 42 \(\d+\.\d s\)\n$/));

  it('rewrites one line on a terminal', () => {
    expect(written(true).split('\n')).toHaveLength(2);
    expect(written(true)).toMatch(/━{12}╌{12} half/);
  });
});
