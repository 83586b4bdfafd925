export { apply, enableGrad, isGradEnabled, noGrad, type BackwardOptions } from './autograd.js';
export { full, ones, tensor, zeros, type CreateOptions, type TensorOptions, type TensorSource } from './create.js';
export {
  dtypes,
  isFloat,
  isInt,
  promoteTypes,
  resultType,
  type ArrayOf,
  type DType,
  type TypedArray,
} from './dtype.js';
export {
  ArgumentError,
  AutogradError,
  DTypeError,
  FormatError,
  IndexError,
  MemoryError,
  QError,
  ShapeError,
  shown,
} from './errors.js';
export { defineOp, type CallableOp } from './extend.js';
export {
  dequantizeLinear,
  fakeQuantize,
  quantizeLinear,
  type AffineOptions,
  type QuantizeLinearOptions,
} from './functions/affine.js';
export { Layout, type Range, type SliceIndex } from './layout.js';
export type { Op } from './ops/op.js';
export { broadcastShapes, type Shape } from './shape.js';
export { Storage, type View } from './storage.js';
export { Tensor } from './tensor.js';
export type { NestedArray } from './tensor/core.js';
export type { TensorLike } from './tensor/operand.js';
export { memoryUsage, setMemoryBudget } from './memory.js';
