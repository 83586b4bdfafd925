import {
  AdaptiveAvgPool2d,
  Add,
  Conv2d,
  Flatten,
  GELU,
  LayerNorm,
  Linear,
  MatMul,
  Multiply,
  Permute,
  ReLU,
  ReLU6,
  Reshape,
  Sigmoid,
  Softmax,
  type Module,
} from '@q/nn';
import { AffineEncoding, isQuantized, type QuantizerSlot } from '@q/quant';
import { noGrad, type Tensor } from '@q/tensor';
import { moves } from './integer-models.js';
import type { LayerCall } from './layer-calls.js';
import type { Constant, Graph, Node } from './onnx.js';

/** Layers that are an ONNX operation without attributes of its own. */
const operations = [
  [AdaptiveAvgPool2d, 'GlobalAveragePool'],
  [Add, 'Add'],
  [Flatten, 'Flatten'],
  [GELU, 'Gelu'],
  [LayerNorm, 'LayerNormalization'],
  [MatMul, 'MatMul'],
  [Multiply, 'Mul'],
  [ReLU, 'Relu'],
  [Sigmoid, 'Sigmoid'],
] as const;

/** Integers of a parameter, around zero. */
type IntegerConstant = Constant & { readonly type: 'int8' | 'int32' };

const floats = (x: Tensor): Float32Array => Float32Array.from(x.detach().contiguous().data as Float32Array);

const encodingAt = (slot: QuantizerSlot | undefined): AffineEncoding | null => {
  const encoding = slot?.getEncoding() ?? null;
  if (encoding === null || encoding instanceof AffineEncoding) return encoding;
  throw new Error('ONNX quantizes to integers only.');
};

/**
 * A network of ours as an ONNX graph from `x` to `y`. Where quantizers stand it quantizes and dequantizes: activations as they
 * pass, weights beforehand, and biases to 32 bits, as ONNX Runtime wants it for its integer kernels.
 */
class NetworkGraph {
  readonly constants: Record<string, Constant> = {};
  readonly nodes: Node[] = [];
  /** The name of a tensor of the network in the graph, and its grid. */
  private readonly values = new Map<string, { readonly name: string; readonly encoding: AffineEncoding | null }>([
    ['x', { name: 'x', encoding: null }],
  ]);
  /** Names of what stands on a grid already. */
  private readonly quantized = new Set<string>();

  constructor(private readonly layers: ReadonlyMap<string, Module>) {}

  add(call: LayerCall): void {
    const { path } = call;
    const layer = this.layers.get(path)!;
    const quantizers = isQuantized(layer) ? layer : null;
    const operands = call.inputs.map((input, i) => {
      const value = this.values.get(input)!;
      const encoding = encodingAt(quantizers?.inputQuantizers[i]);
      return encoding ? { name: this.onGrid(value.name, encoding), encoding } : value;
    });
    const grid = operands[0]!.encoding;
    const names = [...operands.map(({ name }) => name), ...this.parameters(path, layer, grid)];
    this.nodes.push({ ...this.operation(layer, call, names), outputs: [path] });
    const output = encodingAt(quantizers?.outputQuantizers[0]) ?? (moves(layer) ? grid : null);
    this.values.set(path, { name: output ? this.onGrid(path, output) : path, encoding: output });
  }

  /** Ends the graph with a value of the network, whose name becomes `y`. */
  end(path: string): void {
    const { name } = this.values.get(path)!;
    const last = this.nodes.pop()!;
    this.nodes.push({ ...last, outputs: last.outputs.map((output) => (output === name ? 'y' : output)) });
  }

  private operation(
    layer: Module,
    { path, settings, shape }: LayerCall,
    inputs: readonly string[],
  ): Omit<Node, 'outputs'> {
    if (layer instanceof Linear) return { op: 'Gemm', inputs, attributes: { transB: 1 } };
    if (layer instanceof Conv2d) {
      const { stride, padding, groups } = layer;
      if (typeof padding === 'string') throw new Error(`${path}: padding by number only.`);
      const attributes = {
        group: groups,
        kernel_shape: layer.weight.shape.slice(2),
        pads: [...padding, ...padding],
        strides: stride,
      };
      return { op: 'Conv', inputs, attributes };
    }
    if (layer instanceof Permute) return { op: 'Transpose', inputs, attributes: { perm: settings[0] as number[] } };
    if (layer instanceof Softmax) return { op: 'Softmax', inputs, attributes: { axis: shape.length - 1 } };
    if (layer instanceof Reshape) {
      const values = BigInt64Array.from(shape, BigInt);
      return {
        op: 'Reshape',
        inputs: [...inputs, this.constant(`${path}.shape`, { type: 'int64', shape: [shape.length], values })],
      };
    }
    if (layer instanceof ReLU6)
      return { op: 'Clip', inputs: [...inputs, ...[0, 6].map((end) => this.number(`${path}.${end}`, end))] };
    const [, op] = operations.find(([type]) => layer instanceof type) ?? [];
    if (op === undefined) throw new Error(`${path}: no operation of ONNX for ${layer.constructor.name}.`);
    return { op, inputs };
  }

  /** Names of a layer's weight and bias. */
  private parameters(path: string, layer: Module, input: AffineEncoding | null): string[] {
    if (!(layer instanceof Linear || layer instanceof Conv2d || layer instanceof LayerNorm)) return [];
    const { weight, bias } = layer;
    if (!weight || !bias) throw new Error(`${path}: wants a weight and a bias.`);
    const encoding = isQuantized(layer) ? encodingAt(layer.paramQuantizers.weight) : null;
    const names = [`${path}.weight`, `${path}.bias`] as const;
    if (!encoding)
      return [weight, bias].map((parameter, i) =>
        this.constant(names[i]!, { type: 'float32', shape: parameter.shape, values: floats(parameter) }),
      );
    if (!input) throw new Error(`${path}: has an integer weight and a float input.`);
    const scale = floats(encoding.scale);
    const integers = Int8Array.from(floats(noGrad(() => encoding.quantize(weight.detach()))));
    const step = input.scale.item();
    const sums = scale.map((each) => each * step);
    const rounded = Int32Array.from(floats(bias), (value, channel) => Math.round(value / sums[channel]!));
    return [
      this.dequantized(names[0], { type: 'int8', shape: weight.shape, values: integers }, scale),
      this.dequantized(names[1], { type: 'int32', shape: bias.shape, values: rounded }, sums),
    ];
  }

  /** Integers with a scale for each entry of their first dim. Their zero is 0, which not every optimizer takes for granted. */
  private dequantized(name: string, integers: IntegerConstant, scale: Float32Array): string {
    const shape = [scale.length];
    const zeros = integers.type === 'int8' ? new Int8Array(scale.length) : new Int32Array(scale.length);
    const inputs = [
      this.constant(`${name}.integers`, integers),
      this.constant(`${name}.scale`, { type: 'float32', shape, values: scale }),
      this.constant(`${name}.zero`, { type: integers.type, shape, values: zeros }),
    ];
    this.nodes.push({ op: 'DequantizeLinear', inputs, outputs: [name], attributes: { axis: 0 } });
    return name;
  }

  /** A value quantized, once for all who want it on that grid, and dequantized. ONNX's zero point is minus our offset. */
  private onGrid(value: string, { scale, offset, dtype }: AffineEncoding): string {
    if (dtype !== 'uint8') throw new Error(`${value}: wants a grid from 0 to 255.`);
    const [step, zero] = [scale.item(), 0 - offset.item()];
    const name = `${value}/${step}/${zero}`;
    if (this.quantized.has(name)) return name;
    this.quantized.add(name);
    const grid = [
      this.number(`${name}.scale`, step),
      this.constant(`${name}.zero`, { type: 'uint8', shape: [], values: Uint8Array.of(zero) }),
    ];
    this.nodes.push(
      { op: 'QuantizeLinear', inputs: [value, ...grid], outputs: [`${name}.integers`] },
      { op: 'DequantizeLinear', inputs: [`${name}.integers`, ...grid], outputs: [name] },
    );
    return name;
  }

  private number(name: string, value: number): string {
    return this.constant(name, { type: 'float32', shape: [], values: Float32Array.of(value) });
  }

  private constant(name: string, constant: Constant): string {
    this.constants[name] = constant;
    return name;
  }
}

/** A network, float or quantized, as an ONNX graph that takes `x` and gives `y`. `calls` are those of its layers. */
export function networkGraph(network: Module, calls: readonly LayerCall[], x: readonly number[]): Graph {
  const graph = new NetworkGraph(new Map(network.namedModules()));
  for (const call of calls) graph.add(call);
  const { path, shape } = calls.at(-1)!;
  graph.end(path);
  return {
    inputs: { x: { type: 'float32', shape: x } },
    outputs: { y: { type: 'float32', shape } },
    constants: graph.constants,
    nodes: graph.nodes,
  };
}
