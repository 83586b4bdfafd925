import type { Tensor } from '@q/tensor';
import { ctcLoss, type CTCOptions, type Lengths } from '../functional/ctc-loss.js';
import { Loss } from './loss.js';

/** Loss of label sequences of unknown alignment (Graves et al., 2006); see `functional.ctcLoss`. */
export class CTCLoss extends Loss {
  /** Class that stands for nothing. */
  blank: number;
  /** Whether infinite losses, and their gradients, are 0. */
  zeroInfinity: boolean;

  constructor(options: CTCOptions = {}) {
    super(options);
    this.blank = options.blank ?? 0;
    this.zeroInfinity = options.zeroInfinity ?? false;
  }

  protected override get optionNames(): readonly string[] {
    return [...super.optionNames, 'blank', 'zeroInfinity'];
  }

  forward(logProbabilities: Tensor, targets: Tensor, inputLengths: Lengths, targetLengths: Lengths): Tensor {
    return ctcLoss(logProbabilities, targets, inputLengths, targetLengths, this);
  }
}
