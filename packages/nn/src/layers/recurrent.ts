import { ArgumentError, cat, described, ShapeError, shown, stack, zeros, type Tensor } from '@q/tensor';
import { checkChoice, checkTensor, optionsOf } from '@q/tensor/internal';
import { checkProbability, dropout } from '../functional/dropout.js';
import {
  checkedState,
  recurrences,
  recurrentSequence,
  type Recurrence,
  type RecurrentState,
  type RecurrentWeights,
} from '../functional/recurrent.js';
import { uniform } from '../init.js';
import { Module } from '../module.js';
import { checkBooleans } from '../options.js';
import { Parameter } from '../parameter.js';
import { fields } from '../repr.js';
import { checkLayers, checkSizes } from '../sizes.js';
import type { StateNames } from '../slots.js';

/** Options of the recurrent layers. */
export interface RecurrentOptions {
  /** Number of layers, each on the outputs of the one before. Default: 1. */
  readonly numLayers?: number;
  /** Whether biases are learned. Default: true. */
  readonly bias?: boolean;
  /** Whether input and output are `[N, T, ...]` rather than `[T, N, ...]`; states are not concerned. Default: false. */
  readonly batchFirst?: boolean;
  /** Probability of a dropout between the layers in training. Default: 0. */
  readonly dropout?: number;
  /** Whether a second set of layers reads the sequence from its end. Default: false. */
  readonly bidirectional?: boolean;
}

/** Options of `RNN`. */
export interface RNNOptions extends RecurrentOptions {
  /** Default: 'tanh'. */
  readonly nonlinearity?: 'tanh' | 'relu';
}

/** Options of `LSTM`. */
export interface LSTMOptions extends RecurrentOptions {
  /** Size of the projected output; 0 for no projection. Default: 0. */
  readonly projSize?: number;
}

/** The names of `RecurrentOptions`. */
const recurrentOptions = ['numLayers', 'bias', 'batchFirst', 'dropout', 'bidirectional'] as const;

/** What the recurrent layers share; parameters are called as in PyTorch: `weight_ih_l0`, `bias_hh_l1_reverse`, ... */
abstract class Recurrent extends Module {
  static override readonly stateNames: StateNames = { weights: '' };
  /** Size of an element of the sequence. */
  inputSize: number;
  /** Size of the hidden state. */
  hiddenSize: number;
  /** Number of layers. */
  numLayers: number;
  /** Whether biases are learned. */
  bias: boolean;
  /** Whether input and output are `[N, T, ...]` rather than `[T, N, ...]`. */
  batchFirst: boolean;
  /** Probability of the dropout between the layers in training. */
  dropout: number;
  /** Whether a second set of layers reads the sequence from its end. */
  bidirectional: boolean;
  /** Size of the projected output; 0 for no projection. */
  projSize: number;
  /** The parameters by state name. */
  weights: Record<string, Parameter>;

  constructor(inputSize: number, hiddenSize: number, { gates }: Recurrence, options: LSTMOptions) {
    super();
    const layer = this.constructor.name;
    const { numLayers = 1, bias = true, batchFirst = false, bidirectional = false, projSize = 0 } = options;
    checkSizes(layer, { inputSize, hiddenSize });
    checkLayers(layer, numLayers);
    checkBooleans(layer, { bias, batchFirst, bidirectional });
    checkProbability(layer, options.dropout ?? 0);
    if (!Number.isInteger(projSize) || projSize < 0 || projSize >= hiddenSize)
      throw new ArgumentError(
        `${layer}: projSize must be 0 to ${hiddenSize - 1}, below hiddenSize; got ${described(projSize)}.`,
      );
    this.inputSize = inputSize;
    this.hiddenSize = hiddenSize;
    this.numLayers = numLayers;
    this.bias = bias;
    this.batchFirst = batchFirst;
    this.dropout = options.dropout ?? 0;
    this.bidirectional = bidirectional;
    this.projSize = projSize;
    this.weights = {};
    const rows = gates * hiddenSize;
    const outputs = projSize || hiddenSize;
    for (let level = 0; level < numLayers; level++)
      for (const suffix of this.suffixes(level)) {
        const inputs = level === 0 ? inputSize : outputs * (bidirectional ? 2 : 1);
        const add = (name: string, shape: readonly number[]): void => {
          this.weights[name + suffix] = new Parameter(zeros(shape));
        };
        add('weight_ih', [rows, inputs]);
        add('weight_hh', [rows, outputs]);
        if (bias) add('bias_ih', [rows]);
        if (bias) add('bias_hh', [rows]);
        if (projSize > 0) add('weight_hr', [projSize, hiddenSize]);
      }
    this.resetParameters();
  }

  /** Draws new parameters, as PyTorch does: uniform within 1 / sqrt(hiddenSize). */
  resetParameters(): void {
    const bound = 1 / Math.sqrt(this.hiddenSize);
    for (const parameter of Object.values(this.weights)) uniform(parameter, -bound, bound);
  }

  /** Ends of the parameter names of a layer, one per direction. */
  protected suffixes(level: number): string[] {
    return this.bidirectional ? [`_l${level}`, `_l${level}_reverse`] : [`_l${level}`];
  }

  /**
   * Parameters of one direction of a layer, as they are now.
   *
   * @internal
   */
  protected weightsOf(suffix: string): RecurrentWeights {
    const named = (name: string): Parameter | null => this.weights[name + suffix] ?? null;
    return {
      inputWeight: this.weights[`weight_ih${suffix}`]!,
      hiddenWeight: this.weights[`weight_hh${suffix}`]!,
      inputBias: named('bias_ih'),
      hiddenBias: named('bias_hh'),
      projection: named('weight_hr'),
    };
  }

  /**
   * Shapes of the state's tensors for an input: h, then c.
   *
   * @internal
   */
  protected stateShapes(input: Tensor, { states }: Recurrence): number[][] {
    this.checkInput(input);
    const count = this.numLayers * (this.bidirectional ? 2 : 1);
    const batch = input.ndim === 2 ? [] : [input.shape[this.batchFirst ? 0 : 1]!];
    return [this.projSize || this.hiddenSize, this.hiddenSize].slice(0, states).map((size) => [count, ...batch, size]);
  }

  /** Throws unless `input` is a sequence of this layer's input size, with or without a batch. */
  protected checkInput(input: Tensor): void {
    checkTensor(this.constructor.name, 'the input', input);
    if ((input.ndim !== 2 && input.ndim !== 3) || input.shape.at(-1) !== this.inputSize)
      throw new ShapeError(
        `${this.constructor.name}: wants ${this.batchFirst ? '[N, T, H]' : '[T, N, H]'} or [T, H] with H = ${this.inputSize}, got shape ${shown(input.shape)}.`,
      );
  }

  /**
   * Runs all layers: the outputs of the last one and the last states of all, `[layers * directions, N, ...]` each.
   *
   * @internal
   */
  protected run(
    recurrence: Recurrence,
    input: Tensor,
    first: Tensor | readonly Tensor[],
  ): { readonly outputs: Tensor; readonly state: RecurrentState } {
    const shapes = this.stateShapes(input, recurrence);
    const single = input.ndim === 2;
    let x = single ? input.unsqueeze(1) : this.batchFirst ? input.transpose(0, 1) : input;
    const start = checkedState(this.constructor.name, first, shapes).map((state) =>
      (single ? state.unsqueeze(1) : state).unbind(0),
    );
    const ends: RecurrentState[] = [];
    for (let level = 0; level < this.numLayers; level++) {
      const directions = this.suffixes(level).map((suffix, direction) => {
        const first = start.map((states) => states[ends.length + direction]!);
        return recurrentSequence(recurrence, x, first, this.weightsOf(suffix), direction === 1);
      });
      ends.push(...directions.map(({ state }) => state));
      x =
        directions.length === 1
          ? directions[0]!.outputs
          : cat(
              directions.map(({ outputs }) => outputs),
              2,
            );
      if (level < this.numLayers - 1) x = dropout(x, { p: this.dropout, training: this.training });
    }
    const state = start.map((_, i) => {
      const last = stack(ends.map((end) => end[i]!));
      return single ? last.squeeze(1) : last;
    });
    return { outputs: single ? x.squeeze(1) : this.batchFirst ? x.transpose(0, 1) : x, state };
  }

  override extraRepr(): string {
    const { projSize, numLayers, bias, batchFirst, dropout: p, bidirectional } = this;
    const chosen = fields({
      ...(projSize !== 0 && { proj_size: projSize }),
      ...(numLayers !== 1 && { num_layers: numLayers }),
      ...(!bias && { bias }),
      ...(batchFirst && { batch_first: batchFirst }),
      ...(p !== 0 && { dropout: p }),
      ...(bidirectional && { bidirectional }),
    });
    return `${this.inputSize}, ${this.hiddenSize}${chosen && `, ${chosen}`}`;
  }
}

/**
 * Elman's recurrent layers: `h' = tanh(W x + b + U h + c)` (or relu).
 *
 * Gives the outputs of the last layer, `[T, N, directions * hiddenSize]`, and the last state of every layer and direction,
 * `[layers * directions, N, hiddenSize]`. A sequence `[T, inputSize]` without a batch gives both without N.
 */
export class RNN extends Recurrent {
  /** What is applied to the sum. */
  nonlinearity: 'tanh' | 'relu';

  constructor(inputSize: number, hiddenSize: number, given: RNNOptions = {}) {
    const { nonlinearity = 'tanh', ...options } = optionsOf('RNN', given, ['nonlinearity', ...recurrentOptions]);
    checkChoice('RNN', 'nonlinearity', nonlinearity, ['tanh', 'relu']);
    super(inputSize, hiddenSize, recurrences[nonlinearity], options);
    this.nonlinearity = nonlinearity;
  }

  /** The state that stands for none. */
  zeroState(x: Tensor): Tensor {
    return zeros(this.stateShapes(x, recurrences[this.nonlinearity])[0]!, { dtype: x.dtype });
  }

  /**
   * Runs a sequence.
   *
   * @param state first state of every layer and direction; zeros where left out
   */
  forward(x: Tensor, state: Tensor | null = null): [outputs: Tensor, state: Tensor] {
    const result = this.run(recurrences[this.nonlinearity], x, state ?? this.zeroState(x));
    return [result.outputs, result.state[0]!];
  }
}

/**
 * Long short-term memory (Hochreiter and Schmidhuber, 1997), the gates in the order input, forget, candidate, output.
 *
 * Gives the outputs of the last layer, `[T, N, directions * H]`, and the last states h `[layers * directions, N, H]` and c
 * `[layers * directions, N, hiddenSize]`, where H is `projSize` or, without projections, `hiddenSize`.
 *
 * @example
 * const [y, [h, c]] = new LSTM(16, 32, { numLayers: 2, batchFirst: true }).forward(randn([8, 20, 16])); // y: [8, 20, 32]
 */
export class LSTM extends Recurrent {
  constructor(inputSize: number, hiddenSize: number, options: LSTMOptions = {}) {
    super(inputSize, hiddenSize, recurrences.lstm, optionsOf('LSTM', options, ['projSize', ...recurrentOptions]));
  }

  /** The state that stands for none. */
  zeroState(x: Tensor): [h: Tensor, c: Tensor] {
    const [h, c] = this.stateShapes(x, recurrences.lstm);
    return [zeros(h!, { dtype: x.dtype }), zeros(c!, { dtype: x.dtype })];
  }

  /**
   * Runs a sequence.
   *
   * @param state first states `[h, c]` of every layer and direction; zeros where left out
   */
  forward(
    x: Tensor,
    state: readonly [h: Tensor, c: Tensor] | null = null,
  ): [outputs: Tensor, state: [h: Tensor, c: Tensor]] {
    const result = this.run(recurrences.lstm, x, state ?? this.zeroState(x));
    return [result.outputs, [result.state[0]!, result.state[1]!]];
  }
}

/**
 * Gated recurrent units (Cho et al., 2014), the gates in the order reset, update, candidate.
 *
 * Gives the outputs of the last layer, `[T, N, directions * hiddenSize]`, and the last state of every layer and direction,
 * `[layers * directions, N, hiddenSize]`.
 */
export class GRU extends Recurrent {
  constructor(inputSize: number, hiddenSize: number, options: RecurrentOptions = {}) {
    super(inputSize, hiddenSize, recurrences.gru, optionsOf('GRU', options, recurrentOptions));
  }

  /** The state that stands for none. */
  zeroState(x: Tensor): Tensor {
    return zeros(this.stateShapes(x, recurrences.gru)[0]!, { dtype: x.dtype });
  }

  /**
   * Runs a sequence.
   *
   * @param state first state of every layer and direction; zeros where left out
   */
  forward(x: Tensor, state: Tensor | null = null): [outputs: Tensor, state: Tensor] {
    const result = this.run(recurrences.gru, x, state ?? this.zeroState(x));
    return [result.outputs, result.state[0]!];
  }
}
