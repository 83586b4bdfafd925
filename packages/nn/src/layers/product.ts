import { conv2d, linear, type AddmmOptions, type Tensor } from '@q/tensor';
import { optionsOf } from '@q/tensor/internal';
import { Module } from '../module.js';
import type { ConvOptions } from './conv.js';
import { operation } from './operation.js';

/** Matrix product `x @ y`. */
export class MatMul extends operation((x: Tensor, y: Tensor) => x.matmul(y)) {}

/** Matrix products of two batches: `[B, n, m]` and `[B, m, p]` to `[B, n, p]`. */
export class Bmm extends operation((x: Tensor, y: Tensor) => x.bmm(y)) {}

/** `beta * x + alpha * (a @ b)` for matrices. */
export class Addmm extends operation((x: Tensor, a: Tensor, b: Tensor, options?: AddmmOptions) =>
  x.addmm(a, b, options),
) {}

/** `beta * x + alpha * (a @ b)` for batches of matrices. */
export class Baddbmm extends operation((x: Tensor, a: Tensor, b: Tensor, options?: AddmmOptions) =>
  x.baddbmm(a, b, options),
) {}

/** `x @ weight.T + bias` with a weight computed elsewhere. */
export class DynamicLinear extends operation((x: Tensor, weight: Tensor, bias?: Tensor | null) =>
  linear(x, weight, bias),
) {}

/** 2-d convolution with a weight computed elsewhere. */
export class DynamicConv2d extends Module {
  /** Stride, padding, dilation and groups of the convolution. */
  options: Pick<ConvOptions, 'stride' | 'padding' | 'dilation' | 'groups'>;

  constructor(options: Omit<ConvOptions, 'bias' | 'paddingMode'> = {}) {
    const {
      stride = 1,
      padding = 0,
      dilation = 1,
      groups = 1,
    } = optionsOf('DynamicConv2d', options, ['outputPadding', 'stride', 'padding', 'dilation', 'groups']);
    super();
    this.options = { stride, padding, dilation, groups };
  }

  forward(x: Tensor, weight: Tensor, bias: Tensor | null = null): Tensor {
    return conv2d(x, weight, bias, this.options);
  }
}
