import type { Tensor } from '@q/tensor';
import {
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  multilabelSoftMarginLoss,
  softMarginLoss,
  type BinaryLogitsOptions,
} from '../functional/binary-loss.js';
import type { StateNames } from '../slots.js';
import { Loss, WeightedLoss } from './loss.js';

/** Cross entropy of probabilities with targets between 0 and 1; see `functional.binaryCrossEntropy`. */
export class BCELoss extends WeightedLoss {
  forward(input: Tensor, target: Tensor): Tensor {
    return binaryCrossEntropy(input, target, this);
  }
}

/**
 * `BCELoss` of `sigmoid(input)`, without its loss of precision; see `functional.binaryCrossEntropyWithLogits`.
 *
 * @example
 * new BCEWithLogitsLoss({ posWeight: tensor([3]) }).forward(logits, labels); // a missed positive costs three times as much
 */
export class BCEWithLogitsLoss extends WeightedLoss {
  static override readonly stateNames: StateNames = { posWeight: 'pos_weight' };
  /** Factor of the positive examples, or null. */
  posWeight: Tensor | null;

  constructor(options: BinaryLogitsOptions = {}) {
    super(options);
    this.posWeight = options.posWeight ?? null;
  }

  /** Names of the options that the class takes. */
  protected override get optionNames(): readonly string[] {
    return [...super.optionNames, 'posWeight'];
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return binaryCrossEntropyWithLogits(input, target, this);
  }
}

/** `log(1 + exp(-target * input))` for targets 1 and -1. */
export class SoftMarginLoss extends Loss {
  forward(input: Tensor, target: Tensor): Tensor {
    return softMarginLoss(input, target, this);
  }
}

/** `BCEWithLogitsLoss` of every class, averaged over the classes; see `functional.multilabelSoftMarginLoss`. */
export class MultiLabelSoftMarginLoss extends WeightedLoss {
  forward(input: Tensor, target: Tensor): Tensor {
    return multilabelSoftMarginLoss(input, target, this);
  }
}
