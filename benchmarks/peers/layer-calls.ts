import type { Module } from '@q/nn';
import { noGrad, Tensor } from '@q/tensor';

/** One call of a layer while a network runs. A tensor bears the path of the layer that gave it, the network's input `x`. */
export interface LayerCall {
  readonly path: string;
  readonly layer: Module;
  /** The tensors among its arguments. */
  readonly inputs: readonly string[];
  /** Its other arguments. */
  readonly settings: readonly unknown[];
  readonly shape: readonly number[];
}

/** The calls of a network's layers in their order, found by running a copy of it. Layers that give back what they got are left out. */
export function layerCalls(network: Module, x: Tensor): readonly LayerCall[] {
  const names = new Map<unknown, string>([[x, 'x']]);
  const calls: LayerCall[] = [];
  const copy = network.clone();
  for (const [path, layer] of copy.namedModules()) {
    if (layer.children().length > 0) continue;
    const forward = layer.forward.bind(layer);
    layer.forward = (...args) => {
      const y = forward(...args);
      if (!(y instanceof Tensor)) throw new Error(`${path}: gives something else than a tensor.`);
      if (names.has(y)) return y;
      const nameOf = (value: Tensor): string => {
        const name = names.get(value);
        if (name === undefined) throw new Error(`${path}: reads a tensor that no layer has made.`);
        return name;
      };
      names.set(y, path);
      calls.push({
        path,
        layer,
        inputs: args.filter((arg) => arg instanceof Tensor).map(nameOf),
        settings: args.filter((arg) => !(arg instanceof Tensor)),
        shape: y.shape,
      });
      return y;
    };
  }
  noGrad(() => copy.forward(x));
  return calls;
}
