import { ArgumentError, ShapeError, shown, stack, type Tensor } from '@q/tensor';
import { linear } from './linear.js';

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

/** The next state, from the input's part of the gates `[N, gates * hidden]` and the state `[N, ...]`. */
type Step = (fromInput: Tensor, state: RecurrentState, weights: RecurrentWeights) => RecurrentState;

/** One kind of recurrence. */
export interface Recurrence {
  /** Rows of the weights per hidden unit. */
  readonly gates: number;
  /** Tensors of the state. */
  readonly states: number;
  readonly step: Step;
}

/** The previous output's part of the gates. */
const fromHidden = (h: Tensor, { hiddenWeight, hiddenBias }: RecurrentWeights): Tensor =>
  linear(h, hiddenWeight, hiddenBias);

/** h' = f(W x + b + U h + c), as PyTorch's RNN. */
const plain = (f: (x: Tensor) => Tensor): Recurrence => ({
  gates: 1,
  states: 1,
  step: (fromInput, [h], weights) => [f(fromInput.add(fromHidden(h!, weights)))],
});

/** The recurrences of `torch.nn`. */
export const recurrences = {
  tanh: plain((x) => x.tanh()),
  relu: plain((x) => x.relu()),
  /** Gates input, forget, candidate, output (Hochreiter and Schmidhuber, 1997; projections: Sak et al., 2014). */
  lstm: {
    gates: 4,
    states: 2,
    step: (fromInput, [h, c], weights) => {
      const [i, f, g, o] = fromInput.add(fromHidden(h!, weights)).chunk(4, -1) as [Tensor, Tensor, Tensor, Tensor];
      const cell = f.sigmoid().mul(c!).add(i.sigmoid().mul(g.tanh()));
      const output = o.sigmoid().mul(cell.tanh());
      return [weights.projection ? linear(output, weights.projection) : output, cell];
    },
  },
  /** Gates reset, update, candidate (Cho et al., 2014), the reset inside as in PyTorch and cuDNN. */
  gru: {
    gates: 3,
    states: 1,
    step: (fromInput, [h], weights) => {
      const [xr, xz, xn] = fromInput.chunk(3, -1) as [Tensor, Tensor, Tensor];
      const [hr, hz, hn] = fromHidden(h!, weights).chunk(3, -1) as [Tensor, Tensor, Tensor];
      const candidate = xn.add(xr.add(hr).sigmoid().mul(hn)).tanh();
      return [h!.sub(candidate).mul(xz.add(hz).sigmoid()).add(candidate)];
    },
  },
} satisfies Readonly<Record<string, Recurrence>>;

/** One step from an input `[N, input]`. */
export const recurrentStep = (
  { step }: Recurrence,
  x: Tensor,
  state: RecurrentState,
  weights: RecurrentWeights,
): RecurrentState => step(linear(x, weights.inputWeight, weights.inputBias), state, weights);

/** All steps over `x` `[T, N, input]`, from the last one back where `reverse`: outputs `[T, N, output]` and the last state. */
export function recurrentSequence(
  { step }: Recurrence,
  x: Tensor,
  first: RecurrentState,
  weights: RecurrentWeights,
  reverse: boolean,
): { readonly outputs: Tensor; readonly state: RecurrentState } {
  const steps = x.shape[0]!;
  if (steps === 0) throw new ShapeError('recurrent layer: the sequence is empty. Give it at least one step.');
  // The inputs' part of all steps is one matrix product.
  const fromInput = linear(x, weights.inputWeight, weights.inputBias).unbind(0);
  const outputs = new Array<Tensor>(steps);
  let state = first;
  for (let k = 0; k < steps; k++) {
    const t = reverse ? steps - 1 - k : k;
    state = step(fromInput[t]!, state, weights);
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
  state.forEach((tensor, i) => {
    if (shown(tensor.shape) !== shown(shapes[i]!))
      throw new ShapeError(
        `${layer}: ${i === 0 ? 'h' : 'c'} of the state must be ${shown(shapes[i]!)}, got ${shown(tensor.shape)}.`,
      );
  });
  return state;
}
