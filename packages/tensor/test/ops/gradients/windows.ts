import fc from 'fast-check';
import {
  adaptiveAvgPool1d,
  apply,
  avgPool2d,
  batchNorm,
  conv1d,
  conv2d,
  convTranspose1d,
  convTranspose2d,
  fold,
  fractionalMaxPool2d,
  groupNorm,
  instanceNorm,
  interpolate,
  linear,
  linearRelu,
  layerNorm,
  matmul,
  maxPool1d,
  maxPool2d,
  maxUnpool1d,
  rmsNorm,
  tensor,
  unfold,
  type InterpolateMode,
  type Tensor,
} from '@q/tensor';
import { convWeight } from '../../../src/ops/conv.js';
import { avgUnpool } from '../../../src/ops/pool.js';
import { around, pool, shapes, type Case, type Entry } from './case.js';

const windows = fc.record({
  seed: fc.nat(),
  n: fc.integer({ min: 1, max: 2 }),
  groups: fc.integer({ min: 1, max: 2 }),
  perGroup: fc.integer({ min: 1, max: 2 }),
  length: fc.integer({ min: 3, max: 5 }),
  kernel: fc.integer({ min: 1, max: 3 }),
  stride: fc.integer({ min: 1, max: 2 }),
  padding: fc.integer({ min: 0, max: 1 }),
  bias: fc.boolean(),
});

type Windows = typeof windows extends fc.Arbitrary<infer W> ? W : never;

/** Calls with random windows. */
const windowed = (make: (w: Windows) => Case): Entry => windows.map(make);

const convolution = ({ seed, n, groups, perGroup, length, kernel, stride, padding, bias }: Windows): Case => {
  const channels = groups * perGroup;
  const flat = seed % 2 === 0;
  const sizes = [
    [n, channels, length, ...(flat ? [] : [3])],
    [groups, perGroup, kernel, ...(flat ? [] : [2])],
    ...(bias ? [[groups]] : []),
  ];
  return {
    inputs: pool(seed, around, ...sizes),
    f: (x, weight, b) => (flat ? conv1d : conv2d)(x!, weight!, b ?? null, { stride, padding, groups }),
  };
};

const transposed = ({ seed, n, groups, perGroup, length, kernel, stride, bias }: Windows): Case => {
  const flat = seed % 2 === 0;
  const sizes = [
    [n, groups * perGroup, length, ...(flat ? [] : [2])],
    [groups * perGroup, 1, kernel, ...(flat ? [] : [2])],
    ...(bias ? [[groups]] : []),
  ];
  return {
    inputs: pool(seed, around, ...sizes),
    f: (x, weight, b) =>
      (flat ? convTranspose1d : convTranspose2d)(x!, weight!, b ?? null, { stride, groups, outputPadding: stride - 1 }),
  };
};

const ofWeight = ({ seed, n, length, kernel }: Windows): Case => ({
  inputs: pool(seed, around, [n, 2, length], [n, 3, length - kernel + 1]),
  f: (x, grad) =>
    apply(convWeight, [x!, grad!], { stride: [1], padding: [[0, 0]], dilation: [1], groups: 1, size: [kernel] }),
});

/** The averages of an adaptive pool, spread again: what `adaptiveAvgPool1d` does backwards. */
const unpooled = ({ seed, n, length }: Windows): Case => {
  const reaches = [
    { starts: Int32Array.of(0, 1), ends: Int32Array.of(2, length), lengths: Int32Array.of(2, length - 1), step: 1 },
  ];
  return {
    inputs: pool(seed, around, [n, 2, 2]),
    f: (x) => apply(avgUnpool, [x!], { reaches, divisor: null, size: [length] }),
  };
};

const modes: readonly (readonly [InterpolateMode, number])[] = [
  ['nearest', 1],
  ['nearest-exact', 2],
  ['linear', 1],
  ['bilinear', 2],
  ['bicubic', 2],
];

const norms: readonly ((x: Tensor, weight: Tensor, bias: Tensor) => Tensor)[] = [
  (x, weight, bias) => layerNorm(x.transpose(1, 2), [4], { weight, bias }),
  (x, weight, bias) => groupNorm(x, 2, { weight, bias }),
  (x, weight, bias) => rmsNorm(x.transpose(1, 2), [4], { weight, eps: 1e-3 }).add(bias),
  (x, weight, bias) => instanceNorm(x.mul(weight.reshape([4, 1]))).add(bias.reshape([4, 1])),
  (x, weight, bias) => batchNorm(x, null, null, { weight, bias, training: true }),
  (x, weight, bias) => batchNorm(x, tensor([0.1, 0.2, -0.3, 0.4]), tensor([0.9, 0.5, 2, 1]), { weight, bias }),
];

/** Two operands of a matrix product, with batches that broadcast and vectors. */
const factors = fc
  .tuple(shapes(3, 3), fc.integer({ min: 1, max: 3 }), fc.nat({ max: 4 }), fc.nat())
  .map(([[batch, rows, inner], columns, form, seed]): Case => {
    const forms: readonly (readonly [number[], number[]])[] = [
      [
        [rows!, inner!],
        [inner!, columns],
      ],
      [
        [batch!, rows!, inner!],
        [inner!, columns],
      ],
      [
        [rows!, inner!],
        [batch!, inner!, columns],
      ],
      [[inner!], [batch!, inner!, columns]],
      [[batch!, rows!, inner!], [inner!]],
    ];
    return { inputs: pool(seed, around, ...forms[form]!), f: (a, b) => matmul(a!, b!) };
  });

/** Linear layers, with and without bias. */
const dense = (layer: (x: Tensor, weight: Tensor, bias: Tensor | null) => Tensor): Entry =>
  fc
    .tuple(shapes(0, 2), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }), fc.boolean(), fc.nat())
    .map(([leading, inputs, outputs, biased, seed]) => ({
      inputs: pool(seed, around, [...leading, inputs], [outputs, inputs], ...(biased ? [[outputs]] : [])),
      f: (x, weight, bias) => layer(x!, weight!, bias ?? null),
    }));

/** Ops that slide windows, resize, normalize and multiply matrices. */
export const overWindows: Readonly<Record<string, Entry>> = {
  'conv.conv': windowed(convolution),
  'conv.convInput': windowed(transposed),
  'conv.convWeight': windowed(ofWeight),
  'conv.fold': windowed(({ seed, n, stride }) => ({
    inputs: pool(seed, around, [n, 4, stride === 1 ? 6 : 2]),
    f: (x) => fold(x!, [3, 4], 2, { stride }),
  })),
  'conv.unfold': windowed(({ seed, n, length, stride, padding }) => ({
    inputs: pool(seed, around, [n, 2, length, 3]),
    f: (x) => unfold(x!, 2, { stride, padding }),
  })),
  'interpolate.resample': fc
    .tuple(fc.constantFrom(...modes), fc.nat(), fc.integer({ min: 1, max: 6 }))
    .map(([[mode, rank], seed, size]) => ({
      inputs: pool(seed, around, [1, 2, ...[3, 4].slice(0, rank)]),
      f: (x) => interpolate(x!, { size: [size, size].slice(0, rank), mode }),
    })),
  'matmul.linear': dense(linear),
  'matmul.linearRelu': dense(linearRelu),
  'matmul.matmul': factors,
  'normalize.normalize': fc.tuple(fc.constantFrom(...norms), fc.nat()).map(([norm, seed]) => ({
    inputs: pool(seed, around, [2, 4, 3], [4], [4]),
    f: (x, weight, bias) => norm(x!, weight!, bias!),
  })),
  'pool.avgPool': windowed(({ seed, n, length, stride, bias }) => ({
    inputs: pool(seed, around, [n, 2, length, 3]),
    f: (x) =>
      bias
        ? adaptiveAvgPool1d(x!.reshape([n, 2, -1]), 2)
        : avgPool2d(x!, 2, { stride, padding: 1, ceilMode: true, countIncludePad: seed % 2 === 0 }),
  })),
  'pool.avgUnpool': windowed(unpooled),
  'pool.maxPool': windowed(({ seed, n, length, stride, padding }) => ({
    inputs: pool(seed, around, [n, 2, length, 3]),
    f: (x) => maxPool2d(x!, 2, { stride, padding }),
  })),
  'pool.maxPoolEach': windowed(({ seed, n, length }) => ({
    inputs: pool(seed, around, [n, 1, length, 4]),
    f: (x) => {
      const samples = tensor(Array.from({ length: 2 * n }, (_, i) => ((seed + 37 * i) % 100) / 100)).reshape([n, 1, 2]);
      return fractionalMaxPool2d(x!, 2, samples, { outputSize: 2 }) as Tensor;
    },
  })),
  'pool.scatterPlanes': windowed(({ seed, n, length }) => {
    const [sample] = pool(seed, around, [n, 2, 2 * length]) as [Tensor];
    const { indices } = maxPool1d(sample, 2, { returnIndices: true });
    return { inputs: pool(seed, around, [n, 2, length]), f: (x) => maxUnpool1d(x!, indices, 2) };
  }),
};
