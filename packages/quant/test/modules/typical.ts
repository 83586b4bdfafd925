import { Generator, randn, rand, tensor, type Tensor } from '@q/tensor';

/** How to make a module of a class, and what a call of it takes. */
export interface Typical {
  readonly args: readonly unknown[];
  readonly inputs: () => readonly unknown[];
}

const generator = new Generator(5);
const normal = (...shape: number[]): Tensor => randn(shape, { generator });
/** Numbers between 0 and 1, neither of them included. */
const share = (...shape: number[]): Tensor => rand(shape, { generator }).mul(0.9).add(0.05);
const int = (values: readonly (number | readonly number[])[]): Tensor => tensor(values, { dtype: 'int32' });

const signal = (): Tensor => normal(2, 4, 8);
const image = (): Tensor => normal(2, 4, 6, 6);
const volume = (): Tensor => normal(1, 2, 4, 4, 4);
const matrix = (): Tensor => normal(2, 4);

/** Constructor arguments, then the inputs of a call. */
const of = (args: readonly unknown[], ...inputs: readonly (() => unknown)[]): Typical => ({
  args,
  inputs: () => inputs.map((input) => input()),
});

const fixed =
  <T>(value: T) =>
  (): T =>
    value;

/** The same for the one-, two- and three-dimensional class of a family. */
const dims = (name: string, args: readonly unknown[]): Record<string, Typical> =>
  Object.fromEntries([signal, image, volume].map((input, i) => [`${name}${i + 1}d`, of(args, input)]));

/** Families that come in one, two and three dims. */
const spatial: Readonly<Record<string, Typical>> = {
  ...dims('CircularPad', [1]),
  ...dims('ConstantPad', [1, 0.5]),
  ...dims('ReflectionPad', [1]),
  ...dims('ReplicationPad', [1]),
  ...dims('ZeroPad', [1]),
  ...dims('AdaptiveAvgPool', [2]),
  ...dims('AdaptiveMaxPool', [2]),
  ...dims('AvgPool', [2]),
  ...dims('MaxPool', [2]),
  ...dims('LPPool', [2, 2]),
  Conv1d: of([4, 3, 3], signal),
  Conv2d: of([4, 3, 3], image),
  Conv3d: of([2, 3, 2], volume),
  ConvTranspose1d: of([4, 3, 3], signal),
  ConvTranspose2d: of([4, 3, 3], image),
  ConvTranspose3d: of([2, 3, 2], volume),
  BatchNorm1d: of([4], signal),
  BatchNorm2d: of([4], image),
  BatchNorm3d: of([2], volume),
  InstanceNorm1d: of([4, { affine: true }], signal),
  InstanceNorm2d: of([4, { affine: true }], image),
  InstanceNorm3d: of([2, { affine: true }], volume),
  FractionalMaxPool2d: of([2, { outputSize: 3 }], image),
  FractionalMaxPool3d: of([2, { outputSize: 2 }], volume),
  MaxUnpool1d: of([2], fixed(normal(1, 1, 2)), fixed(int([1, 2]).reshape([1, 1, 2]))),
  MaxUnpool2d: of([2], fixed(normal(1, 1, 1, 2)), fixed(int([1, 6]).reshape([1, 1, 1, 2]))),
  MaxUnpool3d: of([2], fixed(normal(1, 1, 1, 1, 2)), fixed(int([1, 14]).reshape([1, 1, 1, 1, 2]))),
};

/** Layers with sizes, and products. */
const layers: Readonly<Record<string, Typical>> = {
  Softmax2d: of([], image),
  Threshold: of([0.1, -1], matrix),
  Linear: of([4, 3], matrix),
  Bilinear: of([4, 3, 2], matrix, fixed(normal(2, 3))),
  Embedding: of([5, 3], fixed(int([0, 4, 2]))),
  EmbeddingBag: of(
    [5, 3],
    fixed(
      int([
        [0, 4],
        [2, 2],
      ]),
    ),
  ),
  GroupNorm: of([2, 4], signal),
  LayerNorm: of([[4]], matrix),
  LocalResponseNorm: of([2], signal),
  RMSNorm: of([[4]], matrix),
  RmsNorm: of([[2, 4], [1], 1e-5], matrix),
  RNN: of([8, 3], signal, fixed(normal(1, 4, 3))),
  GRU: of([8, 3], signal, fixed(normal(1, 4, 3))),
  LSTM: of([8, 3], signal, fixed([normal(1, 4, 3), normal(1, 4, 3)])),
  RNNCell: of([4, 3], matrix, fixed(normal(2, 3))),
  GRUCell: of([4, 3], matrix, fixed(normal(2, 3))),
  LSTMCell: of([4, 3], matrix, fixed([normal(2, 3), normal(2, 3)])),
  Addmm: of([], fixed(normal(2, 3)), matrix, fixed(normal(4, 3))),
  Baddbmm: of([], fixed(normal(2, 2, 3)), fixed(normal(2, 2, 4)), fixed(normal(2, 4, 3))),
  Bmm: of([], fixed(normal(2, 2, 4)), fixed(normal(2, 4, 3))),
  MatMul: of([], matrix, fixed(normal(4, 3))),
  DynamicConv2d: of([], image, fixed(normal(3, 4, 3, 3)), fixed(normal(3))),
  DynamicLinear: of([], matrix, fixed(normal(3, 4)), fixed(normal(3))),
  Interpolate: of([], image, fixed({ scaleFactor: 2, mode: 'bilinear' })),
  Upsample: of([{ scaleFactor: 2 }], image),
  UpsamplingBilinear2d: of([{ scaleFactor: 2 }], image),
  UpsamplingNearest2d: of([{ scaleFactor: 2 }], image),
  ChannelShuffle: of([2], image),
  PixelShuffle: of([2], image),
  PixelUnshuffle: of([2], image),
  Unflatten: of([1, [2, 2]], matrix),
  Unfold: of([2], image),
  Fold: of([[3, 3], 2], fixed(normal(1, 4, 4))),
};

/** Operations as modules that take more than a tensor, or not any tensor. */
const operations: Readonly<Record<string, Typical>> = {
  Asin: of([], () => share(2, 4)),
  Log: of([], () => share(2, 4)),
  Sqrt: of([], () => share(2, 4)),
  RSqrt: of([], () => share(2, 4)),
  Pow: of([], () => share(2, 4), matrix),
  Divide: of([], matrix, () => share(2, 4).add(0.5)),
  Cast: of(['float64'], matrix),
  CumSum: of([], matrix, fixed(1)),
  Expand: of([], fixed(normal(1, 4)), fixed([3, 4])),
  Gather: of(
    [],
    matrix,
    fixed(1),
    fixed(
      int([
        [0, 3],
        [1, 1],
      ]),
    ),
  ),
  IndexSelect: of([], matrix, fixed(1), fixed(int([3, 0]))),
  LogicalAnd: of([], matrix, matrix),
  MaskedFill: of([], matrix, fixed(tensor([true, false, true, false])), fixed(0.5)),
  Mean: of([], matrix, fixed(1)),
  Sum: of([], matrix, fixed([0]), fixed({ keepdim: true })),
  Max: of([], matrix, fixed(1)),
  Min: of([], matrix),
  OneHot: of([], fixed(int([0, 2, 1]))),
  Pad: of([], matrix, fixed([1, 1])),
  Permute: of([], signal, fixed([2, 0, 1])),
  Reshape: of([], matrix, fixed([4, 2])),
  ScatterElements: of(
    [],
    matrix,
    fixed(1),
    fixed(
      int([
        [0, 3],
        [1, 2],
      ]),
    ),
    fixed(normal(2, 2)),
  ),
  Select: of([], matrix, fixed(1), fixed(2)),
  Slice: of([], matrix, fixed([]), fixed([1, 3])),
  Split: of([], matrix, fixed(1), fixed(1)),
  StridedSlice: of(
    [],
    matrix,
    fixed([
      [0, 2, 1],
      [0, 4, 2],
    ]),
  ),
  Tile: of([], matrix, fixed([2, 1])),
  TopK: of([], matrix, fixed(2)),
  Transpose: of([], matrix, fixed(0), fixed(1)),
  Where: of([], fixed(tensor([true, false, true, false])), matrix, matrix),
};

const probabilities = (): Tensor => share(2, 4);
const classes = fixed(int([1, 3]));
const signs = fixed(tensor([1, -1]));

const losses: Readonly<Record<string, Typical>> = {
  BCELoss: of([], probabilities, probabilities),
  BCEWithLogitsLoss: of([], matrix, probabilities),
  CrossEntropyLoss: of([], matrix, classes),
  CTCLoss: of(
    [],
    () => normal(5, 2, 4).logSoftmax(2),
    fixed(
      int([
        [1, 2],
        [3, 1],
      ]),
    ),
    fixed(int([5, 5])),
    fixed(int([2, 1])),
  ),
  CosineEmbeddingLoss: of([], matrix, matrix, signs),
  GaussianNLLLoss: of([], matrix, matrix, probabilities),
  HingeEmbeddingLoss: of(
    [],
    matrix,
    fixed(
      tensor([
        [1, -1, 1, -1],
        [1, 1, -1, 1],
      ]),
    ),
  ),
  HuberLoss: of([], matrix, matrix),
  KLDivLoss: of([], () => normal(2, 4).logSoftmax(1), probabilities),
  L1Loss: of([], matrix, matrix),
  MSELoss: of([], matrix, matrix),
  MarginRankingLoss: of([], fixed(normal(2)), fixed(normal(2)), signs),
  MultiLabelMarginLoss: of(
    [],
    matrix,
    fixed(
      int([
        [1, 2, -1, 0],
        [3, -1, 0, 1],
      ]),
    ),
  ),
  MultiLabelSoftMarginLoss: of(
    [],
    matrix,
    fixed(
      tensor([
        [1, 0, 1, 0],
        [0, 0, 1, 1],
      ]),
    ),
  ),
  MultiMarginLoss: of([], matrix, classes),
  NLLLoss: of([], () => normal(2, 4).logSoftmax(1), classes),
  NLLLoss2d: of([], () => normal(1, 4, 1, 2).logSoftmax(1), fixed(int([1, 3]).reshape([1, 1, 2]))),
  PoissonNLLLoss: of([], matrix, probabilities),
  SmoothL1Loss: of([], matrix, matrix),
  SoftMarginLoss: of(
    [],
    matrix,
    fixed(
      tensor([
        [1, -1, 1, -1],
        [1, 1, -1, 1],
      ]),
    ),
  ),
  TripletMarginLoss: of([], matrix, matrix, matrix),
  TripletMarginWithDistanceLoss: of([], matrix, matrix, matrix),
};

const known: Readonly<Record<string, Typical>> = { ...spatial, ...layers, ...operations, ...losses };

/** A typical module of a class and a call of it; without a word of its own, a class takes `[2, 4]` at each of its inputs. */
export const typicalOf = (name: string, inputs: number): Typical =>
  known[name] ?? of([], ...Array.from({ length: inputs }, () => matrix));

/** The names that have a word of their own. */
export const particular: readonly string[] = Object.keys(known);
