import { ArgumentError, groupNorm, ones, ShapeError, shown, zeros, type Tensor } from '@q/tensor';
import { checkBoolean, checkNumber, checkTensor, optionsOf } from '@q/tensor/internal';
import { Module } from '../../module.js';
import { Parameter } from '../../parameter.js';
import { fields } from '../../repr.js';
import { checkSizes } from '../../sizes.js';

/** Options of `GroupNorm`. */
export interface GroupNormOptions {
  /** Added to the variance. Default: 1e-5. */
  readonly eps?: number;
  /** Whether weight and bias are learned. Default: true. */
  readonly affine?: boolean;
}

/** Normalizes each of `numGroups` groups of the channels of `[N, C, ...]`, sample by sample (Wu and He, 2018). */
export class GroupNorm extends Module {
  /** Number of groups of channels. */
  numGroups: number;
  /** Number of channels. */
  numChannels: number;
  /** Added to the variance. */
  eps: number;
  /** Whether weight and bias are learned. */
  affine: boolean;
  /** Factor of each channel, `[numChannels]`, or null. */
  weight: Parameter | null;
  /** What is added to each channel, `[numChannels]`, or null. */
  bias: Parameter | null;

  constructor(numGroups: number, numChannels: number, options: GroupNormOptions = {}) {
    const { eps = 1e-5, affine = true } = optionsOf('GroupNorm', options, ['eps', 'affine']);
    super();
    checkSizes('GroupNorm', { numGroups, numChannels });
    checkBoolean('GroupNorm', 'affine', affine);
    checkNumber('GroupNorm', 'eps', eps, 0);
    if (numChannels % numGroups !== 0)
      throw new ArgumentError(`GroupNorm: ${numChannels} channels do not divide into ${numGroups} groups.`);
    this.numGroups = numGroups;
    this.numChannels = numChannels;
    this.eps = eps;
    this.affine = affine;
    this.weight = affine ? new Parameter(ones([numChannels])) : null;
    this.bias = affine ? new Parameter(zeros([numChannels])) : null;
  }

  forward(x: Tensor): Tensor {
    const { weight, bias, eps } = this;
    checkTensor('GroupNorm', 'the input', x);
    // As PyTorch, which counts the values of a group over the whole batch.
    if (x.ndim >= 2 && x.numel === this.numGroups)
      throw new ShapeError(`GroupNorm: needs more than one value per group, got shape ${shown(x.shape)}.`);
    return groupNorm(x, this.numGroups, { weight, bias, eps });
  }

  override extraRepr(): string {
    return `${this.numGroups}, ${this.numChannels}, ${fields({ eps: this.eps, affine: this.affine })}`;
  }
}
