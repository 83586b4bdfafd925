import { kernels } from '../kernels/active.js';
import { Layout } from '../layout.js';
import { numel } from '../shape.js';
import { empty, type View } from '../storage.js';
import type { Tensor } from '../tensor.js';
import { contiguous } from './conv.js';
import { perChannel, zeroPoint, type ProductAttrs } from './integer.js';
import { op } from './op.js';

/** How the weight of a linear layer is stored. */
export interface WeightAttrs {
  readonly halves: 'signed' | 'unsigned' | null;
}

/** What of a linear layer is no tensor, and which tensors there are besides input and weight. */
export interface LinearAttrs extends ProductAttrs, WeightAttrs {
  readonly xZero: number;
  /** Positions among the inputs; null where there are none. */
  readonly factors: number | null;
  readonly zeros: number | null;
  readonly multiplier: number | null;
}

/** `[..., k]` as rows, copied only where no strides can express them. */
function rowsOf(x: View): View {
  const k = x.layout.shape.at(-1)!;
  const rows = numel(x.layout.shape.slice(0, -1));
  const layout = x.layout.reshape([rows, k]);
  return layout ? { storage: x.storage, layout } : { storage: contiguous(x).storage, layout: new Layout([rows, k]) };
}

/** A weight whose rows lie in order each. */
const inRows = (weight: Tensor): View => (weight.strides[1] === 1 ? weight : contiguous(weight));

/** `(x - xZero) @ (weight - wZero).T` over the last dim, in int32 or put on a grid. */
export const linearInteger = op<readonly Tensor[], LinearAttrs>({
  name: 'linearInteger',
  forward: (inputs, { onGrid, halves, xZero, ...places }) => {
    const name = 'linearInteger';
    const [x, weight] = inputs as readonly [Tensor, Tensor];
    const at = (place: number | null): Tensor | null => (place === null ? null : inputs[place]!);
    const [factors, wZero] = [at(places.factors), at(places.zeros)];
    const n = weight.shape[0]!;
    const shape = [...x.shape.slice(0, -1), n];
    const out = empty(shape, onGrid?.dtype ?? 'int32');
    const zeros = wZero && zeroPoint(name, wZero, [n], 0);
    const rescaling =
      onGrid === null || places.multiplier === null
        ? null
        : {
            multiplier: perChannel(name, 'multiplier', inputs[places.multiplier]!, n),
            bias: perChannel(name, 'bias', inputs[places.multiplier + 1]!, n),
            grid: onGrid.grid,
          };
    const y = { storage: out.storage, layout: out.layout.reshape([numel(shape.slice(0, -1)), n])! };
    if (out.layout.numel > 0)
      kernels.linearInteger(
        rowsOf(x),
        { values: inRows(weight), halves, factors: factors && contiguous(factors) },
        xZero,
        zeros,
        y,
        rescaling,
      );
    return out;
  },
  backward: null,
});

/** The values of a linear layer's weight as bytes. */
export const unpackWeight = op<readonly Tensor[], WeightAttrs & { readonly k: number }>({
  name: 'unpackNibbles',
  forward: ([weight, factors], { halves, k }) => {
    const out = empty([weight!.shape[0]!, k], halves === 'signed' ? 'int8' : 'uint8');
    const values = inRows(weight!);
    if (out.layout.numel > 0)
      kernels.unpackWeight({ values, halves, factors: factors ? contiguous(factors) : null }, out);
    return out;
  },
  backward: null,
});
