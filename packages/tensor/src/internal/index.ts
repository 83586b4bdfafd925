/** What `@q/nn` and `@q/quant` share with this package. Not part of the API: it changes without notice. */
export {
  checkBoolean,
  checkChoice,
  checkFunction,
  checkInteger,
  checkIntegers,
  checkNumber,
  checkOptionalTensor,
  checkOptions,
  checkTensor,
  checkTensors,
  isIntegers,
  isTensor,
  checkKnown,
  optionsOf,
} from '../arguments.js';
export { checkDType } from '../dtype.js';
export { generatorOf } from '../generator.js';
export { Layout } from '../layout.js';
export { perDim } from '../functions/spatial.js';
export { isJSONObject, isRecord } from '../record.js';
export { commonShape, checkFits, checkShape, numel, sameShape } from '../shape.js';
