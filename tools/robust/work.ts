import { Generator, noGrad, randint, randn, type Tensor } from '@q/tensor';
import { readSafetensors, writeSafetensors } from '@q/tensor/io';
import { BatchNorm2d, Conv2d, CrossEntropyLoss, Flatten, Linear, MaxPool2d, ReLU, Sequential } from '@q/nn';
import { Adam, SGD } from '@q/nn/optim';
import {
  affine,
  computeEncodings,
  EntropyEncodingAnalyzer,
  lowerToInteger,
  MinMaxEncodingAnalyzer,
  MseEncodingAnalyzer,
  PercentileEncodingAnalyzer,
  QuantizationMixin,
  readInteger,
  SqnrEncodingAnalyzer,
  toQuantized,
  writeInteger,
  type EncodingAnalyzer,
} from '@q/quant';

const generator = new Generator(7);
const loss = new CrossEntropyLoss();
const images = (count: number): Tensor => randn([count, 1, 12, 12], { generator });
const classes = (count: number): Tensor => randint(0, 10, [count], { dtype: 'int32', generator });

const convNet = (): Sequential =>
  new Sequential(
    new Conv2d(1, 8, 3, { padding: 1 }),
    new BatchNorm2d(8),
    new ReLU(),
    new MaxPool2d(2),
    new Conv2d(8, 16, 3, { padding: 1 }),
    new ReLU(),
    new Flatten(),
    new Linear(16 * 36, 10),
  );

/** Quantizers of 8 bits at every place, whose ranges come from an analyzer. */
function quantized(model: Sequential, analyzer: (shape: number[]) => EncodingAnalyzer): Sequential {
  const eightBit = (shape: number[] = []) =>
    new affine.QuantizeDequantize({
      shape,
      bitwidth: 8,
      symmetric: shape.length > 0,
      encodingAnalyzer: analyzer(shape),
    });
  toQuantized(model);
  for (const [i, layer] of model.layers.entries())
    if (layer instanceof QuantizationMixin) {
      if (i === 0) layer.inputQuantizers = [eightBit()];
      layer.outputQuantizers = layer.outputQuantizers.map(() => eightBit());
      for (const name of Object.keys(layer.paramQuantizers))
        if (name === 'weight') layer.paramQuantizers[name] = eightBit();
    }
  return model;
}

const analyzers: readonly ((shape: number[]) => EncodingAnalyzer)[] = [
  (shape) => new MinMaxEncodingAnalyzer(shape),
  (shape) => new PercentileEncodingAnalyzer(shape, { numBins: 256, percentile: 99.9 }),
  (shape) => new SqnrEncodingAnalyzer(shape, { numBins: 128 }),
  (shape) => new MseEncodingAnalyzer(shape, { numBins: 128 }),
  (shape) => new EntropyEncodingAnalyzer(shape, { numBins: 512 }),
];

function finite(x: Tensor): void {
  if (!Number.isFinite(x.sum().item())) throw new Error(`The result is not finite: ${x.sum().item()}.`);
}

/** A model in training and its optimizer, which stay, while others are made, trained, calibrated, stored, read and asked. */
export class Work {
  readonly #model = quantized(
    new Sequential(new Linear(64, 256), new ReLU(), new Linear(256, 10)),
    (shape) => new PercentileEncodingAnalyzer(shape, { numBins: 256, percentile: 99.9 }),
  );
  readonly #optimizer = new Adam(this.#model.parameters(), { lr: 1e-3 });
  #round = 0;

  /** Calibrates, trains, infers, lowers to integers, writes and reads: a bit of everything. */
  next(): void {
    this.#train();
    this.#trainConv();
    this.#infer(this.#lowered());
    this.#round++;
  }

  #train(): void {
    const model = this.#model;
    noGrad(() => computeEncodings(model, () => model.forward(randn([128, 64], { generator }))));
    for (let step = 0; step < 20; step++) {
      this.#optimizer.zeroGrad();
      loss.forward(model.forward(randn([64, 64], { generator })), classes(64)).backward();
      this.#optimizer.step();
    }
    const state = readSafetensors(writeSafetensors(model.stateDict()));
    model.loadStateDict(state);
    finite(noGrad(() => model.forward(randn([32, 64], { generator }))));
  }

  #trainConv(): void {
    const model = convNet();
    const optimizer = new SGD(model.parameters(), { lr: 0.01, momentum: 0.9 });
    for (let step = 0; step < 3; step++) {
      optimizer.zeroGrad();
      loss.forward(model.forward(images(16)), classes(16)).backward();
      optimizer.step();
    }
    finite(noGrad(() => model.eval().forward(images(4))));
  }

  /** The file of a convolutional network on integers, calibrated by another analyzer each time. */
  #lowered(): Uint8Array<ArrayBuffer> {
    const model = quantized(convNet(), analyzers[this.#round % analyzers.length]!).eval();
    const sample = images(8);
    noGrad(() => computeEncodings(model, () => model.forward(sample)));
    const { model: integer, report } = lowerToInteger(model, sample);
    if (report.floats.length > 0) throw new Error(`Not all became integers:\n${report}`);
    return writeInteger(integer);
  }

  #infer(file: Uint8Array): void {
    const model = readInteger(convNet().eval(), file);
    for (let i = 0; i < 5; i++) finite(noGrad(() => model.forward(images(8))));
  }
}
