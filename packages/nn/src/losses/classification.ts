import type { Tensor } from '@q/tensor';
import { crossEntropy, nllLoss, type CrossEntropyOptions, type NLLOptions } from '../functional/loss.js';
import { WeightedLoss } from './loss.js';

/** Negative log-likelihood of class indices under log-probabilities; see `functional.nllLoss`. */
export class NLLLoss extends WeightedLoss {
  /** Class that does not count. */
  ignoreIndex: number;

  constructor(options: NLLOptions = {}) {
    super(options);
    this.ignoreIndex = options.ignoreIndex ?? -100;
  }

  /** Names of the options that the class takes. */
  protected override get optionNames(): readonly string[] {
    return [...super.optionNames, 'ignoreIndex'];
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return nllLoss(input, target, this);
  }
}

/** PyTorch's old name of `NLLLoss` for images, `[N, C, H, W]`. */
export class NLLLoss2d extends NLLLoss {}

/**
 * Cross entropy of logits `[N, C, ...]` with class indices `[N, ...]` or class probabilities `[N, C, ...]`; see
 * `functional.crossEntropy`.
 *
 * @example
 * const loss = new CrossEntropyLoss({ labelSmoothing: 0.1 }).forward(model.forward(x), labels);
 */
export class CrossEntropyLoss extends NLLLoss {
  /** Part of the target that is spread over all classes. */
  labelSmoothing: number;

  constructor(options: CrossEntropyOptions = {}) {
    super(options);
    this.labelSmoothing = options.labelSmoothing ?? 0;
  }

  /** Names of the options that the class takes. */
  protected override get optionNames(): readonly string[] {
    return [...super.optionNames, 'labelSmoothing'];
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return crossEntropy(input, target, this);
  }
}
