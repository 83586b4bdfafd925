import { defaultDevice, init, jit, lax, nn, numpy as np, tree, valueAndGrad } from '@jax-js/jax';
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

// Its functions take their arguments over: what is used again is passed as `.ref`.
type Tree = Record<string, np.Array>;

const count = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

const array = (values: Float32Array, shape: readonly number[]): np.Array =>
  np.array(values as Float32Array<ArrayBuffer>, { shape: [...shape] });

const floats = (which: 'first' | 'second', shape: readonly number[], bound = 1): np.Array =>
  array(operand(which, count(shape), bound), shape);

/** Parameters; weights of linear layers as `[in, out]`. */
function parametersOf(shapes: ParameterShapes): Tree {
  const values = initial(shapes);
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const value = array(values[name]!, shape);
      if (shape.length !== 2) return [name, value];
      const turned = jit((x: np.Array) => np.transpose(x));
      return [name, turned(value)];
    }),
  );
}

const linear = (p: Tree, name: string, x: np.Array): np.Array =>
  np.matmul(x, p[`${name}.weight`]!.ref).add(p[`${name}.bias`]!.ref);

const mlp = (p: Tree, x: np.Array): np.Array =>
  linear(p, 'fc3', nn.relu(linear(p, 'fc2', nn.relu(linear(p, 'fc1', x)))));

function cnn(p: Tree, x: np.Array): np.Array {
  const perChannel = (name: string): np.Array => np.reshape(p[name]!.ref, [1, p[name]!.shape[0]!, 1, 1]);
  const conv = (name: string, y: np.Array, stride = 1, padding = 0, groups = 1): np.Array => {
    const sides: [number, number][] = [
      [padding, padding],
      [padding, padding],
    ];
    const product = lax.convGeneralDilated(y, p[`${name}.weight`]!.ref, [stride, stride], sides, {
      featureGroupCount: groups,
    });
    return product.add(perChannel(`${name}.bias`));
  };
  const norm = (name: string, y: np.Array): np.Array => {
    const centred = y.ref.sub(np.mean(y, [0, 2, 3], { keepdims: true }));
    const variance = np.mean(np.square(centred.ref), [0, 2, 3], { keepdims: true });
    const scaled = centred.div(np.sqrt(variance.add(batchNormEps)));
    return scaled.mul(perChannel(`${name}.weight`)).add(perChannel(`${name}.bias`));
  };
  const relu1 = nn.relu(norm('bn1', conv('conv1', x, 1, 1)));
  const relu2 = nn.relu(norm('bn2', conv('conv2', relu1, 2, 1)));
  const relu3 = nn.relu(norm('bn3', conv('dw', relu2.ref, 1, 1, 32)));
  const sum = relu2.add(relu3);
  const squeezed = nn.relu(conv('se_fc1', np.mean(sum.ref, [2, 3], { keepdims: true })));
  const gated = sum.mul(nn.sigmoid(conv('se_fc2', squeezed)));
  const pooled = np.mean(nn.relu(norm('bn4', conv('pw', gated))), [2, 3]);
  return linear(p, 'fc', pooled);
}

type State = { parameters: Tree; means: Tree; squares: Tree };

function training(
  network: (p: Tree, x: np.Array) => np.Array,
  shapes: ParameterShapes,
  x: np.Array,
  batch: number,
): Task {
  const target = jit((y: np.Array) => nn.oneHot(y, 10))(np.array(labels(batch) as Int32Array<ArrayBuffer>));
  const lossOf = (p: Tree, input: np.Array, y: np.Array): np.Array => {
    const loss = np.mean(np.sum(nn.logSoftmax(network(p, input), -1).mul(y), -1)).mul(-1);
    tree.dispose(p);
    return loss;
  };
  /** One step of Adam; `first` and `second` correct the bias of its means. */
  const step = jit((state: State, input: np.Array, y: np.Array, first: np.Array, second: np.Array) => {
    const [loss, grads] = valueAndGrad(lossOf)(tree.ref(state.parameters), input, y);
    const next: State = { parameters: {}, means: {}, squares: {} };
    for (const [name, grad] of Object.entries(grads as Tree)) {
      const mean = state.means[name]!.mul(0.9).add(grad.ref.mul(0.1));
      const squared = state.squares[name]!.mul(0.999).add(np.square(grad).mul(0.001));
      const denominator = np.sqrt(squared.ref.mul(second.ref)).add(1e-8);
      next.parameters[name] = state.parameters[name]!.sub(mean.ref.mul(first.ref).div(denominator));
      next.means[name] = mean;
      next.squares[name] = squared;
    }
    first.dispose();
    second.dispose();
    return { loss, next };
  });
  const zeros = (): Tree =>
    Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => [
        name,
        np.zeros(shape.length === 2 ? [...shape].reverse() : [...shape]),
      ]),
    );
  let state: State = { parameters: parametersOf(shapes), means: zeros(), squares: zeros() };
  let steps = 0;
  const run = async (): Promise<np.Array> => {
    steps++;
    const first = np.array(learningRate / (1 - 0.9 ** steps));
    const second = np.array(1 / (1 - 0.999 ** steps));
    const { loss, next } = step(state, x.ref, target.ref, first, second);
    state = next;
    await Promise.all(tree.leaves<np.Array>(state).map((leaf) => leaf.blockUntilReady()));
    return loss;
  };
  return {
    run: async () => (await run()).dispose(),
    read: async () => {
      const losses: Numbers[] = [];
      for (let i = 0; i < comparedSteps; i++) losses.push(Float32Array.of((await (await run()).data())[0]!));
      return losses;
    },
  };
}

type Compute = (...operands: np.Array[]) => np.Array;

/** A function and its operands; compiled before it is timed. */
interface Plan {
  readonly compute: Compute;
  readonly operands: readonly np.Array[];
}

function plan(workload: Workload): Plan | null {
  switch (workload.kind) {
    case 'matmul': {
      const operands = [floats('first', [workload.m, workload.k]), floats('second', [workload.k, workload.n])];
      return { compute: (a, b) => np.matmul(a!, b!), operands };
    }
    case 'linear': {
      const { batch, inputs, outputs } = workload;
      const weight = jit((w: np.Array) => np.transpose(w))(floats('second', [outputs, inputs]));
      const operands = [floats('first', [batch, inputs]), weight, floats('first', [outputs])];
      return { compute: (x, w, b) => np.matmul(x!, w!).add(b!), operands };
    }
    case 'conv': {
      const { channels, size, groups } = workload;
      const operands = [
        floats('first', [1, channels, size, size]),
        floats('second', [channels, channels / groups, 3, 3]),
      ];
      const compute: Compute = (x, w) => lax.convGeneralDilated(x!, w!, [1, 1], 'SAME', { featureGroupCount: groups });
      return { compute, operands };
    }
    case 'binary': {
      const operands = [floats('first', workload.a), floats('second', workload.b)];
      return { compute: workload.fn === 'add' ? (a, b) => a!.add(b!) : (a, b) => a!.mul(b!), operands };
    }
    case 'unary': {
      const fn = { exp: np.exp, tanh: np.tanh, gelu: (x: np.Array) => nn.gelu(x, { approximate: false }) }[workload.fn];
      return { compute: (x) => fn(x!), operands: [floats('first', workload.shape, 4)] };
    }
    case 'reduce': {
      const { fn, dim, shape } = workload;
      return { compute: (x) => np[fn](x!, dim), operands: [floats('first', shape)] };
    }
    case 'softmax':
      return { compute: (x) => nn.softmax(x!, -1), operands: [floats('first', workload.shape, 4)] };
    case 'transpose':
      return { compute: (x) => np.transpose(x!), operands: [floats('first', workload.shape)] };
    case 'fakequant': {
      const { shape, perChannel } = workload;
      const [rows] = shape as [number];
      const scale = perChannel ? array(rowScales(rows), [rows, 1]) : np.array(tensorScale);
      const compute: Compute = (x, s) => np.clip(np.rint(x!.div(s!.ref)), -128, 127).mul(s!);
      return { compute, operands: [floats('first', shape), scale] };
    }
    case 'mlp-forward': {
      const names = Object.keys(workload.parameters);
      const values = parametersOf(workload.parameters);
      const compute: Compute = (x, ...weights) => {
        const p = Object.fromEntries(names.map((name, i) => [name, weights[i]!]));
        const y = mlp(p, x!);
        tree.dispose(p);
        return y;
      };
      return { compute, operands: [floats('first', [1, 64]), ...names.map((name) => values[name]!)] };
    }
    // Two results of one pass, bins and 8-bit integers are not among its operations.
    case 'minmax':
    case 'histogram':
    case 'int8-matmul':
    case 'int8-network':
    case 'train-mlp':
    case 'train-cnn':
      return null;
  }
}

/** In Node it computes on one thread: its pool wants the `Worker` of browsers. */
export const open: Open = async () => {
  await init('wasm');
  defaultDevice('wasm');
  return {
    prepare(workload): Task | null {
      if (workload.kind === 'train-mlp') {
        const x = floats('first', [workload.batch, 64]);
        return training(mlp, workload.parameters, x, workload.batch);
      }
      if (workload.kind === 'train-cnn') {
        const x = floats('first', [workload.batch, 1, 8, 8]);
        return training(cnn, workload.parameters, x, workload.batch);
      }
      const planned = plan(workload);
      if (!planned) return null;
      const compiled = jit(planned.compute);
      const once = () => compiled(...planned.operands.map((x) => x.ref));
      return {
        run: async () => (await once().blockUntilReady()).dispose(),
        read: async () => [(await once().data()) as Numbers],
      };
    },
  };
};
