/** What must compile, and what must not. The type checker runs this file, nothing else does. */
import { Conv2d, GELU, init, Linear, Module, Parameter, Sequential, type StateDict } from '@q/nn';
import { Adam, SGD, StepLR } from '@q/nn/optim';
import type { Tensor } from '@q/tensor';

class Net extends Module {
  first = new Linear(4, 8);
  second = new Conv2d(1, 2, 3, { stride: [1, 2], padding: 'same', paddingMode: 'zeros' });

  forward(x: Tensor, times: number): Tensor {
    return this.first.forward(x).mul(times);
  }
}

export function layersTakeNamedOptions(): void {
  new Linear(4, 8, { bias: false });
  new GELU({ approximate: 'tanh' });
  // @ts-expect-error Sizes are required.
  new Linear(4);
  // @ts-expect-error Options are one object, not positions.
  new Linear(4, 8, false);
  // @ts-expect-error The name is bias.
  new Linear(4, 8, { biases: false });
  // @ts-expect-error There is no such mode.
  new Conv2d(1, 2, 3, { paddingMode: 'mirror' });
  // @ts-expect-error There is no such approximation.
  new GELU({ approximate: 'erf' });
}

export function parametersAreNotPlainTensors(layer: Linear, x: Tensor): void {
  layer.weight = new Parameter(x);
  // @ts-expect-error It would be a buffer from then on, and no optimizer would find it.
  layer.weight = x;
}

export function modulesKeepTheirTypes(net: Net, x: Tensor): void {
  const y: Tensor = net.forward(x, 2);
  const bias: Parameter | null = net.first.bias;
  const copy: Net = net.clone().eval().requiresGrad_(false);
  const state: StateDict = net.stateDict();
  net.loadStateDict(new Map(Object.entries(state)), { strict: false });
  new Sequential(new Linear(4, 8), new GELU()).forward(x);
  void [y, bias, copy];
  // @ts-expect-error The second argument is missing.
  net.forward(x);
  // @ts-expect-error A bias may be missing.
  void net.first.bias.shape;
  // @ts-expect-error A state is of tensors.
  net.loadStateDict({ weight: [1, 2] });
  // @ts-expect-error A parameter is made of a tensor.
  new Parameter([1, 2]);
  // @ts-expect-error Forward must be written.
  class Empty extends Module {}
  void Empty;
}

export function optimizersTakeParametersAndOptions(net: Net): void {
  const optimizer = new SGD(net.parameters(), { lr: 0.1, momentum: 0.9 });
  new Adam([{ params: net.first.parameters(), lr: 0.01 }, { params: net.second.parameters() }], { betas: [0.9, 0.99] });
  new StepLR(optimizer, 10, { gamma: 0.5 });
  init.kaimingUniform(net.first.weight, { nonlinearity: 'relu' });
  // @ts-expect-error A module is not a list of parameters.
  new SGD(net, { lr: 0.1 });
  // @ts-expect-error The name is lr.
  new Adam(net.parameters(), { learningRate: 0.1 });
  // @ts-expect-error There are two betas.
  new Adam(net.parameters(), { betas: [0.9] });
  // @ts-expect-error A schedule is of an optimizer.
  new StepLR(net.parameters(), 10);
}
