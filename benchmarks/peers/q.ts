import { setTimeout } from 'node:timers/promises';
import { functional, Linear, Module, Parameter, ReLU } from '@q/nn';
import { Adam } from '@q/nn/optim';
import {
  conv2d,
  fakeQuantize,
  matmulInteger,
  noGrad,
  scope,
  setNumThreads,
  tensor,
  threadStatus,
  type Tensor,
} from '@q/tensor';
import { DigitsNet } from '../../docs/examples/digits/model.js';
import type { Numbers, Open, Task } from './peer.js';
import {
  comparedSteps,
  initial,
  integers,
  labels,
  learningRate,
  operand,
  rowScales,
  tensorScale,
  type Workload,
} from './workloads.js';

const count = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** A tensor of its own, not a view of a caller's array. */
const floats = (which: 'first' | 'second', shape: readonly number[], bound = 1): Tensor =>
  tensor(operand(which, count(shape), bound), { shape: [...shape] }).clone();

const numbers = (x: Tensor): Numbers => (x.dtype === 'int32' ? Int32Array : Float32Array).from(x.contiguous().data);

class Mlp extends Module {
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

/** The module with the starting values that every contender has. */
function started<M extends Module>(module: M, shapes: Parameters<typeof initial>[0]): M {
  const values = initial(shapes);
  noGrad(() => {
    for (const [name, parameter] of module.namedParameters())
      parameter.copy_(tensor(values[name]!, { shape: [...parameter.shape] }));
  });
  return module;
}

function training(module: Mlp | DigitsNet, x: Tensor, batch: number): () => Tensor {
  const target = tensor(labels(batch)).clone();
  const optimizer = new Adam(module.parameters(), { lr: learningRate });
  return () => {
    const loss = functional.crossEntropy(module.forward(x), target);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    return loss.detach();
  };
}

/** The computation as a user writes it. */
function computation(workload: Workload): () => readonly Tensor[] {
  switch (workload.kind) {
    case 'matmul': {
      const a = floats('first', [workload.m, workload.k]);
      const b = floats('second', [workload.k, workload.n]);
      return () => [a.matmul(b)];
    }
    case 'linear': {
      const layer = new Linear(workload.inputs, workload.outputs);
      const x = floats('first', [workload.batch, workload.inputs]);
      layer.weight = new Parameter(floats('second', [workload.outputs, workload.inputs]));
      layer.bias = new Parameter(floats('first', [workload.outputs]));
      return () => [layer.forward(x)];
    }
    case 'conv': {
      const { channels, size, groups } = workload;
      const x = floats('first', [1, channels, size, size]);
      const weight = floats('second', [channels, channels / groups, 3, 3]);
      return () => [conv2d(x, weight, null, { padding: 1, groups })];
    }
    case 'binary': {
      const [a, b] = [floats('first', workload.a), floats('second', workload.b)];
      return workload.fn === 'add' ? () => [a.add(b)] : () => [a.mul(b)];
    }
    case 'unary': {
      const x = floats('first', workload.shape, 4);
      const { fn } = workload;
      return () => [x[fn]()];
    }
    case 'reduce': {
      const x = floats('first', workload.shape);
      const { dim } = workload;
      return workload.fn === 'sum' ? () => [x.sum(dim)] : () => [x.amax(dim)];
    }
    case 'softmax': {
      const x = floats('first', workload.shape, 4);
      return () => [x.softmax(1)];
    }
    case 'transpose': {
      const x = floats('first', workload.shape);
      return () => [x.T.contiguous()];
    }
    case 'fakequant': {
      const x = floats('first', workload.shape);
      const [rows] = workload.shape as [number];
      const scale = workload.perChannel ? tensor(rowScales(rows), { shape: [rows, 1] }).clone() : tensor(tensorScale);
      const offset = scale.zerosLike();
      return () => [fakeQuantize(x, scale, offset, -128, 127)];
    }
    case 'minmax': {
      const x = floats('first', workload.shape);
      return () => {
        const { min, max } = x.aminmax();
        return [min, max];
      };
    }
    case 'histogram': {
      const { bins, bound } = workload;
      const x = floats('first', workload.shape, bound);
      return () => [x.histc(bins, { min: -bound, max: bound })];
    }
    case 'int8-matmul': {
      const { m, k, n, constant } = workload;
      const { a, b } = integers(m, k, n);
      const left = tensor(a, { shape: [m, k] }).clone();
      // A layer keeps its weight as [out, in].
      const right = tensor(b, { shape: [k, n] });
      const weight = constant ? right.T.clone() : right.clone();
      return constant ? () => [matmulInteger(left, weight.T)] : () => [matmulInteger(left, weight)];
    }
    case 'mlp-forward': {
      const mlp = started(new Mlp(), workload.parameters);
      const x = floats('first', [1, 64]);
      return () => [mlp.forward(x)];
    }
    case 'train-mlp': {
      const step = training(
        started(new Mlp(), workload.parameters),
        floats('first', [workload.batch, 64]),
        workload.batch,
      );
      return () => [step()];
    }
    case 'train-cnn': {
      const net = started(new DigitsNet(), workload.parameters);
      const step = training(net, floats('first', [workload.batch, 1, 8, 8]), workload.batch);
      return () => [step()];
    }
  }
}

/** Variant `scope` frees what a run computed, as in a hand-written loop; without it memory is left to its own devices. */
export const open: Open = async (threads, variant) => {
  setNumThreads(threads);
  const { reason } = threadStatus();
  if (threads > 1 && reason !== null) throw new Error(reason);
  // Workers start while this thread does nothing.
  if (threads > 1) await setTimeout(500);
  return {
    prepare(workload): Task {
      const compute = computation(workload);
      const trains = workload.kind.startsWith('train');
      const once = trains ? compute : () => noGrad(compute);
      const discard = (): void => {
        once();
      };
      return {
        run: variant === 'scope' ? () => scope(discard) : discard,
        read: () => Array.from({ length: trains ? comparedSteps : 1 }, once).flatMap((results) => results.map(numbers)),
      };
    },
  };
};
