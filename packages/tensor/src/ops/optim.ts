import { computeDType, isFloat } from '../dtype.js';
import { DTypeError, ShapeError, shown } from '../errors.js';
import { kernels } from '../kernels/active.js';
import type { AdamStep, MomentumStep } from '../kernels/contract/optim.js';
import { sameShape } from '../shape.js';
import type { View } from '../storage.js';
import type { Tensor } from '../tensor.js';
import { cast } from './elementwise.js';

/** Throws unless tensors have one shape and one floating dtype; then counts a write to all but the gradient. */
function begin(name: string, param: Tensor, grad: Tensor, states: readonly Tensor[]): void {
  for (const tensor of [param, grad, ...states]) {
    if (!sameShape(tensor.shape, param.shape))
      throw new ShapeError(
        `${name}: the parameter has shape ${shown(param.shape)}, a tensor beside it ${shown(tensor.shape)}.`,
      );
    if (!isFloat(tensor.dtype) || tensor.dtype !== param.dtype)
      throw new DTypeError(
        `${name}: the parameter is ${param.dtype}, a tensor beside it ${tensor.dtype}. All must have one floating dtype.`,
      );
  }
  for (const tensor of [param, ...states]) tensor.beginWrite(name);
}

/** Runs a step where the tensors lie; those of half precision are widened for it and rounded once at its end. */
function inPlace(tensors: readonly Tensor[], step: (views: readonly View[]) => void): void {
  const dtype = computeDType(tensors[0]!.dtype);
  if (dtype === tensors[0]!.dtype) return step(tensors);
  const wide = tensors.map((tensor) => cast(tensor, dtype));
  step(wide);
  tensors.forEach((tensor, i) => i !== 1 && kernels.copy(wide[i]!, tensor));
}

/** A step of Adam, in place. */
export function adam(
  param: Tensor,
  grad: Tensor,
  mean: Tensor,
  square: Tensor,
  largest: Tensor | null,
  step: AdamStep,
): void {
  const states = largest ? [mean, square, largest] : [mean, square];
  begin('adamStep', param, grad, states);
  inPlace([param, grad, ...states], ([p, g, m, v, most = null]) => kernels.adam(p!, g!, m!, v!, most, step));
}

/** A step of gradient descent with momentum, in place. */
export function descend(param: Tensor, grad: Tensor, buffer: Tensor, step: MomentumStep): void {
  begin('sgdStep', param, grad, [buffer]);
  inPlace([param, grad, buffer], ([p, g, b]) => kernels.descend(p!, g!, b!, step));
}
