import type { Module } from '@q/nn';

/** Keeps a model in evaluation, each of its modules, whoever sets the mode of training of which of them; copies stay so, too. */
export function keepEvaluating<M extends Module>(root: M): M {
  for (const module of root.modules())
    Object.defineProperty(module, 'training', {
      get: () => false,
      set() {},
      enumerable: true,
      configurable: true,
    });
  return root;
}
