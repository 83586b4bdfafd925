/** The list of all layers, made from the code. */
import * as nn from '@q/nn';
import * as quant from '@q/quant';
import { definitionOf, type ModuleClass } from '../packages/quant/src/modules/quantized-module.js';
import { builtIn, type QuantizedClass } from '../packages/quant/src/modules/built-in.js';
import { routeOf } from './routes.js';
import { table } from './table.js';

/** The kernels of the package and the classes they compute. */
export const integerKernels: readonly { readonly name: string; readonly types: readonly QuantizedClass[] }[] = [
  { name: 'integerLinear', types: [quant.QuantizedLinear] },
  { name: 'integerConv', types: [quant.QuantizedConv1d, quant.QuantizedConv2d, quant.QuantizedConv3d] },
  { name: 'integerMatMul', types: [quant.QuantizedMatMul] },
  { name: 'integerMultiply', types: [quant.QuantizedMultiply] },
  { name: 'integerAdd', types: [quant.QuantizedAdd] },
];

/** Sizes that make a small module of any class; the first that its constructor takes are used. */
const sizes = [
  [4, 4, 4],
  [4, 4],
  [[4, 4], 4],
  [4],
  [[4, 4]],
  [1, [2, 2]],
  [1, { outputSize: 2 }],
  [[4], [0], 1],
  ['float32'],
  [],
];

/** A small module of a class. */
function small(type: QuantizedClass): nn.Module & quant.QuantizedModule {
  const make = type as unknown as new (...args: unknown[]) => nn.Module & quant.QuantizedModule;
  for (const args of sizes) {
    try {
      return new make(...args);
    } catch {
      // These sizes do not suit the class.
    }
  }
  throw new Error(`layers: ${type.name} can be made of none of the sizes tried. Add some that suit it.`);
}

const families: Readonly<Record<string, RegExp>> = {
  'Linear and products': /^(Linear|Bilinear|MatMul|Bmm|Addmm|Baddbmm|Dynamic.*)$/,
  Convolutions: /^Conv/,
  'Embeddings and recurrent layers': /^(Embedding|RNN|LSTM|GRU)/,
  Attention: /^(MultiheadAttention|Transformer|ScaledDot)/,
  Normalization: /Norm/,
  Pooling: /Pool|Unpool/,
  Padding: /Pad\d?d?$/,
  'Dropout and shapes': /Dropout|^(Flatten|Unflatten|Fold|Unfold|Pixel|ChannelShuffle|Upsampl|Interpolate|Identity)/,
  'Losses and distances': /Loss|Distance|CosineSimilarity/,
  Activations: /^(Soft|Hard|Tanh|LogS|Sigmoid$|Mish$|Threshold$|G?GLU$)|(ELU|SiLU|ReLU6?|GLU)$/,
};

/** Families by the names of their members; the first that fits. */
const familyOf = (name: string): string =>
  Object.entries(families).find(([, pattern]) => pattern.test(name))?.[0] ?? 'Operations as modules';

function row(float: ModuleClass, type: QuantizedClass): string[] {
  const { inputs, outputs, sharedInputs, sharedOutputs } = definitionOf(type.prototype)!;
  const places = (count: number, shared: boolean): string => (shared ? `${count} for all` : String(count));
  const kernel = integerKernels.find(({ types }) => types.includes(type));
  const module = small(type);
  const parameters = Object.keys(module.paramQuantizers).map((name) => `\`${name}\``);
  return [
    `\`${float.name}\``,
    `\`${type.name}\``,
    places(inputs, sharedInputs),
    places(outputs, sharedOutputs),
    parameters.join(', ') || '–',
    routeOf(module),
    kernel === undefined ? '–' : `\`${kernel.name}\``,
  ];
}

const isLayer = (value: unknown): value is ModuleClass =>
  typeof value === 'function' && value.prototype instanceof nn.Module && value !== nn.Loss;

/** The page. */
export function layersPage(): string {
  const pairs = [...builtIn].filter(([, type]) => Object.values<unknown>(quant).includes(type));
  const groups = new Map<string, typeof pairs>();
  for (const pair of pairs) {
    const family = familyOf(pair[0].name);
    groups.set(family, [...(groups.get(family) ?? []), pair]);
  }
  const rest = Object.values<unknown>(nn).filter((value) => isLayer(value) && !builtIn.has(value)) as ModuleClass[];
  const lines = [
    '# All layers',
    '',
    `${pairs.length} layers have a quantized class. "Inputs" and "Outputs" count its quantizers there ("1 for all": one quantizer`,
    'stands at any number of tensors). "Parameters" names those of its parameters, with the default options; optional ones and',
    'further layers of a stack have their own.',
    '',
    '"Lowered" is the route of the layer in the model that [`lowerToInteger`](integer-inference.md) makes, between grids of 8 bits:',
    '`integer`, `float inside` between integers, or `float` where it stays fake-quantized. "Kernel" is a function of `@q/quant` for',
    '`setKernel(...)`, with which the quantized layer itself computes on integers: few layers have one, or need it.',
    '',
    'This page is made from the code by `npm run docs`.',
  ];
  for (const [family, members] of [...groups].sort(([a], [b]) => a.localeCompare(b)))
    lines.push(
      '',
      `## ${family}`,
      '',
      table(
        ['Layer', 'Quantized', 'Inputs', 'Outputs', 'Parameters', 'Lowered', 'Kernel'],
        members.sort(([a], [b]) => a.name.localeCompare(b.name)).map(([float, type]) => row(float, type)),
      ),
    );
  lines.push(
    '',
    '## Without a quantized class',
    '',
    'They hold other modules, which are quantized one by one, or pass their input on: ' +
      `${rest
        .map(({ name }) => `\`${name}\``)
        .sort()
        .join(', ')}.`,
    '',
  );
  return lines.join('\n');
}
