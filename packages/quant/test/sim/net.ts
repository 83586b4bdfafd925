import * as nn from '@q/nn';
import { manualSeed, noGrad, randn, type Tensor } from '@q/tensor';
import { QuantizationSimModel, type affine, type QuantizedModule } from '../../src/index.js';

/** A residual network with every kind of place. */
export class Net extends nn.Module {
  conv1 = new nn.Conv2d(1, 4, 3, { padding: 1 });
  bn = new nn.BatchNorm2d(4);
  relu1 = new nn.ReLU();
  conv2 = new nn.Conv2d(4, 4, 3, { padding: 1 });
  add = new nn.Add();
  relu2 = new nn.ReLU();
  pool = new nn.MaxPool2d(2);
  flatten = new nn.Flatten();
  drop = new nn.Dropout(0.5);
  fc = new nn.Linear(64, 5);
  forward(x: Tensor): Tensor {
    const a = this.relu1.forward(this.bn.forward(this.conv1.forward(x)));
    const b = this.relu2.forward(this.add.forward(this.conv2.forward(a), a));
    return this.fc.forward(this.drop.forward(this.flatten.forward(this.pool.forward(b))));
  }
}

export const x = randn([6, 1, 8, 8]);
export const batches = [x, randn([6, 1, 8, 8])];
export const layer = (model: nn.Module, name: string): QuantizedModule =>
  Reflect.get(model, name) as nn.Module & QuantizedModule;
export const bits = (slots: readonly unknown[]): (number | null)[] =>
  slots.map((slot) => (slot === null ? null : Math.ceil(Math.log2((slot as affine.QuantizeDequantize).numSteps + 1))));

export function simulated(options: Partial<ConstructorParameters<typeof QuantizationSimModel>[1]> = {}) {
  manualSeed(3);
  const model = new Net().train();
  return { model, sim: new QuantizationSimModel(model, { dummyInput: x, ...options }) };
}

export function calibrated(options: Parameters<typeof simulated>[0] = {}) {
  const { model, sim } = simulated(options);
  sim.model.eval();
  noGrad(() => sim.computeEncodings((net) => batches.forEach((batch) => net.forward(batch))));
  return { model, sim };
}
