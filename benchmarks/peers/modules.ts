import { Linear, Module, ReLU } from '@q/nn';
import { noGrad, tensor, type Tensor } from '@q/tensor';
import { initial } from './workloads.js';

/** 64-128-64-10 with ReLUs. */
export class Mlp extends Module {
  fc1 = new Linear(64, 128);
  relu1 = new ReLU();
  fc2 = new Linear(128, 64);
  relu2 = new ReLU();
  fc3 = new Linear(64, 10);

  forward(x: Tensor): Tensor {
    const hidden = this.relu1.forward(this.fc1.forward(x));
    return this.fc3.forward(this.relu2.forward(this.fc2.forward(hidden)));
  }
}

/** A module of ours with the starting values that every contender has. */
export function started<M extends Module>(module: M): M {
  const parameters = module.namedParameters();
  const values = initial(Object.fromEntries(parameters.map(([name, { shape }]) => [name, shape])));
  noGrad(() => {
    for (const [name, parameter] of parameters) parameter.copy_(tensor(values[name]!, { shape: [...parameter.shape] }));
  });
  return module;
}
