import { tensor } from '@q/tensor';
import { integerModel } from './integer-models.js';
import { networkGraph } from './onnx-network.js';
import type { Constant, Graph, Node, ValueType } from './onnx.js';
import { initial, integers, operand, rowScales, tensorScale, type Workload } from './workloads.js';

/** The inputs of a graph, by name. */
export type Feeds = Readonly<Record<string, ValueType & { readonly values: Float32Array | Uint8Array | Int8Array }>>;

export interface Model {
  readonly graph: Graph;
  readonly feeds: Feeds;
}

/** Elements below which a chain says nothing. */
const SMALL = 10_000;

const count = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

const floats = (which: 'first' | 'second', shape: readonly number[], bound = 1) => ({
  type: 'float32' as const,
  shape,
  values: operand(which, count(shape), bound),
});

const result = (shape: readonly number[], type: ValueType['type'] = 'float32'): ValueType => ({ type, shape });

/** One operation on inputs of its own. */
const single = (node: Omit<Node, 'inputs' | 'outputs'>, feeds: Feeds, y: ValueType): Model => ({
  graph: { inputs: feeds, outputs: { y }, nodes: [{ ...node, inputs: Object.keys(feeds), outputs: ['y'] }] },
  feeds,
});

const axes = (dim: number): Constant => ({ type: 'int64', shape: [1], values: BigInt64Array.of(BigInt(dim)) });

function mlp(parameters: Parameters<typeof initial>[0]): Model {
  const values = initial(parameters);
  const constants = Object.fromEntries(
    Object.entries(parameters).map(([name, shape]): [string, Constant] => [
      name,
      { type: 'float32', shape, values: values[name]! },
    ]),
  );
  const gemm = (layer: string, x: string, y: string): Node => ({
    op: 'Gemm',
    inputs: [x, `${layer}.weight`, `${layer}.bias`],
    outputs: [y],
    attributes: { transB: 1 },
  });
  const feeds = { x: floats('first', [1, 64]) };
  return {
    graph: {
      inputs: feeds,
      outputs: { y: result([1, 10]) },
      constants,
      nodes: [
        gemm('fc1', 'x', 'h1'),
        { op: 'Relu', inputs: ['h1'], outputs: ['r1'] },
        gemm('fc2', 'r1', 'h2'),
        { op: 'Relu', inputs: ['h2'], outputs: ['r2'] },
        gemm('fc3', 'r2', 'y'),
      ],
    },
    feeds,
  };
}

/** A network of ours as a graph that quantizes, or the float network it was made of. */
function networkModel(
  { network, shape }: Extract<Workload, { kind: 'int8-network' }>,
  which: 'simulated' | 'float',
): Model {
  const x = floats('first', shape);
  const model = integerModel(network, tensor(x.values, { shape: [...shape] }));
  return { graph: networkGraph(model[which], model.calls, shape), feeds: { x } };
}

/** The workload as an ONNX graph; null for what ONNX Runtime does not compute (histograms) or not train. */
export function modelOf(workload: Workload): Model | null {
  switch (workload.kind) {
    case 'matmul': {
      const { m, k, n } = workload;
      return single({ op: 'MatMul' }, { a: floats('first', [m, k]), b: floats('second', [k, n]) }, result([m, n]));
    }
    case 'linear': {
      const { batch, inputs, outputs } = workload;
      const feeds = { x: floats('first', [batch, inputs]) };
      const constants = { w: floats('second', [outputs, inputs]), b: floats('first', [outputs]) };
      const node = { op: 'Gemm', inputs: ['x', 'w', 'b'], outputs: ['y'], attributes: { transB: 1 } };
      return { graph: { inputs: feeds, outputs: { y: result([batch, outputs]) }, constants, nodes: [node] }, feeds };
    }
    case 'conv': {
      const { channels, size, groups } = workload;
      const shape = [1, channels, size, size];
      const feeds = { x: floats('first', shape) };
      const constants = { w: floats('second', [channels, channels / groups, 3, 3]) };
      const attributes = { group: groups, kernel_shape: [3, 3], pads: [1, 1, 1, 1] };
      const node = { op: 'Conv', inputs: ['x', 'w'], outputs: ['y'], attributes };
      return { graph: { inputs: feeds, outputs: { y: result(shape) }, constants, nodes: [node] }, feeds };
    }
    case 'binary': {
      const feeds = { a: floats('first', workload.a), b: floats('second', workload.b) };
      return single({ op: workload.fn === 'add' ? 'Add' : 'Mul' }, feeds, result(workload.a));
    }
    case 'unary': {
      const op = { exp: 'Exp', tanh: 'Tanh', gelu: 'Gelu' }[workload.fn];
      return single({ op }, { x: floats('first', workload.shape, 4) }, result(workload.shape));
    }
    case 'reduce': {
      const { shape, dim, fn } = workload;
      const feeds = { x: floats('first', shape) };
      const op = fn === 'sum' ? 'ReduceSum' : 'ReduceMax';
      const node = { op, inputs: ['x', 'axes'], outputs: ['y'], attributes: { keepdims: 0 } };
      const outputs = { y: result([shape[1 - dim]!]) };
      return { graph: { inputs: feeds, outputs, constants: { axes: axes(dim) }, nodes: [node] }, feeds };
    }
    case 'softmax':
      return single(
        { op: 'Softmax', attributes: { axis: 1 } },
        { x: floats('first', workload.shape, 4) },
        result(workload.shape),
      );
    case 'transpose':
      return single(
        { op: 'Transpose', attributes: { perm: [1, 0] } },
        { x: floats('first', workload.shape) },
        result([...workload.shape].reverse()),
      );
    case 'fakequant': {
      const { shape, perChannel } = workload;
      const [rows] = shape as [number];
      const feeds = { x: floats('first', shape) };
      const of = perChannel ? [rows] : [];
      const constants: Record<string, Constant> = {
        s: { type: 'float32', shape: of, values: perChannel ? rowScales(rows) : Float32Array.of(tensorScale) },
        z: { type: 'int8', shape: of, values: new Int8Array(perChannel ? rows : 1) },
      };
      const attributes = { axis: 0 };
      const nodes = [
        { op: 'QuantizeLinear', inputs: ['x', 's', 'z'], outputs: ['q'], attributes },
        { op: 'DequantizeLinear', inputs: ['q', 's', 'z'], outputs: ['y'], attributes },
      ];
      return { graph: { inputs: feeds, outputs: { y: result(shape) }, constants, nodes }, feeds };
    }
    case 'minmax': {
      const feeds = { x: floats('first', workload.shape) };
      const reduce = (op: string, y: string) => ({ op, inputs: ['x'], outputs: [y], attributes: { keepdims: 0 } });
      const nodes = [reduce('ReduceMin', 'min'), reduce('ReduceMax', 'max')];
      return { graph: { inputs: feeds, outputs: { min: result([]), max: result([]) }, nodes }, feeds };
    }
    case 'int8-matmul': {
      const { m, k, n, constant } = workload;
      const { a, b } = integers(m, k, n);
      const x = { type: 'uint8' as const, shape: [m, k], values: a };
      const w = { type: 'int8' as const, shape: [k, n], values: b };
      const feeds: Feeds = constant ? { x } : { x, w };
      const nodes = [{ op: 'MatMulInteger', inputs: ['x', 'w'], outputs: ['y'] }];
      const constants: Record<string, Constant> = constant ? { w } : {};
      return { graph: { inputs: feeds, outputs: { y: result([m, n], 'int32') }, constants, nodes }, feeds };
    }
    case 'mlp-forward':
      return mlp(workload.parameters);
    case 'int8-network':
      return networkModel(workload, 'simulated');
    case 'histogram':
    case 'train-mlp':
    case 'train-cnn':
      return null;
  }
}

/** The float network of a workload on integers as an ONNX graph; null for all others. */
export const floatModelOf = (workload: Workload): Model | null =>
  workload.kind === 'int8-network' ? networkModel(workload, 'float') : null;

/**
 * A graph that applies the first one's nodes `times` times, each to the result of the last: what an operation costs once
 * its operands are inside the runtime. Null where the result does not have the shape and type of the first input, or where
 * it is so small that only the call counts.
 */
export function chained({ graph, feeds }: Model, times: number): Model | null {
  const [first] = Object.keys(graph.inputs);
  const [output, ...more] = Object.keys(graph.outputs);
  if (first === undefined || output === undefined || more.length > 0) return null;
  const [x, y] = [graph.inputs[first]!, graph.outputs[output]!];
  if (
    count(x.shape) < SMALL ||
    x.type !== y.type ||
    x.shape.length !== y.shape.length ||
    x.shape.some((size, d) => size !== y.shape[d])
  )
    return null;
  const inner = new Set(graph.nodes.flatMap((node) => node.outputs));
  const nodes = Array.from({ length: times }, (_, step) => {
    const last = step === times - 1;
    const named = (name: string): string => {
      if (name === first && step > 0) return `${output}${step - 1}`;
      if (!inner.has(name)) return name;
      return name === output && last ? name : `${name}${step}`;
    };
    return graph.nodes.map((node) => ({
      ...node,
      inputs: node.inputs.map(named),
      outputs: node.outputs.map(named),
    }));
  });
  return { graph: { ...graph, nodes: nodes.flat() }, feeds };
}
