/** Which name of PyTorch and AIMET became which, made from the code. */
import * as nn from '@q/nn';
import * as quant from '@q/quant';
import * as tensor from '@q/tensor';
import { Signatures, type Call, type Calls } from './signatures.js';
import { table } from './table.js';

/** The modules whose calls are listed. */
const entries = {
  tensor: 'packages/tensor/src/index.ts',
  nn: 'packages/nn/src/index.ts',
  functional: 'packages/nn/src/functional.ts',
  optim: 'packages/nn/src/optim/index.ts',
} as const;

/** Methods of tensors that PyTorch has in another place, under another name, or not at all. */
const elsewhere: Readonly<Record<string, string>> = {
  slice: 'x[1:3, 2, None]',
  index: 'x[rows, mask]',
  set_: 'x[rows] = value',
  toArray: 'x.tolist()',
  aminmax: 'torch.aminmax',
  oneHot: 'F.one_hot',
  pad: 'F.pad',
  rsub: 'torch.rsub, 1 - x',
  rdiv: '1 / x',
  rpow: '2 ** x',
  T: 'x.T',
  clampMin: 'x.clamp_min',
  clampMax: 'x.clamp_max',
  softmin: 'F.softmin',
  typeAs: 'x.type_as',
  retainGrad: 'x.retain_grad',
  sumTo: 'x.sum_to_size',
  fullLike: 'torch.full_like',
  zerosLike: 'torch.zeros_like',
  onesLike: 'torch.ones_like',
  countNonzero: 'x.count_nonzero',
  isContiguous: 'x.is_contiguous()',
  isLeaf: 'x.is_leaf',
  requiresGrad: 'x.requires_grad',
  numel: 'x.numel()',
  shape: 'x.shape',
  strides: 'x.stride()',
  data: 'x.numpy()',
};

/** Members that PyTorch does not have: mostly what the engine and subclasses need. */
const internal = new Set([
  'constructor',
  'gradient',
  'dropGradient',
  'wrap',
  'carry',
  'movedBehind',
  'attach',
  'packed',
  'numbers',
  'beginWrite',
  'triangle',
  'toString',
  'toJSON',
  'maximum_',
  'minimum_',
]);

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Members of a class and its ancestors, by the class that declares them. */
function members(type: { prototype: object; name: string }): { readonly owner: string; readonly names: string[] }[] {
  const found = [];
  for (
    let prototype = type.prototype;
    prototype !== Object.prototype;
    prototype = Object.getPrototypeOf(prototype) as object
  )
    found.push({
      owner: prototype.constructor.name,
      names: Object.getOwnPropertyNames(prototype).filter((name) => !internal.has(name)),
    });
  return found;
}

const code = (name: string): string => `\`${name}\``;
const listed = (names: readonly string[]): string => names.map(code).join(', ');

/** A name of PyTorch and ours, and how ours is called: not at all where it is a property. */
interface Pair {
  readonly theirs: string;
  readonly ours: string;
  readonly calls: readonly Call[];
  readonly isSame: boolean;
}

/** What is found under `before`: names that differ, as a table; the same ones by how they are called, as lists. */
function compared(pairs: readonly Pair[], before = ''): string {
  const sorted = [...pairs].sort((a, b) => a.ours.localeCompare(b.ours));
  const texts = ({ ours, calls }: Pair): string =>
    calls.length === 0 ? code(before + ours) : listed(calls.map(({ text }) => before + text));
  const same = sorted.filter(({ isSame }) => isSame);
  const isPlain = ({ calls }: Pair): boolean => calls.every((call) => call.isPlain);
  const asThere = same.filter(isPlain).map(({ ours }) => ours);
  const otherwise = same.filter((pair) => !isPlain(pair)).map(texts);
  return [
    table(
      ['PyTorch', 'Q'],
      sorted.filter(({ isSame }) => !isSame).map((pair) => [code(pair.theirs), texts(pair)]),
    ),
    `The same in both: ${listed(asThere)}.`,
    `The same names, with sizes in a list and options by name: ${otherwise.join(', ')}.`,
  ].join('\n\n');
}

const tensorMethods = (calls: Calls): string =>
  compared(
    members(tensor.Tensor).flatMap(({ owner, names }) =>
      names.map((ours) => {
        const place = owner === 'ActivationMethods' ? 'F' : 'x';
        const theirs = elsewhere[ours] ?? `${place}.${snake(ours)}`;
        return { theirs, ours, calls: calls.get(ours) ?? [], isSame: theirs === `x.${ours}` };
      }),
    ),
    'x.',
  );

/** Functions of PyTorch under another module than `torch`. */
const functionPlaces: readonly (readonly [RegExp, string])[] = [
  [
    /^(conv|avgPool|maxPool|lpPool|adaptive|fractional|maxUnpool|interpolate|fold|unfold|pixel|.*Norm$|linear$|crossEntropy|nllLoss)/,
    'F.',
  ],
  [/^(is(Float|Int)|resultType|promoteTypes)/, 'torch.'],
  [/^grad$/, 'torch.autograd.'],
];
const ownFunctions = new Set(
  [
    'adamStep apply avgPoolScaled binaryScaled broadcastShapes convInteger defaultGenerator defineOp dequantizeLinear described dtypes',
    'fakeQuantize histograms isFloat isInt joinBytes keep layerNormInteger leastErrorGrid linearInteger linearRelu lookup matmulInteger memoryUsage',
    'quantizeLinear requantize rmsNormInteger scope sgdStep setFusedMultiplyAdd setMemoryBudget setWinograd shown softmaxScaled splitBytes threadStatus unpackHalves',
  ].flatMap((names) => names.split(' ')),
);

const functions = (calls: Calls): string =>
  compared(
    Object.entries(tensor)
      .filter(([name, value]) => typeof value === 'function' && /^[a-z]/.test(name) && !ownFunctions.has(name))
      .map(([ours]) => {
        const place = functionPlaces.find(([pattern]) => pattern.test(ours))?.[1] ?? 'torch.';
        return { theirs: place + snake(ours), ours, calls: calls.get(ours) ?? [], isSame: snake(ours) === ours };
      }),
  );

/** The calls of these names, as a list. */
const callsOf = (calls: Calls, isListed: (name: string, call: Call) => boolean): string =>
  listed(
    [...calls]
      .sort(([a], [b]) => a.localeCompare(b))
      .flatMap(([name, forms]) => forms.filter((call) => isListed(name, call)).map(({ text }) => text)),
  );

const isLayer = (name: string): boolean => {
  const type = (nn as Readonly<Record<string, unknown>>)[name];
  return typeof type === 'function' && type.prototype instanceof nn.Module && type !== nn.Loss;
};

/** Members of quantizers, modules and encodings, with AIMET's names by changing the case. */
const aimetMembers: readonly (readonly [title: string, prototype: object])[] = [
  ['affine quantizers', quant.affine.QuantizeDequantize.prototype],
  ['analyzers', quant.MinMaxEncodingAnalyzer.prototype],
  ['quantized modules', quant.QuantizedLinear.prototype],
  ['`QuantizationSimModel`', quant.QuantizationSimModel.prototype],
];

/** AIMET's words that do not follow from ours by case. */
const aimetNames: Readonly<Record<string, string>> = {
  quantInit: '__quant_init__',
  removeInputQuantizers: '_remove_input_quantizers',
  removeOutputQuantizers: '_remove_output_quantizers',
  removeParamQuantizers: '_remove_param_quantizers',
  removeActivationQuantizers: '_remove_activation_quantizers',
  removeAllQuantizers: '_remove_all_quantizers',
  exportEncodings: 'export',
};

const aimetOnly = new Set(
  'getMin getMax getScale getOffset getEncoding getLegacyEncodings setLegacyEncodings isInitialized computeEncodings computeParamEncodings setRange allowOverwrite encodingAnalyzer updateStats resetStats computeDynamicEncodings computeEncodingsFromStats getOriginalModule exportInputEncodings exportOutputEncodings exportParamEncodings importInputEncodings importOutputEncodings importParamEncodings setKernel getKernel quantInit removeInputQuantizers removeOutputQuantizers removeParamQuantizers removeActivationQuantizers removeAllQuantizers exportEncodings loadEncodings setAndFreezeParamEncodings excludeLayersFromQuantization setPercentileValue'.split(
    ' ',
  ),
);

function aimet(): string {
  const rows = aimetMembers.flatMap(([title, start]) => {
    const names = new Set<string>();
    for (
      let prototype = start;
      prototype !== Object.prototype && prototype !== nn.Module.prototype;
      prototype = Object.getPrototypeOf(prototype) as object
    )
      for (const name of Object.getOwnPropertyNames(prototype)) if (aimetOnly.has(name)) names.add(name);
    return [...names].sort().map((name) => [code(aimetNames[name] ?? snake(name)), code(name), title]);
  });
  rows.push([code('fold_all_batch_norms'), code(quant.foldAllBatchNorms.name), 'functions']);
  return table(['AIMET', 'Q', 'Of'], rows);
}

/** The part of the page that is made from the code. */
export function migratingTables(): string {
  const signatures = new Signatures(Object.values(entries));
  const layers = callsOf(signatures.classes(entries.nn), (name, { hasOptional }) => hasOptional && isLayer(name));
  const functional = callsOf(
    signatures.functions(entries.functional),
    (name, { hasOptional }) => hasOptional && !(name in tensor),
  );
  return [
    '## Methods and properties of tensors',
    '',
    tensorMethods(signatures.methods(entries.tensor, 'Tensor')),
    '',
    '## Functions',
    '',
    functions(signatures.functions(entries.tensor)),
    '',
    `\`torch.nn.functional\` is \`functional\` of \`@q/nn\`, where it is no method. With something to leave out: ${functional}.`,
    '',
    '## Layers',
    '',
    `[All layers](layers.md) have PyTorch's names, operations as modules AIMET's. With something to leave out: ${layers}.`,
    '',
    '## Optimisers and schedulers',
    '',
    `\`torch.optim\` became \`@q/nn/optim\`, names unchanged: ${callsOf(signatures.classes(entries.optim), () => true)}.`,
    '',
    '## AIMET',
    '',
    aimet(),
    '',
  ].join('\n');
}

/** Where the part made from the code begins in the page. */
export const marker = '<!-- From here on this page is made from the code, by npm run docs. -->\n\n';
