import {
  avgPool1d,
  avgPool2d,
  avgPool3d,
  fractionalMaxPool2d,
  fractionalMaxPool3d,
  lpPool1d,
  lpPool2d,
  lpPool3d,
  maxPool1d,
  maxPool2d,
  maxPool3d,
  maxUnpool1d,
  maxUnpool2d,
  maxUnpool3d,
  rand,
  type AvgPoolOptions,
  type FractionalMaxPoolOptions,
  type LpPoolOptions,
  type MaxPoolOptions,
  type MaxUnpoolOptions,
  type Tensor,
  type ValuesAndIndices,
} from '@q/tensor';
import { checkBoolean, checkKnown, checkTensor, optionsOf, perDim } from '@q/tensor/internal';
import { Module } from '../module.js';
import { checkBooleans } from '../options.js';
import { fields } from '../repr.js';
import type { Sizes } from '../sizes.js';
import type { ModuleStatics } from '../slots.js';
import type { Layer } from './operation.js';

/** What a max pool gives: the maxima, or with `returnIndices` also where they are. */
export type PoolResult<R extends boolean> = R extends true ? ValuesAndIndices : Tensor;

/** Options of the max pooling layers. */
export type MaxPoolLayerOptions<R extends boolean> = Omit<MaxPoolOptions, 'returnIndices'> & {
  /** Return `{ values, indices }`. Default: false. */
  readonly returnIndices?: R;
};

/** A max pooling layer. */
export interface MaxPoolLayer<R extends boolean> extends Module {
  /** Size of a window. */
  kernelSize: Sizes;
  /** Step between windows. */
  stride: Sizes;
  /** Positions added at both ends of every spatial dim, which no maximum comes from. */
  padding: Sizes;
  /** Distance of the elements of a window. */
  dilation: Sizes;
  /** Whether windows that begin inside but end outside are counted. */
  ceilMode: boolean;
  /** Whether `{ values, indices }` are returned. */
  returnIndices: boolean;
  forward(x: Tensor): PoolResult<R>;
}

/** Class of the max pooling layers. */
export interface MaxPoolClass extends ModuleStatics {
  new <R extends boolean = false>(kernelSize: Sizes, options?: MaxPoolLayerOptions<R>): MaxPoolLayer<R>;
}

type MaxPool = (x: Tensor, kernelSize: Sizes, options: MaxPoolOptions) => Tensor | ValuesAndIndices;

function maxPooling(rank: number, fn: MaxPool): MaxPoolClass {
  return class<R extends boolean> extends Module {
    kernelSize: Sizes;
    stride: Sizes;
    padding: Sizes;
    dilation: Sizes;
    ceilMode: boolean;
    returnIndices: boolean;

    constructor(kernelSize: Sizes, options: MaxPoolLayerOptions<R> = {}) {
      super();
      const layer = this.constructor.name;
      checkKnown(layer, options, ['stride', 'padding', 'dilation', 'ceilMode', 'returnIndices']);
      const { ceilMode = false, returnIndices = false } = options;
      checkBooleans(layer, { ceilMode, returnIndices });
      perDim(layer, 'kernelSize', kernelSize, rank, 1);
      this.kernelSize = kernelSize;
      this.stride = options.stride ?? kernelSize;
      this.padding = options.padding ?? 0;
      this.dilation = options.dilation ?? 1;
      this.ceilMode = ceilMode;
      this.returnIndices = returnIndices;
    }

    forward(x: Tensor): PoolResult<R> {
      // Which of the two the function returns is what R says.
      return fn(x, this.kernelSize, this) as PoolResult<R>;
    }

    override extraRepr(): string {
      const { kernelSize, stride, padding, dilation, ceilMode } = this;
      return fields({ kernel_size: kernelSize, stride, padding, dilation, ceil_mode: ceilMode });
    }
  };
}

/** Largest element of each window of `[N, C, L]` or `[C, L]`. */
export class MaxPool1d<R extends boolean = false> extends maxPooling(1, maxPool1d)<R> {}

/**
 * Largest element of each window of `[N, C, H, W]` or `[C, H, W]`.
 *
 * @example
 * new MaxPool2d(2).forward(randn([8, 16, 32, 32])); // [8, 16, 16, 16]
 */
export class MaxPool2d<R extends boolean = false> extends maxPooling(2, maxPool2d)<R> {}

/** Largest element of each window of `[N, C, D, H, W]` or `[C, D, H, W]`. */
export class MaxPool3d<R extends boolean = false> extends maxPooling(3, maxPool3d)<R> {}

/** An average pooling layer. */
export interface AvgPoolLayer extends Layer {
  /** Size of a window. */
  kernelSize: Sizes;
  /** Step between windows. */
  stride: Sizes;
  /** Zeros added at both ends of every spatial dim. */
  padding: Sizes;
  /** Whether windows that begin inside but end outside are counted. */
  ceilMode: boolean;
  /** Whether zeros of the padding count as elements. */
  countIncludePad: boolean;
  /** What sums are divided by instead of the number of elements, or null. */
  divisorOverride: number | null;
}

/** Class of the average pooling layers. */
export interface AvgPoolClass extends ModuleStatics {
  new (kernelSize: Sizes, options?: AvgPoolOptions): AvgPoolLayer;
}

const averageOptions = ['stride', 'padding', 'ceilMode', 'countIncludePad', 'divisorOverride'];

type AvgPool = (x: Tensor, kernelSize: Sizes, options: AvgPoolOptions) => Tensor;

function avgPooling(rank: number, fn: AvgPool): AvgPoolClass {
  return class extends Module {
    kernelSize: Sizes;
    stride: Sizes;
    padding: Sizes;
    ceilMode: boolean;
    countIncludePad: boolean;
    divisorOverride: number | null;

    constructor(kernelSize: Sizes, options: AvgPoolOptions = {}) {
      super();
      checkKnown(this.constructor.name, options, averageOptions);
      const { ceilMode = false, countIncludePad = true } = options;
      checkBooleans(this.constructor.name, { ceilMode, countIncludePad });
      perDim(this.constructor.name, 'kernelSize', kernelSize, rank, 1);
      this.kernelSize = kernelSize;
      this.stride = options.stride ?? kernelSize;
      this.padding = options.padding ?? 0;
      this.ceilMode = ceilMode;
      this.countIncludePad = countIncludePad;
      this.divisorOverride = options.divisorOverride ?? null;
    }

    forward(x: Tensor): Tensor {
      return fn(x, this.kernelSize, this);
    }

    override extraRepr(): string {
      // PyTorch keeps tuples for one dim only.
      const shown = (sizes: Sizes): Sizes => (rank === 1 && typeof sizes === 'number' ? [sizes] : sizes);
      return fields({
        kernel_size: shown(this.kernelSize),
        stride: shown(this.stride),
        padding: shown(this.padding),
      });
    }
  };
}

/** Mean of each window of `[N, C, L]` or `[C, L]`. */
export class AvgPool1d extends avgPooling(1, avgPool1d) {}

/** Mean of each window of `[N, C, H, W]` or `[C, H, W]`. */
export class AvgPool2d extends avgPooling(2, avgPool2d) {}

/** Mean of each window of `[N, C, D, H, W]` or `[C, D, H, W]`. */
export class AvgPool3d extends avgPooling(3, avgPool3d) {}

/** A power-average pooling layer. */
export interface LPPoolLayer extends Layer {
  /** The exponent. */
  normType: number;
  /** Size of a window. */
  kernelSize: Sizes;
  /** Step between windows; null for the size of a window. */
  stride: Sizes | null;
  /** Whether windows that begin inside but end outside are counted. */
  ceilMode: boolean;
}

/** Class of the power-average pooling layers. */
export interface LPPoolClass extends ModuleStatics {
  new (normType: number, kernelSize: Sizes, options?: LpPoolOptions): LPPoolLayer;
}

type LpPool = (x: Tensor, normType: number, kernelSize: Sizes, options: LpPoolOptions) => Tensor;

function lpPooling(rank: number, fn: LpPool): LPPoolClass {
  return class extends Module {
    normType: number;
    kernelSize: Sizes;
    stride: Sizes | null;
    ceilMode: boolean;

    constructor(normType: number, kernelSize: Sizes, options: LpPoolOptions = {}) {
      super();
      const { stride = null, ceilMode = false } = optionsOf(this.constructor.name, options, ['stride', 'ceilMode']);
      perDim(this.constructor.name, 'kernelSize', kernelSize, rank, 1);
      checkBoolean(this.constructor.name, 'ceilMode', ceilMode);
      this.normType = normType;
      this.kernelSize = kernelSize;
      this.stride = stride;
      this.ceilMode = ceilMode;
    }

    forward(x: Tensor): Tensor {
      return fn(x, this.normType, this.kernelSize, this);
    }

    override extraRepr(): string {
      const { normType, kernelSize, stride, ceilMode } = this;
      return fields({ norm_type: normType, kernel_size: kernelSize, stride, ceil_mode: ceilMode });
    }
  };
}

/** `sum(x^p)^(1/p)` of each window of `[N, C, L]`. */
export class LPPool1d extends lpPooling(1, lpPool1d) {}

/** `sum(x^p)^(1/p)` of each window of `[N, C, H, W]`. */
export class LPPool2d extends lpPooling(2, lpPool2d) {}

/** `sum(x^p)^(1/p)` of each window of `[N, C, D, H, W]`. */
export class LPPool3d extends lpPooling(3, lpPool3d) {}

/** Options of the forward of the unpooling layers. */
export interface UnpoolOptions {
  /** Sizes of the result, where the pool left several possible. */
  readonly outputSize?: readonly number[] | null;
}

/** A layer that undoes a max pool. */
export interface MaxUnpoolLayer extends Module {
  /** Size of the pool's windows. */
  kernelSize: number[];
  /** Step between the pool's windows. */
  stride: number[];
  /** Padding of the pool. */
  padding: number[];
  forward(x: Tensor, indices: Tensor, options?: UnpoolOptions): Tensor;
}

/** Class of the unpooling layers. */
export interface MaxUnpoolClass extends ModuleStatics {
  new (kernelSize: Sizes, options?: Pick<MaxUnpoolOptions, 'stride' | 'padding'>): MaxUnpoolLayer;
}

type MaxUnpool = (x: Tensor, indices: Tensor, kernelSize: Sizes, options: MaxUnpoolOptions) => Tensor;

function maxUnpooling(rank: number, fn: MaxUnpool): MaxUnpoolClass {
  return class extends Module {
    kernelSize: number[];
    stride: number[];
    padding: number[];

    constructor(kernelSize: Sizes, options: Pick<MaxUnpoolOptions, 'stride' | 'padding'> = {}) {
      super();
      const layer = this.constructor.name;
      const { stride, padding = 0 } = optionsOf(layer, options, ['stride', 'padding']);
      this.kernelSize = [...perDim(layer, 'kernelSize', kernelSize, rank, 1)];
      this.stride = [...perDim(layer, 'stride', stride ?? kernelSize, rank, 1)];
      this.padding = [...perDim(layer, 'padding', padding, rank, 0)];
    }

    forward(x: Tensor, indices: Tensor, options: UnpoolOptions = {}): Tensor {
      const { outputSize = null } = optionsOf(this.constructor.name, options, ['outputSize']);
      return fn(x, indices, this.kernelSize, { stride: this.stride, padding: this.padding, outputSize });
    }

    override extraRepr(): string {
      const { kernelSize, stride, padding } = this;
      return fields({ kernel_size: kernelSize, stride, padding });
    }
  };
}

/** Puts the maxima of a `MaxPool1d` back to where they were, 0 elsewhere. */
export class MaxUnpool1d extends maxUnpooling(1, maxUnpool1d) {}

/** Puts the maxima of a `MaxPool2d` back to where they were, 0 elsewhere. */
export class MaxUnpool2d extends maxUnpooling(2, maxUnpool2d) {}

/** Puts the maxima of a `MaxPool3d` back to where they were, 0 elsewhere. */
export class MaxUnpool3d extends maxUnpooling(3, maxUnpool3d) {}

/** Options of the fractional max pooling layers: exactly one of `outputSize` and `outputRatio`. */
export type FractionalLayerOptions<R extends boolean> = Omit<FractionalMaxPoolOptions, 'returnIndices'> & {
  /** Return `{ values, indices }`. Default: false. */
  readonly returnIndices?: R;
};

/** A fractional max pooling layer. */
export interface FractionalMaxPoolLayer<R extends boolean> extends Module {
  /** Size of a window. */
  kernelSize: Sizes;
  /** Spatial sizes of the result, or null where `outputRatio` says them. */
  outputSize: Sizes | null;
  /** Sizes of the result as parts of the input's, or null. */
  outputRatio: number | readonly number[] | null;
  /** Whether `{ values, indices }` are returned. */
  returnIndices: boolean;
  forward(x: Tensor): PoolResult<R>;
}

/** Class of the fractional max pooling layers. */
export interface FractionalMaxPoolClass extends ModuleStatics {
  new <R extends boolean = false>(kernelSize: Sizes, options: FractionalLayerOptions<R>): FractionalMaxPoolLayer<R>;
}

type FractionalMaxPool = (
  x: Tensor,
  kernelSize: Sizes,
  samples: Tensor,
  options: FractionalMaxPoolOptions,
) => Tensor | ValuesAndIndices;

function fractionalMaxPooling(rank: number, fn: FractionalMaxPool): FractionalMaxPoolClass {
  return class<R extends boolean> extends Module {
    kernelSize: Sizes;
    outputSize: Sizes | null;
    outputRatio: number | readonly number[] | null;
    returnIndices: boolean;

    constructor(kernelSize: Sizes, options: FractionalLayerOptions<R>) {
      super();
      const {
        outputSize,
        outputRatio,
        returnIndices = false,
      } = optionsOf(this.constructor.name, options, ['outputSize', 'outputRatio', 'returnIndices']);
      checkBoolean(this.constructor.name, 'returnIndices', returnIndices);
      this.kernelSize = kernelSize;
      this.outputSize = outputSize ?? null;
      this.outputRatio = outputRatio ?? null;
      this.returnIndices = returnIndices;
    }

    forward(x: Tensor): PoolResult<R> {
      checkTensor(this.constructor.name, 'the input', x);
      const batch = x.ndim === rank + 1 ? 1 : (x.shape[0] ?? 1);
      const samples = rand([batch, x.shape[x.ndim - rank - 1] ?? 1, rank]);
      return fn(x, this.kernelSize, samples, this) as PoolResult<R>;
    }
  };
}

/** Max pooling over windows placed at random so that sizes shrink by a fraction (Graham, 2014), over the last 2 dims. */
export class FractionalMaxPool2d<R extends boolean = false> extends fractionalMaxPooling(2, fractionalMaxPool2d)<R> {}

/** Max pooling over windows placed at random so that sizes shrink by a fraction (Graham, 2014), over the last 3 dims. */
export class FractionalMaxPool3d<R extends boolean = false> extends fractionalMaxPooling(3, fractionalMaxPool3d)<R> {}
