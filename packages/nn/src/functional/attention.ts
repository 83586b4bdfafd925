import { ArgumentError, DTypeError, isFloat, ones, ShapeError, shown, zeros, type Tensor } from '@q/tensor';
import { checkBoolean, checkTensor, checkTensors, optionsOf } from '@q/tensor/internal';
import { dropout } from './dropout.js';

/**
 * Scores where a mask says so kept away from the softmax: -Infinity where a bool mask is `hides`, or the sum with a mask of
 * floating numbers. The mask broadcasts with the scores.
 */
export function masked(operation: string, scores: Tensor, mask: Tensor, hides: boolean): Tensor {
  checkTensor(operation, 'a mask', mask);
  if (isFloat(mask.dtype)) return scores.add(mask);
  if (mask.dtype !== 'bool' && mask.dtype !== 'uint8')
    throw new DTypeError(
      `${operation}: a mask must be bool or floating, got ${mask.dtype}. Convert it with to('bool').`,
    );
  const flags = mask.to('bool');
  // Added, as PyTorch does: where nothing is left to see, the NaN of the softmax reaches the gradients too.
  return scores.add(
    zeros(mask.shape, { dtype: scores.dtype }).maskedFill(hides ? flags : flags.logicalNot(), -Infinity),
  );
}

/** Options of `scaledDotProductAttention`. */
export interface AttentionOptions {
  /** Broadcasts with `[..., L, S]`: bool, true where a query may see a key, or numbers to be added to the scores. */
  readonly attnMask?: Tensor | null;
  /** Probability of a dropout of the weights; not used in evaluation by itself, pass 0 then. Default: 0. */
  readonly dropoutP?: number;
  /** Whether query i sees the keys up to i only. Not together with `attnMask`. Default: false. */
  readonly isCausal?: boolean;
  /** Factor of the scores. Default: 1 / sqrt(E). */
  readonly scale?: number | null;
}

/**
 * `softmax(query key^T scale + mask) value` (Vaswani et al., 2017) for queries `[..., L, E]`, keys `[..., S, E]` and values
 * `[..., S, V]`: `[..., L, V]`.
 *
 * @throws ShapeError where the sizes do not fit; ArgumentError for both `isCausal` and a mask
 */
export function scaledDotProductAttention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  options: AttentionOptions = {},
): Tensor {
  const {
    attnMask = null,
    dropoutP = 0,
    isCausal = false,
    scale = null,
  } = optionsOf('scaledDotProductAttention', options, ['attnMask', 'dropoutP', 'isCausal', 'scale']);
  const operation = 'scaledDotProductAttention';
  checkTensors(operation, { query, key, value });
  checkBoolean(operation, 'isCausal', isCausal);
  const size = query.shape.at(-1);
  if (
    Math.min(query.ndim, key.ndim, value.ndim) < 2 ||
    size !== key.shape.at(-1) ||
    key.shape.at(-2) !== value.shape.at(-2)
  )
    throw new ShapeError(
      `${operation}: wants [..., L, E], [..., S, E] and [..., S, V], got ${shown(query.shape)}, ${shown(key.shape)} and ${shown(value.shape)}.`,
    );
  if (isCausal && attnMask)
    throw new ArgumentError(`${operation}: isCausal makes a mask, and attnMask is one. Give one of them.`);
  const scores = query.matmul(key.transpose(-2, -1)).mul(scale ?? 1 / Math.sqrt(size!));
  const mask = isCausal ? ones([query.shape.at(-2)!, key.shape.at(-2)!], { dtype: 'bool' }).tril() : attnMask;
  const weights = (mask ? masked(operation, scores, mask, false) : scores).softmax(-1);
  return dropout(weights, { p: dropoutP }).matmul(value);
}
