import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import { batchNormEps, type ParameterShapes } from './networks.js';
import type { Numbers, Open, Task } from './peer.js';
import {
  comparedSteps,
  initial,
  labels,
  learningRate,
  operand,
  rowScales,
  tensorScale,
  type Workload,
} from './workloads.js';

// Gradients are not part of the entry point, and that file imports as bundlers and CommonJS do.
createRequire(import.meta.url)('@tensorflow/tfjs-core/dist/register_all_gradients.js');

type Variables = Record<string, tf.Variable>;

const count = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

const floats = (which: 'first' | 'second', shape: readonly number[], bound = 1): tf.Tensor =>
  tf.tensor(operand(which, count(shape), bound), [...shape], 'float32');

/** From and to the layout of images that TensorFlow.js wants. */
const toNhwc = (x: tf.Tensor): tf.Tensor4D => tf.transpose(x, [0, 2, 3, 1]) as tf.Tensor4D;
const toNchw = (x: tf.Tensor): tf.Tensor4D => tf.transpose(x, [0, 3, 1, 2]) as tf.Tensor4D;

/** A weight `[out, in, kh, kw]` as `[kh, kw, in, out]`; a depthwise one as `[kh, kw, channels, 1]`. */
const toKernel = (weight: tf.Tensor, depthwise: boolean): tf.Tensor4D =>
  tf.transpose(weight, depthwise ? [2, 3, 0, 1] : [2, 3, 1, 0]) as tf.Tensor4D;

function variables(shapes: ParameterShapes): Variables {
  const values = initial(shapes);
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const value = tf.tensor(values[name]!, [...shape]);
      if (shape.length === 4) return [name, tf.variable(toKernel(value, name.startsWith('dw')))];
      return [name, tf.variable(shape.length === 2 ? tf.transpose(value) : value)];
    }),
  );
}

/** Trains with separate operations, as their gradients want; otherwise bias and activation are fused. */
function mlp(p: Variables, x: tf.Tensor, fused: boolean): tf.Tensor2D {
  const layer = (name: string, input: tf.Tensor, activation: 'relu' | 'linear'): tf.Tensor => {
    const [a, b, bias] = [input as tf.Tensor2D, p[`${name}.weight`] as tf.Tensor as tf.Tensor2D, p[`${name}.bias`]!];
    if (fused) return tf.fused.matMul({ a, b, bias, activation });
    const y = tf.add(tf.matMul(a, b), bias);
    return activation === 'relu' ? tf.relu(y) : y;
  };
  return layer('fc3', layer('fc2', layer('fc1', x, 'relu'), 'relu'), 'linear') as tf.Tensor2D;
}

function cnn(p: Variables, x: tf.Tensor): tf.Tensor2D {
  const kernel = (name: string) => p[`${name}.weight`] as tf.Tensor as tf.Tensor4D;
  const biased = (name: string, y: tf.Tensor): tf.Tensor4D => tf.add(y, p[`${name}.bias`]!);
  const padded = (y: tf.Tensor): tf.Tensor4D =>
    tf.pad(y as tf.Tensor4D, [
      [0, 0],
      [1, 1],
      [1, 1],
      [0, 0],
    ]);
  const conv = (name: string, y: tf.Tensor, stride: number): tf.Tensor4D =>
    biased(name, tf.conv2d(y as tf.Tensor4D, kernel(name), stride, 'valid'));
  const norm = (name: string, y: tf.Tensor): tf.Tensor => {
    const { mean, variance } = tf.moments(y, [0, 1, 2]);
    const scaled = tf.mul(tf.sub(y, mean), tf.rsqrt(tf.add(variance, batchNormEps)));
    return tf.add(tf.mul(scaled, p[`${name}.weight`]!), p[`${name}.bias`]!);
  };
  const relu1 = tf.relu(norm('bn1', conv('conv1', padded(x), 1)));
  const relu2 = tf.relu(norm('bn2', conv('conv2', padded(relu1), 2)));
  const depthwise = biased('dw', tf.depthwiseConv2d(padded(relu2), kernel('dw'), 1, 'valid'));
  const sum = tf.add(relu2, tf.relu(norm('bn3', depthwise)));
  const squeezed = tf.relu(conv('se_fc1', tf.mean(sum, [1, 2], true), 1));
  const gated = tf.mul(sum, tf.sigmoid(conv('se_fc2', squeezed, 1)));
  const pooled = tf.mean(tf.relu(norm('bn4', conv('pw', gated, 1))), [1, 2]);
  return tf.add(tf.matMul(pooled as tf.Tensor2D, p['fc.weight'] as tf.Tensor as tf.Tensor2D), p['fc.bias']!);
}

function training(logits: () => tf.Tensor2D, batch: number): Task {
  const target = tf.oneHot(tf.tensor1d(labels(batch), 'int32'), 10);
  const optimizer = tf.train.adam(learningRate, 0.9, 0.999, 1e-8);
  const step = (): tf.Scalar =>
    optimizer.minimize(() => tf.losses.softmaxCrossEntropy(target, logits()) as tf.Scalar, true)!;
  return {
    run: () => step().dispose(),
    read: () => Array.from({ length: comparedSteps }, () => step().dataSync() as Float32Array),
  };
}

/** What a workload computes, and how its results read as other libraries order them. */
interface Plan {
  readonly compute: () => readonly tf.Tensor[];
  readonly ordered?: (result: tf.Tensor) => tf.Tensor;
}

function plan(workload: Workload): Plan | null {
  switch (workload.kind) {
    case 'matmul': {
      const a = floats('first', [workload.m, workload.k]);
      const b = floats('second', [workload.k, workload.n]);
      return { compute: () => [tf.matMul(a, b)] };
    }
    case 'linear': {
      const { batch, inputs, outputs } = workload;
      const a = floats('first', [batch, inputs]) as tf.Tensor2D;
      const b = tf.transpose(floats('second', [outputs, inputs])) as tf.Tensor2D;
      const bias = floats('first', [outputs]);
      return { compute: () => [tf.fused.matMul({ a, b, bias })] };
    }
    case 'conv': {
      const { channels, size, groups } = workload;
      const x = toNhwc(floats('first', [1, channels, size, size]));
      const kernel = toKernel(floats('second', [channels, channels / groups, 3, 3]), groups > 1);
      const conv = groups > 1 ? tf.depthwiseConv2d : tf.conv2d;
      return { compute: () => [conv(x, kernel, 1, 'same')], ordered: toNchw };
    }
    case 'binary': {
      const [a, b] = [floats('first', workload.a), floats('second', workload.b)];
      return { compute: workload.fn === 'add' ? () => [tf.add(a, b)] : () => [tf.mul(a, b)] };
    }
    case 'unary': {
      const x = floats('first', workload.shape, 4);
      if (workload.fn !== 'gelu') {
        const fn = workload.fn === 'exp' ? tf.exp : tf.tanh;
        return { compute: () => [fn(x)] };
      }
      return { compute: () => [tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1))] };
    }
    case 'reduce': {
      const x = floats('first', workload.shape);
      const fn = workload.fn === 'sum' ? tf.sum : tf.max;
      return { compute: () => [fn(x, workload.dim)] };
    }
    case 'softmax': {
      const x = floats('first', workload.shape, 4);
      return { compute: () => [tf.softmax(x)] };
    }
    case 'transpose': {
      const x = floats('first', workload.shape);
      return { compute: () => [tf.transpose(x)] };
    }
    case 'fakequant': {
      const x = floats('first', workload.shape);
      const [rows] = workload.shape as [number];
      const scale = workload.perChannel ? tf.tensor(rowScales(rows), [rows, 1]) : tf.scalar(tensorScale);
      return { compute: () => [tf.mul(tf.clipByValue(tf.round(tf.div(x, scale)), -128, 127), scale)] };
    }
    case 'minmax': {
      const x = floats('first', workload.shape);
      return { compute: () => [tf.min(x), tf.max(x)] };
    }
    case 'histogram': {
      const { bins, bound, shape } = workload;
      const x = floats('first', shape, bound);
      const position = () => tf.floor(tf.mul(tf.add(x, bound), bins / (2 * bound)));
      const none = tf.tensor1d([]);
      return {
        compute: () => [
          tf.bincount(tf.cast(tf.clipByValue(position(), 0, bins - 1), 'int32') as tf.Tensor1D, none, bins),
        ],
      };
    }
    case 'mlp-forward': {
      const parameters = variables(workload.parameters);
      const x = floats('first', [1, 64]);
      return { compute: () => [mlp(parameters, x, true)] };
    }
    case 'int8-matmul':
    case 'int8-network':
    case 'train-mlp':
    case 'train-cnn':
      return null;
  }
}

/** Variant: `wasm`, or `cpu`, which is there for training, of which the wasm backend lacks kernels. */
export const open: Open = async (_threads, variant = 'wasm') => {
  await tf.setBackend(variant);
  await tf.ready();
  return {
    prepare(workload): Task | null {
      if (workload.kind === 'train-mlp') {
        const parameters = variables(workload.parameters);
        const x = floats('first', [workload.batch, 64]);
        return training(() => mlp(parameters, x, false), workload.batch);
      }
      if (workload.kind === 'train-cnn') {
        // The wasm backend has no gradient of a convolution's weight.
        if (variant === 'wasm') return null;
        const parameters = variables(workload.parameters);
        const x = toNhwc(floats('first', [workload.batch, 1, 8, 8]));
        return training(() => cnn(parameters, x), workload.batch);
      }
      if (variant === 'cpu') return null;
      const planned = plan(workload);
      if (!planned) return null;
      const { compute, ordered = (result) => result } = planned;
      return {
        run: () => {
          tf.tidy(() => {
            compute();
          });
        },
        read: () => compute().map((result) => ordered(result).dataSync() as Numbers),
      };
    },
  };
};
