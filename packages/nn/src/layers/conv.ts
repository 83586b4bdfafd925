import {
  ArgumentError,
  conv1d,
  conv2d,
  conv3d,
  convTranspose1d,
  convTranspose2d,
  convTranspose3d,
  described,
  ShapeError,
  shown,
  zeros,
  type Tensor,
} from '@q/tensor';
import { checkBoolean, checkChoice, checkIntegers, checkTensor, optionsOf, perDim } from '@q/tensor/internal';
import { calculateFans, kaimingUniform, uniform } from '../init.js';
import { Module } from '../module.js';
import { Parameter } from '../parameter.js';
import { fields } from '../repr.js';
import { checkSizes, type Sizes } from '../sizes.js';

/** What stands beyond the border of the input. */
export type PaddingMode = 'zeros' | 'reflect' | 'replicate' | 'circular';

/** Options of the convolutions. */
export interface ConvOptions {
  /** Step of the kernel. Default: 1. */
  readonly stride?: Sizes;
  /** Positions added at both ends of every spatial dim, or 'same' (output as large as the input), or 'valid'. Default: 0. */
  readonly padding?: Sizes | 'same' | 'valid';
  /** Distance of the kernel's elements. Default: 1. */
  readonly dilation?: Sizes;
  /** Blocks of channels that are convolved apart. Default: 1. */
  readonly groups?: number;
  /** Whether a bias is learned. Default: true. */
  readonly bias?: boolean;
  /** What stands in the padding. Default: 'zeros'. */
  readonly paddingMode?: PaddingMode;
  /** Only of transposed convolutions. */
  readonly outputPadding?: undefined;
}

/** Options of the transposed convolutions. */
export interface ConvTransposeOptions extends Omit<ConvOptions, 'padding' | 'paddingMode' | 'outputPadding'> {
  /** Positions that the convolution of which this is the adjoint would add at both ends. Default: 0. */
  readonly padding?: Sizes;
  /** Positions added at one end of the output, to choose between sizes the convolution maps to one. Default: 0. */
  readonly outputPadding?: Sizes;
  /** What stands in the padding: nothing else is possible. Default: 'zeros'. */
  readonly paddingMode?: 'zeros';
}

/** What convolutions and transposed convolutions share. */
abstract class ConvNd extends Module {
  /** Channels of the input. */
  inChannels: number;
  /** Channels of the result. */
  outChannels: number;
  /** Size of the kernel per spatial dim. */
  kernelSize: number[];
  /** Step of the kernel per spatial dim. */
  stride: number[];
  /** Positions added at both ends of every spatial dim, or the name of a rule. */
  padding: number[] | 'same' | 'valid';
  /** Distance of the kernel's elements per spatial dim. */
  dilation: number[];
  /** Positions added at one end of the output; only of transposed convolutions. */
  outputPadding: number[];
  /** Blocks of channels that are convolved apart. */
  groups: number;
  /** What stands in the padding. */
  paddingMode: PaddingMode;
  /** The kernels; the class says in which shape. */
  weight: Parameter;
  /** What is added to every channel, `[outChannels]`, or null. */
  bias: Parameter | null;

  constructor(
    rank: number,
    transposed: boolean,
    inChannels: number,
    outChannels: number,
    kernelSize: Sizes,
    options: Omit<ConvOptions, 'outputPadding'> & { readonly outputPadding?: Sizes | undefined },
  ) {
    super();
    const layer = this.constructor.name;
    const {
      stride = 1,
      padding = 0,
      dilation = 1,
      groups = 1,
      bias = true,
      paddingMode = 'zeros',
      outputPadding,
    } = optionsOf(layer, options, ['stride', 'padding', 'dilation', 'groups', 'bias', 'paddingMode', 'outputPadding']);
    checkSizes(layer, { inChannels, outChannels, groups });
    checkBoolean(layer, 'bias', bias);
    if (inChannels % groups !== 0 || outChannels % groups !== 0)
      throw new ArgumentError(
        `${layer}: inChannels (${inChannels}) and outChannels (${outChannels}) must be divisible by groups (${groups}).`,
      );
    checkChoice(
      layer,
      'paddingMode',
      paddingMode,
      transposed ? ['zeros'] : ['zeros', 'reflect', 'replicate', 'circular'],
    );
    if (!transposed && outputPadding !== undefined)
      throw new ArgumentError(
        `${layer}: outputPadding is for transposed convolutions, got ${described(outputPadding)}. Leave it out, or take ConvTranspose${rank}d.`,
      );
    const sizes = (name: string, value: Sizes, least: number): number[] => [...perDim(layer, name, value, rank, least)];
    this.inChannels = inChannels;
    this.outChannels = outChannels;
    this.kernelSize = sizes('kernelSize', kernelSize, 1);
    this.stride = sizes('stride', stride, 1);
    this.dilation = sizes('dilation', dilation, 1);
    this.outputPadding = sizes('outputPadding', outputPadding ?? 0, 0);
    if (typeof padding === 'string') {
      if (transposed)
        throw new ArgumentError(
          `${layer}: padding '${padding}' is for convolutions only. Give an integer, or one per dim.`,
        );
      checkChoice(layer, 'padding', padding, ['same', 'valid']);
      if (padding === 'same' && this.stride.some((step) => step !== 1))
        throw new ArgumentError(
          `${layer}: padding 'same' is only possible with a stride of 1, got ${shown(this.stride)}.`,
        );
      this.padding = padding;
    } else this.padding = sizes('padding', padding, 0);
    this.groups = groups;
    this.paddingMode = paddingMode;
    const [rows, columns] = transposed ? [inChannels, outChannels] : [outChannels, inChannels];
    this.weight = new Parameter(zeros([rows, columns / groups, ...this.kernelSize]));
    this.bias = bias ? new Parameter(zeros([outChannels])) : null;
    this.resetParameters();
  }

  /** Draws new weights, as PyTorch does. */
  resetParameters(): void {
    kaimingUniform(this.weight, { a: Math.sqrt(5) });
    const bound = 1 / Math.sqrt(calculateFans(this.weight).fanIn);
    if (this.bias) uniform(this.bias, -bound, bound);
  }

  override extraRepr(): string {
    const { padding } = this;
    const differs = (values: readonly number[], usual: number): boolean => values.some((value) => value !== usual);
    return [
      `${this.inChannels}, ${this.outChannels}`,
      fields({
        kernel_size: this.kernelSize,
        stride: this.stride,
        ...((typeof padding === 'string' || differs(padding, 0)) && { padding }),
        ...(differs(this.dilation, 1) && { dilation: this.dilation }),
        ...(differs(this.outputPadding, 0) && { output_padding: this.outputPadding }),
        ...(this.groups !== 1 && { groups: this.groups }),
        ...(this.bias === null && { bias: false }),
        ...(this.paddingMode !== 'zeros' && { padding_mode: this.paddingMode }),
      }),
    ].join(', ');
  }
}

abstract class Convolution extends ConvNd {
  constructor(rank: number, inChannels: number, outChannels: number, kernelSize: Sizes, options: ConvOptions) {
    super(rank, false, inChannels, outChannels, kernelSize, options);
  }

  /**
   * The input with the padding that is not zeros, and what is left to the operation.
   *
   * @internal
   */
  protected padded(x: Tensor): {
    x: Tensor;
    options: { stride: number[]; padding: number[] | 'same' | 'valid'; dilation: number[]; groups: number };
  } {
    checkTensor(this.constructor.name, 'the input', x);
    const { stride, dilation, groups, padding, paddingMode } = this;
    if (paddingMode === 'zeros' || padding === 'valid') return { x, options: { stride, padding, dilation, groups } };
    // Pairs for the last dim first, as `pad` takes them; 'same' puts the odd one at the end.
    const pairs = this.kernelSize.map((size, d) => {
      if (padding !== 'same') return [padding[d]!, padding[d]!];
      const total = dilation[d]! * (size - 1);
      return [Math.floor(total / 2), total - Math.floor(total / 2)];
    });
    return {
      x: x.pad(pairs.reverse().flat(), { mode: paddingMode }),
      options: { stride, padding: this.kernelSize.map(() => 0), dilation, groups },
    };
  }
}

/**
 * Convolution over one dim: `[N, inChannels, L]` or `[inChannels, L]` to `[..., outChannels, L']`.
 *
 * `weight` is `[outChannels, inChannels / groups, kernel]`.
 */
export class Conv1d extends Convolution {
  constructor(inChannels: number, outChannels: number, kernelSize: Sizes, options: ConvOptions = {}) {
    super(1, inChannels, outChannels, kernelSize, options);
  }

  forward(x: Tensor): Tensor {
    const input = this.padded(x);
    return conv1d(input.x, this.weight, this.bias, input.options);
  }
}

/**
 * Convolution over two dims: `[N, inChannels, H, W]` or `[inChannels, H, W]` to `[..., outChannels, H', W']`.
 *
 * `weight` is `[outChannels, inChannels / groups, ...kernel]`.
 *
 * @example
 * new Conv2d(3, 16, 3, { stride: 2, padding: 1 }).forward(randn([8, 3, 32, 32])); // [8, 16, 16, 16]
 */
export class Conv2d extends Convolution {
  constructor(inChannels: number, outChannels: number, kernelSize: Sizes, options: ConvOptions = {}) {
    super(2, inChannels, outChannels, kernelSize, options);
  }

  forward(x: Tensor): Tensor {
    const input = this.padded(x);
    return conv2d(input.x, this.weight, this.bias, input.options);
  }
}

/**
 * Convolution over three dims: `[N, inChannels, D, H, W]` or `[inChannels, D, H, W]` to `[..., outChannels, D', H', W']`.
 *
 * `weight` is `[outChannels, inChannels / groups, ...kernel]`.
 */
export class Conv3d extends Convolution {
  constructor(inChannels: number, outChannels: number, kernelSize: Sizes, options: ConvOptions = {}) {
    super(3, inChannels, outChannels, kernelSize, options);
  }

  forward(x: Tensor): Tensor {
    const input = this.padded(x);
    return conv3d(input.x, this.weight, this.bias, input.options);
  }
}

/** Options of the forward of the transposed convolutions. */
export interface OutputSizeOptions {
  /** Spatial sizes of the result (or its whole shape), among those that the convolution maps to the input's size. */
  readonly outputSize?: readonly number[] | null;
}

abstract class TransposedConvolution extends ConvNd {
  constructor(rank: number, inChannels: number, outChannels: number, kernelSize: Sizes, options: ConvTransposeOptions) {
    super(rank, true, inChannels, outChannels, kernelSize, options);
  }

  /**
   * Options of the operation; `outputSize` decides the output padding where it is given.
   *
   * @internal
   */
  protected geometry(
    x: Tensor,
    options: OutputSizeOptions,
  ): { stride: number[]; padding: number[]; outputPadding: number[]; groups: number; dilation: number[] } {
    const layer = this.constructor.name;
    const { outputSize = null } = optionsOf(layer, options, ['outputSize']);
    const { stride, dilation, groups, kernelSize } = this;
    const padding = this.padding as number[];
    const given = { stride, padding, dilation, groups };
    if (outputSize === null) return { ...given, outputPadding: this.outputPadding };
    checkTensor(layer, 'the input', x);
    checkIntegers(layer, 'outputSize', outputSize);
    const rank = kernelSize.length;
    const sizes = outputSize.length === x.ndim ? outputSize.slice(x.ndim - rank) : outputSize;
    if (sizes.length !== rank)
      throw new ShapeError(`${layer}: outputSize must have ${rank} or ${x.ndim} sizes, got ${shown(outputSize)}.`);
    const outputPadding = sizes.map((size, d) => {
      const least =
        (x.shape[x.ndim - rank + d]! - 1) * stride[d]! - 2 * padding[d]! + dilation[d]! * (kernelSize[d]! - 1) + 1;
      const most = least + stride[d]! - 1;
      if (size < least || size > most)
        throw new ShapeError(
          `${layer}: an output size of ${size} in spatial dim ${d} is impossible; it can be ${least} to ${most} for an input of shape ${shown(x.shape)}.`,
        );
      return size - least;
    });
    return { ...given, outputPadding };
  }
}

/** Adjoint of `Conv1d`: `[N, inChannels, L]` to a longer `[N, outChannels, L']`; `weight` is `[inChannels, outChannels / groups, kernel]`. */
export class ConvTranspose1d extends TransposedConvolution {
  constructor(inChannels: number, outChannels: number, kernelSize: Sizes, options: ConvTransposeOptions = {}) {
    super(1, inChannels, outChannels, kernelSize, options);
  }

  forward(x: Tensor, options: OutputSizeOptions = {}): Tensor {
    return convTranspose1d(x, this.weight, this.bias, this.geometry(x, options));
  }
}

/** Adjoint of `Conv2d`: `[N, inChannels, H, W]` to a larger `[N, outChannels, H', W']`; `weight` is `[inChannels, outChannels / groups, ...kernel]`. */
export class ConvTranspose2d extends TransposedConvolution {
  constructor(inChannels: number, outChannels: number, kernelSize: Sizes, options: ConvTransposeOptions = {}) {
    super(2, inChannels, outChannels, kernelSize, options);
  }

  forward(x: Tensor, options: OutputSizeOptions = {}): Tensor {
    return convTranspose2d(x, this.weight, this.bias, this.geometry(x, options));
  }
}

/** Adjoint of `Conv3d`: `[N, inChannels, D, H, W]` to a larger `[N, outChannels, D', H', W']`; `weight` is `[inChannels, outChannels / groups, ...kernel]`. */
export class ConvTranspose3d extends TransposedConvolution {
  constructor(inChannels: number, outChannels: number, kernelSize: Sizes, options: ConvTransposeOptions = {}) {
    super(3, inChannels, outChannels, kernelSize, options);
  }

  forward(x: Tensor, options: OutputSizeOptions = {}): Tensor {
    return convTranspose3d(x, this.weight, this.bias, this.geometry(x, options));
  }
}
