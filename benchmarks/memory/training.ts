import { functional, Linear, ReLU, Sequential } from '@q/nn';
import { Adam } from '@q/nn/optim';
import { manualSeed, randint, randn, type Tensor } from '@q/tensor';
import { measureLoop } from './loop.js';

manualSeed(1);
const net = new Sequential(new Linear(64, 128), new ReLU(), new Linear(128, 64), new ReLU(), new Linear(64, 10));
const optimizer = new Adam(net.parameters());
const x = randn([64, 64]);
const target = randint(0, 10, [64]);

measureLoop('step of Adam on an MLP, batch 64', 20_000, () => {
  optimizer.zeroGrad();
  functional.crossEntropy(net.forward(x) as Tensor, target).backward();
  optimizer.step();
});
