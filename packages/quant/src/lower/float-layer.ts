import type { Module } from '@q/nn';
import { noGrad, type Tensor } from '@q/tensor';
import { checkTensor } from '@q/tensor/internal';

/** Runs a float layer. */
export const run = (layer: Module, ...args: readonly unknown[]): unknown => noGrad(() => layer.forward(...args));

/** The same for a layer that gives one tensor. */
export function runToTensor(layer: Module, ...args: readonly unknown[]): Tensor {
  const y = run(layer, ...args);
  checkTensor(layer.constructor.name, 'the result', y);
  return y;
}
