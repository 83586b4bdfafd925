import { BatchNorm2d, Conv2d, functional, LayerNorm, Linear, LSTM, Module, ReLU, Sequential } from '@q/nn';
import { Adam, SGD } from '@q/nn/optim';
import { noGrad, randint, randn, type Tensor } from '@q/tensor';
import { DigitsNet } from '../../docs/examples/digits/model.js';
import type { Cases } from './suite.js';

class Mlp extends Module {
  layers = new Sequential(new Linear(64, 128), new ReLU(), new Linear(128, 64), new ReLU(), new Linear(64, 10));

  forward(x: Tensor): Tensor {
    return this.layers.forward(x);
  }
}

/** A step of training on a batch of 64. */
function step(net: Mlp | DigitsNet, optimizer: Adam | SGD, x: Tensor): () => void {
  const target = randint(0, 10, [64]);
  return () => {
    optimizer.zeroGrad();
    functional.crossEntropy(net.forward(x), target).backward();
    optimizer.step();
  };
}

/** Layers forward, and whole steps of training. */
export function nnCases(): Cases {
  const linear = new Linear(768, 3072);
  const tokens = randn([32, 768]);
  const conv = new Conv2d(64, 64, 3, { padding: 1 });
  const image = randn([1, 64, 56, 56]);
  const batchNorm = new BatchNorm2d(64);
  const layerNorm = new LayerNorm([768]);
  const lstm = new LSTM(64, 64);
  const sequence = randn([32, 8, 64]);
  const mlp = new Mlp();
  const digits = new DigitsNet();
  const inferring = new DigitsNet().eval();
  const one = randn([1, 64]);
  const rows = randn([64, 64]);
  const pictures = randn([64, 1, 8, 8]);
  const inferred = (forward: () => unknown) => () => noGrad(forward);
  return {
    'Linear 768 to 3072, batch 32': inferred(() => linear.forward(tokens)),
    'Conv2d 3x3, 64 channels, 56x56': inferred(() => conv.forward(image)),
    'BatchNorm2d, 64 channels, 56x56, training': inferred(() => batchNorm.forward(image)),
    'LayerNorm 768, batch 32': inferred(() => layerNorm.forward(tokens)),
    'LSTM 64 to 64, 32 steps, batch 8': inferred(() => lstm.forward(sequence)),
    'MLP 64-128-64-10, one sample': inferred(() => mlp.forward(one)),
    'MLP 64-128-64-10, batch 64': inferred(() => mlp.forward(rows)),
    'digits CNN, batch 64': inferred(() => inferring.forward(pictures)),
    'MLP, a step of Adam, batch 64': step(mlp, new Adam(mlp.parameters()), rows),
    'MLP, a step of SGD, batch 64': step(mlp, new SGD(mlp.parameters(), { lr: 0.01 }), rows),
    'digits CNN, a step of Adam, batch 64': step(digits, new Adam(digits.parameters()), pictures),
  };
}
