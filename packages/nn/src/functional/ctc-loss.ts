import {
  ArgumentError,
  AutogradError,
  defineOp,
  described,
  IndexError,
  ShapeError,
  shown,
  tensor,
  Tensor,
} from '@q/tensor';
import { checkBoolean, checkTensors, isIntegers, optionsOf } from '@q/tensor/internal';
import { reduced, type ReductionOptions } from './loss.js';

/** Options of `ctcLoss`. */
export interface CTCOptions extends ReductionOptions {
  /** The class that stands for no label. Default: 0. */
  readonly blank?: number;
  /** Whether infinite losses, of inputs too short for their labels, and their gradients become 0. Default: false. */
  readonly zeroInfinity?: boolean;
}

/** One length per sample, as integers. */
export type Lengths = Tensor | readonly number[] | number;

/** Labels and lengths of a batch of sequences. */
interface Alignment {
  /** For each sample, a blank before, between and behind its labels. */
  readonly paths: readonly Int32Array[];
  readonly inputLengths: readonly number[];
  readonly zeroInfinity: boolean;
}

/** The log-probabilities `[T, N, C]` of one sample. */
interface Steps {
  readonly values: Float64Array;
  readonly steps: number;
  /** Elements from one step to the next, and where the sample begins. */
  readonly stride: number;
  readonly start: number;
}

/** log(exp(a) + exp(b)), of which either may be -Infinity. */
function logAdd(a: number, b: number): number {
  const larger = Math.max(a, b);
  return larger === -Infinity ? larger : larger + Math.log1p(Math.exp(-Math.abs(a - b)));
}

/** Whether a path may jump to `s` over the blank before it: to a label that differs from the last one. */
const jumps = (path: Int32Array, s: number): boolean => s % 2 === 1 && s > 1 && path[s] !== path[s - 2];

/** Forward variables (Graves et al., 2006, eq. 5-8): log-probability of all ways to be at `path[s]` after step t, `[T, S]`. */
function forwardVariables({ values, steps, stride, start }: Steps, path: Int32Array): Float64Array {
  const size = path.length;
  const alpha = new Float64Array(steps * size).fill(-Infinity);
  for (let s = 0; s < Math.min(2, size) && steps > 0; s++) alpha[s] = values[start + path[s]!]!;
  for (let t = 1; t < steps; t++) {
    const [row, before] = [t * size, (t - 1) * size];
    for (let s = 0; s < size; s++) {
      let sum = alpha[before + s]!;
      if (s > 0) sum = logAdd(sum, alpha[before + s - 1]!);
      if (jumps(path, s)) sum = logAdd(sum, alpha[before + s - 2]!);
      alpha[row + s] = sum + values[start + t * stride + path[s]!]!;
    }
  }
  return alpha;
}

/** Backward variables (eq. 9-11): log-probability of all ways to go on from `path[s]` at step t to the end, `[T, S]`. */
function backwardVariables({ values, steps, stride, start }: Steps, path: Int32Array): Float64Array {
  const size = path.length;
  const beta = new Float64Array(steps * size).fill(-Infinity);
  const last = steps - 1;
  for (let s = Math.max(0, size - 2); s < size && steps > 0; s++)
    beta[last * size + s] = values[start + last * stride + path[s]!]!;
  for (let t = last - 1; t >= 0; t--) {
    const [row, next] = [t * size, (t + 1) * size];
    for (let s = 0; s < size; s++) {
      let sum = beta[next + s]!;
      if (s + 1 < size) sum = logAdd(sum, beta[next + s + 1]!);
      if (s + 2 < size && jumps(path, s + 2)) sum = logAdd(sum, beta[next + s + 2]!);
      beta[row + s] = sum + values[start + t * stride + path[s]!]!;
    }
  }
  return beta;
}

/** Negative log of the sum over the two ends of a path; a sequence without steps fits a path without labels only. */
function negativeLogLikelihood(alpha: Float64Array, steps: number, size: number): number {
  if (steps === 0) return size === 1 ? 0 : Infinity;
  const end = steps * size - 1;
  return -(size === 1 ? alpha[end]! : logAdd(alpha[end]!, alpha[end - 1]!));
}

const samples = (x: Tensor, { inputLengths }: Alignment): Steps[] => {
  const [, batch, classes] = x.shape as [number, number, number];
  const values = x.detach().to('float64').clone().data as Float64Array;
  return inputLengths.map((steps, n) => ({ values, steps, stride: batch * classes, start: n * classes }));
};

/** The derivative of `ctcLoss` that `derivative` gives, as numbers. */
function slopes(x: Tensor, alignment: Alignment): Tensor {
  const [, , classes] = x.shape as [number, number, number];
  const result = new Float64Array(x.numel);
  samples(x, alignment).forEach((sample, n) => {
    const path = alignment.paths[n]!;
    const { values, steps, stride, start } = sample;
    const alpha = forwardVariables(sample, path);
    const loss = negativeLogLikelihood(alpha, steps, path.length);
    if (loss === Infinity && alignment.zeroInfinity) return;
    const beta = backwardVariables(sample, path);
    const passing = new Float64Array(classes);
    for (let t = 0; t < steps; t++) {
      passing.fill(-Infinity);
      path.forEach((label, s) => {
        const i = t * path.length + s;
        passing[label] = logAdd(passing[label]!, alpha[i]! + beta[i]!);
      });
      for (let c = 0; c < classes; c++) {
        const at = start + t * stride + c;
        result[at] = Math.exp(values[at]!) - Math.exp(passing[c]! + loss - values[at]!);
      }
    }
  });
  return tensor(result, { shape: x.shape }).to(x.dtype);
}

/**
 * Derivative of the loss of every sample by `[T, N, C]`: `exp(x) - (share of the paths that pass c at t)`, as PyTorch
 * gives it. That is the derivative by the logits behind a log-softmax; behind `logSoftmax` both mean the same. Its own
 * derivative is not available.
 */
const derivative = defineOp<readonly [Tensor], Alignment>({
  name: 'ctcLoss',
  transient: true,
  forward: ([x], alignment) => slopes(x, alignment),
  backward: () => {
    throw new AutogradError('ctcLoss: its second derivative is not available.');
  },
});

/** Loss of every sample of `[T, N, C]`: `[N]`. */
const connectionist = defineOp<readonly [Tensor], Alignment>({
  name: 'ctcLoss',
  transient: true,
  forward: ([x], alignment) => {
    const losses = samples(x, alignment).map((sample, n) => {
      const path = alignment.paths[n]!;
      const loss = negativeLogLikelihood(forwardVariables(sample, path), sample.steps, path.length);
      return loss === Infinity && alignment.zeroInfinity ? 0 : loss;
    });
    return tensor(losses, { dtype: 'float64', shape: [losses.length] }).to(x.dtype);
  },
  backward: (grad, [x], _y, alignment) => [derivative(x, alignment).mul(grad.reshape([1, -1, 1]))],
  saves: 'inputs',
});

function lengthsOf(what: string, lengths: Lengths, batch: number, most: number): number[] {
  const list =
    lengths instanceof Tensor
      ? Array.from(lengths.reshape([-1]).contiguous().data, Number)
      : typeof lengths === 'number'
        ? [lengths]
        : lengths;
  if (!isIntegers(list, 0) || list.length !== batch || list.some((length) => length > most))
    throw new ArgumentError(
      `ctcLoss: ${what} must be ${batch} integers of 0 to ${most}, one per sample; got ${described(list)}.`,
    );
  return [...list];
}

/** The labels of every sample between blanks; `targets` is `[N, S]`, or all labels one after the other. */
function pathsOf(targets: Tensor, lengths: readonly number[], classes: number, blank: number): Int32Array[] {
  const labels = targets.to('int32').contiguous().clone().data;
  const width = targets.ndim === 2 ? targets.shape[1]! : 0;
  let at = 0;
  return lengths.map((length, n) => {
    const first = targets.ndim === 2 ? n * width : at;
    at += length;
    const path = new Int32Array(2 * length + 1).fill(blank);
    for (let i = 0; i < length; i++) {
      const label = labels[first + i]!;
      if (label < 0 || label >= classes)
        throw new IndexError(`ctcLoss: label ${label} of sample ${n} is no class of ${classes}.`);
      path[2 * i + 1] = label;
    }
    return path;
  });
}

/**
 * Connectionist temporal classification (Graves et al., 2006): negative log-probability of label sequences of unknown
 * alignment under log-probabilities `[T, N, C]`, or `[T, C]`. The mean is that of the losses divided by their target lengths.
 *
 * @param targets labels `[N, S]`, or those of all samples one after the other
 * @param inputLengths steps of every sample
 * @param targetLengths labels of every sample
 * @throws ArgumentError for lengths that do not fit; IndexError for a label outside C
 * @example
 * ctcLoss(logits.logSoftmax(2), labels, [50, 42], [7, 5]);
 */
export function ctcLoss(
  logProbabilities: Tensor,
  targets: Tensor,
  inputLengths: Lengths,
  targetLengths: Lengths,
  options: CTCOptions = {},
): Tensor {
  const {
    blank = 0,
    reduction = 'mean',
    zeroInfinity = false,
  } = optionsOf('ctcLoss', options, ['blank', 'zeroInfinity', 'reduction']);
  checkTensors('ctcLoss', { logProbabilities, targets });
  checkBoolean('ctcLoss', 'zeroInfinity', zeroInfinity);
  const single = logProbabilities.ndim === 2;
  if (!single && logProbabilities.ndim !== 3)
    throw new ShapeError(`ctcLoss: wants [T, N, C] or [T, C], got shape ${shown(logProbabilities.shape)}.`);
  const x = single ? logProbabilities.unsqueeze(1) : logProbabilities;
  const [steps, batch, classes] = x.shape as [number, number, number];
  if (!Number.isInteger(blank) || blank < 0 || blank >= classes)
    throw new ArgumentError(`ctcLoss: blank must be one of the ${classes} classes, got ${described(blank)}.`);
  if (targets.ndim < 1 || targets.ndim > 2 || (targets.ndim === 2 && targets.shape[0] !== batch))
    throw new ShapeError(
      `ctcLoss: targets must be [${batch}, S] or all labels in one dim, got shape ${shown(targets.shape)}.`,
    );
  const lengths = lengthsOf('targetLengths', targetLengths, batch, targets.shape.at(-1)!);
  const total = lengths.reduce((sum, length) => sum + length, 0);
  if (targets.ndim === 1 && total > targets.numel)
    throw new ArgumentError(`ctcLoss: targetLengths add up to ${total}, but there are ${targets.numel} labels.`);
  const losses = connectionist(x, {
    paths: pathsOf(targets, lengths, classes, blank),
    inputLengths: lengthsOf('inputLengths', inputLengths, batch, steps),
    zeroInfinity,
  });
  if (reduction === 'mean') {
    const divisors = tensor(
      lengths.map((length) => Math.max(1, length)),
      { dtype: x.dtype, shape: [batch] },
    );
    return losses.div(divisors).mean();
  }
  return reduced('ctcLoss', single ? losses.squeeze(0) : losses, reduction);
}
