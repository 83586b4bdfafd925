import { fold, unfold, type Tensor } from '@q/tensor';
import { checkIntegers, checkTensor, optionsOf, perDim } from '@q/tensor/internal';
import { Module } from '../module.js';
import { fields } from '../repr.js';
import type { Sizes } from '../sizes.js';

/** Options of `Flatten`. */
export interface FlattenOptions {
  /** First dim that is joined. Default: 1. */
  readonly startDim?: number;
  /** Last dim that is joined. Default: -1. */
  readonly endDim?: number;
}

/** Joins a range of dims into one; by default all but the batch. */
export class Flatten extends Module {
  /** First dim that is joined. */
  startDim: number;
  /** Last dim that is joined. */
  endDim: number;

  constructor(options: FlattenOptions = {}) {
    const { startDim = 1, endDim = -1 } = optionsOf('Flatten', options, ['startDim', 'endDim']);
    super();
    this.startDim = startDim;
    this.endDim = endDim;
  }

  forward(x: Tensor): Tensor {
    checkTensor('Flatten', 'the input', x);
    return x.flatten({ startDim: this.startDim, endDim: this.endDim });
  }

  override extraRepr(): string {
    return fields({ start_dim: this.startDim, end_dim: this.endDim });
  }
}

/** Splits a dim into several; one of the sizes may be -1. */
export class Unflatten extends Module {
  /** The dim that is split. */
  dim: number;
  /** The sizes it is split into. */
  unflattenedSize: readonly number[];

  constructor(dim: number, unflattenedSize: readonly number[]) {
    super();
    this.dim = dim;
    checkIntegers('Unflatten', 'unflattenedSize', unflattenedSize);
    this.unflattenedSize = [...unflattenedSize];
  }

  forward(x: Tensor): Tensor {
    checkTensor('Unflatten', 'the input', x);
    return x.unflatten(this.dim, this.unflattenedSize);
  }

  override extraRepr(): string {
    return fields({ dim: this.dim, unflattened_size: this.unflattenedSize });
  }
}

/** Options of `Unfold` and `Fold`. */
export interface WindowOptions {
  /** Distance of the elements of a window. Default: 1. */
  readonly dilation?: Sizes;
  /** Zeros around the image. Default: 0. */
  readonly padding?: Sizes;
  /** Step between windows. Default: 1. */
  readonly stride?: Sizes;
}

abstract class Windows extends Module {
  /** Size of a window. */
  kernelSize: Sizes;
  /** Distance of the elements of a window. */
  dilation: Sizes;
  /** Zeros around the image. */
  padding: Sizes;
  /** Step between windows. */
  stride: Sizes;

  constructor(kernelSize: Sizes, options: WindowOptions) {
    super();
    const {
      dilation = 1,
      padding = 0,
      stride = 1,
    } = optionsOf(this.constructor.name, options, ['dilation', 'padding', 'stride']);
    const least = { kernelSize: 1, dilation: 1, padding: 0, stride: 1 } as const;
    const given = { kernelSize, dilation, padding, stride };
    for (const name of ['kernelSize', 'dilation', 'padding', 'stride'] as const)
      perDim(this.constructor.name, name, given[name], 2, least[name]);
    this.kernelSize = kernelSize;
    this.dilation = dilation;
    this.padding = padding;
    this.stride = stride;
  }

  override extraRepr(): string {
    const { kernelSize, dilation, padding, stride } = this;
    return fields({ kernel_size: kernelSize, dilation, padding, stride });
  }
}

/** Windows of images as columns: `[N, C, H, W]` to `[N, C * kernel, windows]`. */
export class Unfold extends Windows {
  constructor(kernelSize: Sizes, options: WindowOptions = {}) {
    super(kernelSize, options);
  }

  forward(x: Tensor): Tensor {
    return unfold(x, this.kernelSize, this);
  }
}

/** Images as the sum of their windows: `[N, C * kernel, windows]` to `[N, C, ...outputSize]`; the adjoint of `Unfold`. */
export class Fold extends Windows {
  /** Height and width of the images. */
  outputSize: Sizes;

  constructor(outputSize: Sizes, kernelSize: Sizes, options: WindowOptions = {}) {
    super(kernelSize, options);
    perDim('Fold', 'outputSize', outputSize, 2, 1);
    this.outputSize = outputSize;
  }

  forward(x: Tensor): Tensor {
    return fold(x, this.outputSize, this.kernelSize, this);
  }

  /** What stands between the parentheses when the module is printed. */
  override extraRepr(): string {
    return `${fields({ output_size: this.outputSize })}, ${super.extraRepr()}`;
  }
}
