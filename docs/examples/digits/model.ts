import { foldAllBatchNorms } from '@q/quant';
import { zeros, type Tensor } from '@q/tensor';
import { readSafetensors } from '@q/tensor/io';
import {
  AdaptiveAvgPool2d,
  Add,
  BatchNorm2d,
  Conv2d,
  Flatten,
  type Identity,
  Linear,
  Module,
  Multiply,
  ReLU,
  Sigmoid,
} from '@q/nn';
import { checkpoint } from './dataset.js';

/** A small CNN with what quantizers find in the wild: a residual, a depthwise convolution, and squeeze-and-excitation. */
export class DigitsNet extends Module {
  static override readonly stateNames = {
    sePool: 'se_pool',
    seFc1: 'se_fc1',
    seRelu: 'se_relu',
    seFc2: 'se_fc2',
    seGate: 'se_gate',
  };

  conv1 = new Conv2d(1, 16, 3, { padding: 1 });
  bn1: BatchNorm2d | Identity = new BatchNorm2d(16);
  relu1 = new ReLU();
  conv2 = new Conv2d(16, 32, 3, { stride: 2, padding: 1 });
  bn2: BatchNorm2d | Identity = new BatchNorm2d(32);
  relu2 = new ReLU();
  dw = new Conv2d(32, 32, 3, { padding: 1, groups: 32 });
  bn3: BatchNorm2d | Identity = new BatchNorm2d(32);
  relu3 = new ReLU();
  add = new Add();
  sePool = new AdaptiveAvgPool2d(1);
  seFc1 = new Conv2d(32, 8, 1);
  seRelu = new ReLU();
  seFc2 = new Conv2d(8, 32, 1);
  seGate = new Sigmoid();
  mul = new Multiply();
  pw = new Conv2d(32, 64, 1);
  bn4: BatchNorm2d | Identity = new BatchNorm2d(64);
  relu4 = new ReLU();
  pool = new AdaptiveAvgPool2d(1);
  flatten = new Flatten();
  fc = new Linear(64, 10);

  /** Logits `[N, 10]` of images `[N, 1, 8, 8]`. */
  forward(x: Tensor): Tensor {
    return this.activations(x).fc;
  }

  /** What enters the network and leaves its layers, by the layer's name; `fc` are the logits. */
  activations(input: Tensor) {
    const relu1 = this.relu1.forward(this.bn1.forward(this.conv1.forward(input)));
    const relu2 = this.relu2.forward(this.bn2.forward(this.conv2.forward(relu1)));
    const relu3 = this.relu3.forward(this.bn3.forward(this.dw.forward(relu2)));
    const add = this.add.forward(relu2, relu3);
    const se_pool = this.sePool.forward(add);
    const se_relu = this.seRelu.forward(this.seFc1.forward(se_pool));
    const se_fc2 = this.seFc2.forward(se_relu);
    const se_gate = this.seGate.forward(se_fc2);
    const mul = this.mul.forward(add, se_gate);
    const relu4 = this.relu4.forward(this.bn4.forward(this.pw.forward(mul)));
    const pool = this.pool.forward(relu4);
    const fc = this.fc.forward(this.flatten.forward(pool));
    return { input, relu1, relu2, relu3, add, se_pool, se_relu, se_fc2, se_gate, mul, relu4, pool, fc };
  }
}

/** What a network computes on its way, by the name of the layer. */
export type Activations = ReturnType<DigitsNet['activations']>;

/** The name of a layer whose result the next ones read. */
export type Site = keyof Activations;

/** The trained network, ready to infer. */
export function trainedNet(): DigitsNet {
  const net = new DigitsNet();
  net.loadStateDict(readSafetensors(checkpoint()));
  return net.eval();
}

/** Folds every batch norm into the convolution before it, whose results it then gives by itself. */
export function foldBatchNorms(net: DigitsNet): DigitsNet {
  foldAllBatchNorms(net, { dummyInput: zeros([1, 1, 8, 8]) });
  return net;
}
