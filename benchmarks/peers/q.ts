import { setTimeout } from 'node:timers/promises';
import { functional, Linear, Parameter } from '@q/nn';
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
import { integerModel } from './integer-models.js';
import { Mlp, started } from './modules.js';
import type { Numbers, Open, Task } from './peer.js';
import {
  comparedSteps,
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

/** The forms of a network that runs on integers. */
type Form = 'integer' | 'simulated' | 'float';

/** A network, from floats to floats; they are read where they are computed, as runtimes hand theirs out. */
function inference({ network, shape }: Extract<Workload, { kind: 'int8-network' }>, form: Form): () => Tensor {
  const x = floats('first', shape);
  const model = integerModel(network, x);
  const chosen = form === 'integer' ? model.lowered().model : model[form];
  return () => {
    const y = chosen.forward(x);
    void y.data;
    return y;
  };
}

/** The computation as a user writes it. */
function computation(workload: Workload, form: Form): () => readonly Tensor[] {
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
      const mlp = started(new Mlp());
      const x = floats('first', [1, 64]);
      return () => [mlp.forward(x)];
    }
    case 'int8-network': {
      const forward = inference(workload, form);
      return () => [forward()];
    }
    case 'train-mlp': {
      const step = training(started(new Mlp()), floats('first', [workload.batch, 64]), workload.batch);
      return () => [step()];
    }
    case 'train-cnn': {
      const net = started(new DigitsNet());
      const step = training(net, floats('first', [workload.batch, 1, 8, 8]), workload.batch);
      return () => [step()];
    }
  }
}

/**
 * Variant `scope` frees what a run computed, as in a hand-written loop; in `plain` memory is left to its own devices. `float` and
 * `simulated` are what the networks on integers are made of.
 */
export const open: Open = async (threads, variant) => {
  setNumThreads(threads);
  const { reason } = threadStatus();
  if (threads > 1 && reason !== null) throw new Error(reason);
  // Workers start while this thread does nothing.
  if (threads > 1) await setTimeout(500);
  return {
    prepare(workload): Task | null {
      const form = variant === 'float' || variant === 'simulated' ? variant : 'integer';
      if (form !== 'integer' && workload.kind !== 'int8-network') return null;
      const compute = computation(workload, form);
      const trains = workload.kind.startsWith('train');
      const once = trains ? compute : () => noGrad(compute);
      const discard = (): void => {
        once();
      };
      return {
        run: variant === 'plain' ? discard : () => scope(discard),
        read: () => Array.from({ length: trains ? comparedSteps : 1 }, once).flatMap((results) => results.map(numbers)),
      };
    },
  };
};
