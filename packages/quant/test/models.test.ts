import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { AdaptiveAvgPool2d, Add, Conv2d, Flatten, Linear, Module, Multiply, ReLU, Sequential, Sigmoid } from '@q/nn';
import { noGrad, tensor, type Tensor } from '@q/tensor';
import { readSafetensors } from '@q/tensor/io';
import {
  affine,
  computeEncodings,
  lowerToInteger,
  toQuantized,
  type QuantizedModule,
  type QuantizerSlot,
} from '../src/index.js';

const read = (name: string) => gunzipSync(readFileSync(join(__dirname, 'models', `${name}.gz`)));

class Mlp extends Module {
  readonly inputShape = [64];
  first = 'fc1';
  fc1 = new Linear(64, 128);
  relu1 = new ReLU();
  fc2 = new Linear(128, 64);
  relu2 = new ReLU();
  fc3 = new Linear(64, 10);

  forward(x: Tensor): Tensor {
    const { fc1, relu1, fc2, relu2, fc3 } = this;
    return new Sequential(fc1, relu1, fc2, relu2, fc3).forward(x);
  }
}

/** Convolutions with a residual sum and a gate; batch norms are folded into the convolutions. */
class Cnn extends Module {
  readonly inputShape = [1, 8, 8];
  first = 'conv1';
  conv1 = new Conv2d(1, 16, 3, { padding: 1 });
  relu1 = new ReLU();
  conv2 = new Conv2d(16, 32, 3, { padding: 1, stride: 2 });
  relu2 = new ReLU();
  dw = new Conv2d(32, 32, 3, { padding: 1, groups: 32 });
  relu3 = new ReLU();
  add = new Add();
  se_pool = new AdaptiveAvgPool2d(1);
  se_fc1 = new Conv2d(32, 8, 1);
  se_relu = new ReLU();
  se_fc2 = new Conv2d(8, 32, 1);
  se_gate = new Sigmoid();
  mul = new Multiply();
  pw = new Conv2d(32, 64, 1);
  relu4 = new ReLU();
  pool = new AdaptiveAvgPool2d(1);
  flatten = new Flatten();
  fc = new Linear(64, 10);

  forward(x: Tensor): Tensor {
    const { conv1, relu1, conv2, relu2, dw, relu3, se_pool, se_fc1, se_relu, se_fc2, se_gate, pw, relu4, pool } = this;
    const a = new Sequential(conv1, relu1, conv2, relu2).forward(x);
    const c = this.add.forward(a, new Sequential(dw, relu3).forward(a));
    const gate = new Sequential(se_pool, se_fc1, se_relu, se_fc2, se_gate).forward(c);
    return new Sequential(pw, relu4, pool, this.flatten, this.fc).forward(this.mul.forward(c, gate));
  }
}

type State = Record<string, Tensor>;

/** Batch norms folded into the convolutions before them: w * g and (b - mean) * g + beta, with g = gamma / sqrt(var + eps). */
function folded(state: State): State {
  const out: State = Object.fromEntries(Object.entries(state).filter(([name]) => !name.startsWith('bn')));
  for (const [bn, conv] of Object.entries({ bn1: 'conv1', bn2: 'conv2', bn3: 'dw', bn4: 'pw' })) {
    const [gamma, beta, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map(
      (name) => state[`${bn}.${name}`]!,
    );
    const g = gamma!.div(variance!.add(1e-5).sqrt());
    out[`${conv}.weight`] = state[`${conv}.weight`]!.mul(g.reshape([-1, 1, 1, 1]));
    out[`${conv}.bias`] = state[`${conv}.bias`]!.sub(mean!).mul(g).add(beta!);
  }
  return out;
}

interface Stored {
  readonly shape: number[];
  readonly data: number[];
}

interface Site {
  readonly shape: number[];
  readonly bitwidth: number;
  readonly symmetric: boolean;
  readonly scale: Stored;
  readonly offset: Stored;
}

interface Setting {
  readonly activations: Readonly<Record<string, Site>>;
  readonly weights: Readonly<Record<string, Site>>;
  readonly test_correct: number;
  readonly logits_first_64_test_images: Stored;
}

const bytes = read('digits.u8');
const labels = bytes.subarray(1797 * 64);

const images = (from: number, to: number, shape: readonly number[]) =>
  tensor(
    Float32Array.from(bytes.subarray(from * 64, to * 64), (value) => value / 16),
    { shape: [to - from, ...shape] },
  );

const correct = (logits: Tensor, from: number) =>
  [...logits.argmax(1).data].filter((digit, i) => digit === labels[from + i]).length;

describe.each([
  ['mlp', () => new Mlp()],
  ['cnn', () => new Cnn()],
] as const)('%s, trained in PyTorch and quantized as AIMET does, simulated and on integers', (name, build) => {
  const { settings } = JSON.parse(read(`${name}.json`).toString()) as { settings: Record<string, Setting> };
  const state = readSafetensors(read(`${name}.safetensors`));
  const parameters = name === 'cnn' ? folded(state) : state;

  it.each(Object.keys(settings))('%s: the same encodings, outputs and accuracy, on integers too', (key) => {
    const setting = settings[key]!;
    const model: Mlp | Cnn = build();
    model.loadStateDict(parameters);
    toQuantized(model.eval());
    const layer = (site: string) => Reflect.get(model, site) as QuantizedModule;
    const slots: [Site, () => QuantizerSlot][] = [];
    for (const [site, config] of Object.entries(setting.activations)) {
      const list = site === 'input' ? layer(model.first).inputQuantizers : layer(site).outputQuantizers;
      list[0] = new affine.QuantizeDequantize(optionsOf(config));
      slots.push([config, () => list[0]!]);
    }
    for (const [site, config] of Object.entries(setting.weights)) {
      const { paramQuantizers } = layer(site);
      paramQuantizers.weight = new affine.QuantizeDequantize(optionsOf(config));
      slots.push([config, () => paramQuantizers.weight!]);
    }
    noGrad(() => computeEncodings(model, () => model.forward(images(0, 256, model.inputShape))));
    for (const [{ scale, offset }, quantizer] of slots) {
      const encoding = (quantizer() as affine.QuantizeDequantize).getEncoding()!;
      expect([...encoding.offset.data]).toEqual(offset.data);
      scale.data.forEach((wanted, i) => expect(Math.abs(encoding.scale.data[i]! / wanted - 1)).toBeLessThan(1e-5));
    }
    const logits = noGrad(() => model.forward(images(1297, 1797, model.inputShape)));
    expect(Math.abs(correct(logits, 1297) - setting.test_correct)).toBeLessThanOrEqual(1);
    // One image in sixteen may have a value that lies on the edge between two steps.
    const wanted = setting.logits_first_64_test_images.data;
    const off = Array.from({ length: 64 }, (_, i) =>
      Math.max(...wanted.slice(10 * i, 10 * i + 10).map((value, k) => Math.abs(value - logits.data[10 * i + k]!))),
    );
    expect(Math.max(...off)).toBeLessThan(key === 'w8a16' ? 0.004 : 0.15);
    if (key !== 'w8a16') expect(off.filter((difference) => difference > 1e-4).length).toBeLessThanOrEqual(4);
    const { model: integer, report } = lowerToInteger(model, images(0, 4, model.inputShape));
    expect(report.floats).toEqual([]);
    const onIntegers = noGrad(() => integer.forward(images(1297, 1797, model.inputShape)));
    expect(Math.abs(correct(onIntegers, 1297) - correct(logits, 1297))).toBeLessThanOrEqual(1);
  });
});

const optionsOf = ({ shape, bitwidth, symmetric }: Site) => ({ shape, bitwidth, symmetric });
