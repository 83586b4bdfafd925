import { ArgumentError, linear, ShapeError, shown, stack, type Tensor } from '@q/tensor';
import { checkTensor, sameShape } from '@q/tensor/internal';

/** Parameters of one direction of one recurrent layer, or of a cell. */
export interface RecurrentWeights {
  /** `[gates * hidden, input]` */
  readonly inputWeight: Tensor;
  /** `[gates * hidden, output]` */
  readonly hiddenWeight: Tensor;
  /** `[gates * hidden]` */
  readonly inputBias: Tensor | null;
  /** `[gates * hidden]` */
  readonly hiddenBias: Tensor | null;
  /** `[projection, hidden]`, of an LSTM with projections. */
  readonly projection: Tensor | null;
}

/** What a recurrent step remembers: the output first, then the cell state of an LSTM. */
export type RecurrentState = readonly Tensor[];

/** One kind of recurrence. */
export interface Recurrence {
  /** Rows of the weights per hidden unit. */
  readonly gates: number;
  /** Tensors of the state. */
  readonly states: number;
  /** Whether both biases are only ever added to one sum, so that the input's part can hold them. */
  readonly joinsBiases: boolean;
  /** The next state, from the input's part of the gates `[N, gates * hidden]` and the state `[N, ...]`. */
  step(fromInput: Tensor, state: RecurrentState, parts: Parts): RecurrentState;
}

/** The parts of the gates as functions, made once for all steps. */
interface Parts {
  readonly fromInput: (x: Tensor) => Tensor;
  /** The previous output's part. */
  readonly fromHidden: (h: Tensor) => Tensor;
  readonly projected: (output: Tensor) => Tensor;
}

function partsOf({ joinsBiases }: Recurrence, weights: RecurrentWeights): Parts {
  const { inputWeight, inputBias, hiddenBias, projection } = weights;
  const join = joinsBiases && inputBias !== null && hiddenBias !== null;
  const bias = join ? inputBias.add(hiddenBias) : inputBias;
  // One transposed view for all steps: their gradients are summed before they are turned back.
  const columns = weights.hiddenWeight.transpose(0, 1);
  return {
    fromInput: (x) => linear(x, inputWeight, bias),
    fromHidden: (h) => (join || hiddenBias === null ? h.matmul(columns) : h.matmul(columns).add(hiddenBias)),
    projected: (output) => (projection ? linear(output, projection) : output),
  };
}

/** h' = f(W x + b + U h + c), as PyTorch's RNN. */
const plain = (f: (x: Tensor) => Tensor): Recurrence => ({
  gates: 1,
  states: 1,
  joinsBiases: true,
  step: (fromInput, [h], { fromHidden }) => [f(fromInput.add(fromHidden(h!)))],
});

/** The recurrences of `torch.nn`. */
export const recurrences = {
  tanh: plain((x) => x.tanh()),
  relu: plain((x) => x.relu()),
  /** Gates input, forget, candidate, output (Hochreiter and Schmidhuber, 1997; projections: Sak et al., 2014). */
  lstm: {
    gates: 4,
    states: 2,
    joinsBiases: true,
    step: (fromInput, [h, c], { fromHidden, projected }) => {
      const size = c!.shape.at(-1)!;
      // Input and forget gate in one.
      const [both, g, o] = fromInput.add(fromHidden(h!)).split([2 * size, size, size], -1) as [Tensor, Tensor, Tensor];
      const [i, f] = both.sigmoid().chunk(2, -1) as [Tensor, Tensor];
      const cell = f.mul(c!).add(i.mul(g.tanh()));
      return [projected(o.sigmoid().mul(cell.tanh())), cell];
    },
  },
  /** Gates reset, update, candidate (Cho et al., 2014), the reset inside as in PyTorch and cuDNN. */
  gru: {
    gates: 3,
    states: 1,
    joinsBiases: false,
    step: (fromInput, [h], { fromHidden }) => {
      const sizes = [2 * h!.shape.at(-1)!, h!.shape.at(-1)!];
      const [xBoth, xn] = fromInput.split(sizes, -1) as [Tensor, Tensor];
      const [hBoth, hn] = fromHidden(h!).split(sizes, -1) as [Tensor, Tensor];
      const [r, z] = xBoth.add(hBoth).sigmoid().chunk(2, -1) as [Tensor, Tensor];
      const candidate = xn.add(r.mul(hn)).tanh();
      return [h!.sub(candidate).mul(z).add(candidate)];
    },
  },
} satisfies Readonly<Record<string, Recurrence>>;

/** One step from an input `[N, input]`. */
export function recurrentStep(
  recurrence: Recurrence,
  x: Tensor,
  state: RecurrentState,
  weights: RecurrentWeights,
): RecurrentState {
  const parts = partsOf(recurrence, weights);
  return recurrence.step(parts.fromInput(x), state, parts);
}

/** All steps over `x` `[T, N, input]`, from the last one back where `reverse`: outputs `[T, N, output]` and the last state. */
export function recurrentSequence(
  recurrence: Recurrence,
  x: Tensor,
  first: RecurrentState,
  weights: RecurrentWeights,
  reverse: boolean,
): { readonly outputs: Tensor; readonly state: RecurrentState } {
  const steps = x.shape[0]!;
  if (steps === 0) throw new ShapeError('recurrent layer: the sequence is empty. Give it at least one step.');
  const parts = partsOf(recurrence, weights);
  // The inputs' part of all steps is one matrix product.
  const fromInput = parts.fromInput(x).unbind(0);
  const outputs = new Array<Tensor>(steps);
  let state = first;
  for (let k = 0; k < steps; k++) {
    const t = reverse ? steps - 1 - k : k;
    state = recurrence.step(fromInput[t]!, state, parts);
    outputs[t] = state[0]!;
  }
  return { outputs: stack(outputs), state };
}

/**
 * The tensors of a state, checked against their shapes.
 *
 * @throws ArgumentError for another number of tensors; ShapeError for other shapes
 */
export function checkedState(
  layer: string,
  given: Tensor | readonly Tensor[],
  shapes: readonly (readonly number[])[],
): RecurrentState {
  const state = (Array.isArray(given) ? given : [given]) as readonly Tensor[];
  if (state.length !== shapes.length)
    throw new ArgumentError(
      `${layer}: the state has ${shapes.length === 1 ? 'one tensor, h' : 'two tensors, [h, c]'}; got ${state.length}.`,
    );
  for (const [i, tensor] of state.entries()) {
    checkTensor(layer, 'the state', tensor);
    if (!sameShape(tensor.shape, shapes[i]!))
      throw new ShapeError(
        `${layer}: ${i === 0 ? 'h' : 'c'} of the state must be ${shown(shapes[i]!)}, got ${shown(tensor.shape)}.`,
      );
  }
  return state;
}
