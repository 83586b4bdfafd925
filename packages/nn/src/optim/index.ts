export { Adadelta, type AdadeltaOptions, type AdadeltaState } from './adadelta.js';
export { Adagrad, type AdagradOptions, type AdagradState } from './adagrad.js';
export { Adam, AdamW, type AdamOptions, type AdamState } from './adam.js';
export { Adamax, type AdamaxState } from './adamax.js';
export {
  CosineAnnealingLR,
  CosineAnnealingWarmRestarts,
  CyclicLR,
  OneCycleLR,
  type CosineOptions,
  type CyclicOptions,
  type OneCycleOptions,
  type WarmRestartsOptions,
} from './cyclic.js';
export {
  ConstantLR,
  ExponentialLR,
  LambdaLR,
  LinearLR,
  MultiplicativeLR,
  MultiStepLR,
  PolynomialLR,
  StepLR,
  type ConstantLROptions,
  type LinearLROptions,
  type LRFactor,
  type PolynomialLROptions,
} from './decay.js';
export type { MomentOptions, MomentState } from './moments.js';
export { NAdam, type NAdamOptions, type NAdamState } from './nadam.js';
export {
  Optimizer,
  type GivenGroup,
  type GroupOptions,
  type OptimizerStateDict,
  type ParamGroup,
  type Params,
  type ParamState,
} from './optimizer.js';
export { ReduceLROnPlateau, type PlateauOptions, type PlateauStateDict } from './plateau.js';
export { RAdam, type RAdamOptions } from './radam.js';
export { RMSprop, type RMSpropOptions, type RMSpropState } from './rmsprop.js';
export { LRScheduler, type Scheduled, type ScheduledGroup, type SchedulerStateDict } from './scheduler.js';
export { ChainedScheduler, SequentialLR, type CombinedStateDict } from './sequence.js';
export { SGD, type SGDOptions, type SGDState } from './sgd.js';
