/** Which name of PyTorch and AIMET became which, made from the code. */
import * as nn from '@q/nn';
import * as optim from '@q/nn/optim';
import * as quant from '@q/quant';
import * as tensor from '@q/tensor';
import { table } from './table.js';

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

/** Names that differ, as rows; names that are the same, as a list. */
function compared(pairs: readonly (readonly [theirs: string, ours: string])[]): { differ: string; same: string } {
  const byName = [...pairs].sort(([, a], [, b]) => a.localeCompare(b));
  return {
    differ: table(
      ['PyTorch', 'Q'],
      byName.filter(([theirs, ours]) => theirs !== ours).map(([theirs, ours]) => [code(theirs), code(ours)]),
    ),
    same: byName
      .filter(([theirs, ours]) => theirs === ours)
      .map(([, ours]) => code(ours.replace(/^x\./, '')))
      .join(', '),
  };
}

function tensorMethods(): { differ: string; same: string } {
  const pairs = members(tensor.Tensor).flatMap(({ owner, names }) =>
    names.map((name): [string, string] => [
      elsewhere[name] ?? (owner === 'ActivationMethods' ? `F.${snake(name)}` : `x.${snake(name)}`),
      `x.${name}`,
    ]),
  );
  return compared(pairs);
}

/** Functions of PyTorch under another module than `torch`. */
const functionPlaces: readonly (readonly [RegExp, string])[] = [
  [
    /^(conv|avgPool|maxPool|lpPool|adaptive|fractional|maxUnpool|interpolate|fold|unfold|pixel|.*Norm$|linear$|crossEntropy|nllLoss)/,
    'F.',
  ],
  [/^(is(Float|Int)|resultType|promoteTypes)/, 'torch.'],
];
const ownFunctions = new Set(
  [
    'adamStep apply avgPoolScaled binaryScaled broadcastShapes convInteger defaultGenerator defineOp dequantizeLinear described dtypes',
    'fakeQuantize histograms isFloat isInt joinBytes keep layerNormInteger leastErrorGrid linearInteger linearRelu lookup matmulInteger memoryUsage',
    'quantizeLinear requantize rmsNormInteger scope sgdStep setFusedMultiplyAdd setMemoryBudget setWinograd shown softmaxScaled splitBytes threadStatus unpackHalves',
  ].flatMap((names) => names.split(' ')),
);

function functions(): { differ: string; same: string } {
  const pairs = Object.entries(tensor)
    .filter(([name, value]) => typeof value === 'function' && /^[a-z]/.test(name) && !ownFunctions.has(name))
    .map(([name]): [string, string] => {
      const place = functionPlaces.find(([pattern]) => pattern.test(name))?.[1] ?? 'torch.';
      return [place + snake(name), name];
    });
  return {
    ...compared(pairs.map(([theirs, ours]) => [theirs.replace(/^(torch|F)\./, ''), ours])),
    differ: table(
      ['PyTorch', 'Q'],
      pairs
        .filter(([theirs, ours]) => theirs.replace(/^(torch|F)\./, '') !== ours)
        .sort(([, a], [, b]) => a.localeCompare(b))
        .map(([theirs, ours]) => [code(theirs), code(ours)]),
    ),
  };
}

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
  const methods = tensorMethods();
  const made = functions();
  const schedulers = Object.keys(optim).sort((a, b) => a.localeCompare(b));
  return [
    '## Methods and properties of tensors',
    '',
    methods.differ,
    '',
    `The same in both: ${methods.same}.`,
    '',
    '## Functions',
    '',
    made.differ,
    '',
    `The same in both: ${made.same}.`,
    '',
    '## Optimisers and schedulers',
    '',
    `\`torch.optim\` became \`@q/nn/optim\`, names unchanged: ${schedulers.map(code).join(', ')}.`,
    '',
    '## AIMET',
    '',
    aimet(),
    '',
  ].join('\n');
}

/** Where the part made from the code begins in the page. */
export const marker = '<!-- From here on this page is made from the code, by npm run docs. -->\n\n';
