import { ArgumentError, described, noGrad, stack, zeros, type Tensor } from '@q/tensor';
import { checkBoolean, checkNumber, checkTensor, isTensor, optionsOf } from '@q/tensor/internal';

/** Options of `clipGradNorm`. */
export interface ClipNormOptions {
  /** Which norm; Infinity for the largest absolute value. Default: 2. */
  readonly normType?: number;
  /** Whether a norm that is not finite is an error. Default: false. */
  readonly errorIfNonfinite?: boolean;
}

function gradients(operation: string, params: Iterable<Tensor> | Tensor): Tensor[] {
  const list = isTensor(params) ? [params] : params;
  if (typeof (list as Partial<Iterable<Tensor>> | null | undefined)?.[Symbol.iterator] !== 'function')
    throw new ArgumentError(`${operation}: wants a parameter or an array of them, got ${described(list)}.`);
  return [...list].flatMap((param, i) => {
    checkTensor(operation, `parameter ${i}`, param);
    return param.gradient === null ? [] : [param.gradient];
  });
}

/**
 * Scales the gradients of parameters, or of one, in place so that their norm, taken over all of them together, is at most `maxNorm`.
 *
 * @returns the norm before, a 0-d tensor
 * @throws ArgumentError with `errorIfNonfinite`, where the norm is not finite
 */
export function clipGradNorm(
  params: Iterable<Tensor> | Tensor,
  maxNorm: number,
  options: ClipNormOptions = {},
): Tensor {
  const { normType = 2, errorIfNonfinite = false } = optionsOf('clipGradNorm', options, [
    'normType',
    'errorIfNonfinite',
  ]);
  checkNumber('clipGradNorm', 'maxNorm', maxNorm, 0);
  checkBoolean('clipGradNorm', 'errorIfNonfinite', errorIfNonfinite);
  const grads = gradients('clipGradNorm', params);
  if (grads.length === 0) return zeros([]);
  return noGrad(() => {
    const norm = stack(grads.map((grad) => grad.norm({ p: normType }))).norm({ p: normType });
    if (errorIfNonfinite && !Number.isFinite(norm.item()))
      throw new ArgumentError(
        `clipGradNorm: the norm of the gradients is ${norm.item()}. Pass { errorIfNonfinite: false } to clip anyway.`,
      );
    const factor = norm.add(1e-6).rdiv(maxNorm).clamp({ max: 1 });
    for (const grad of grads) grad.mul_(factor);
    return norm;
  });
}

/** Limits every element of the gradients of parameters, or of one, to `-clipValue` ... `clipValue`, in place. */
export function clipGradValue(params: Iterable<Tensor> | Tensor, clipValue: number): void {
  checkNumber('clipGradValue', 'clipValue', clipValue, 0);
  const grads = gradients('clipGradValue', params);
  noGrad(() => {
    for (const grad of grads) grad.clamp_({ min: -clipValue, max: clipValue });
  });
}
