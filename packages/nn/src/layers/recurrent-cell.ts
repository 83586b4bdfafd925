import { ShapeError, shown, zeros, type Tensor } from '@q/tensor';
import { checkBoolean, checkChoice, checkTensor, optionsOf } from '@q/tensor/internal';
import {
  checkedState,
  recurrences,
  recurrentStep,
  type Recurrence,
  type RecurrentState,
} from '../functional/recurrent.js';
import { uniform } from '../init.js';
import { Module } from '../module.js';
import { Parameter } from '../parameter.js';
import { fields } from '../repr.js';
import { checkSizes } from '../sizes.js';
import type { StateNames } from '../slots.js';
import type { BiasOptions } from './linear.js';

/** What the cells share: parameters, and a step over `[N, inputSize]` or `[inputSize]`. */
abstract class RecurrentCell extends Module {
  static override readonly stateNames: StateNames = {
    weightIh: 'weight_ih',
    weightHh: 'weight_hh',
    biasIh: 'bias_ih',
    biasHh: 'bias_hh',
  };
  /** Size of the input. */
  inputSize: number;
  /** Size of the state. */
  hiddenSize: number;
  /** Weights of the input, `[gates * hiddenSize, inputSize]`. */
  weightIh: Parameter;
  /** Weights of the state, `[gates * hiddenSize, hiddenSize]`. */
  weightHh: Parameter;
  /** Bias of the input's product, `[gates * hiddenSize]`, or null. */
  biasIh: Parameter | null;
  /** Bias of the state's product, `[gates * hiddenSize]`, or null. */
  biasHh: Parameter | null;

  constructor(inputSize: number, hiddenSize: number, { gates }: Recurrence, options: BiasOptions) {
    super();
    const { bias = true } = optionsOf(this.constructor.name, options, ['bias']);
    checkSizes(this.constructor.name, { inputSize, hiddenSize });
    checkBoolean(this.constructor.name, 'bias', bias);
    const rows = gates * hiddenSize;
    this.inputSize = inputSize;
    this.hiddenSize = hiddenSize;
    this.weightIh = new Parameter(zeros([rows, inputSize]));
    this.weightHh = new Parameter(zeros([rows, hiddenSize]));
    this.biasIh = bias ? new Parameter(zeros([rows])) : null;
    this.biasHh = bias ? new Parameter(zeros([rows])) : null;
    this.resetParameters();
  }

  /** Draws new parameters, as PyTorch does: uniform within 1 / sqrt(hiddenSize). */
  resetParameters(): void {
    const bound = 1 / Math.sqrt(this.hiddenSize);
    for (const parameter of this.parameters()) uniform(parameter, -bound, bound);
  }

  /** Shape of the state's tensors for an input. */
  protected stateShape(x: Tensor): number[] {
    checkTensor(this.constructor.name, 'the input', x);
    if ((x.ndim !== 1 && x.ndim !== 2) || x.shape.at(-1) !== this.inputSize)
      throw new ShapeError(
        `${this.constructor.name}: wants [N, ${this.inputSize}] or [${this.inputSize}], got shape ${shown(x.shape)}.`,
      );
    return [...x.shape.slice(0, -1), this.hiddenSize];
  }

  /**
   * The next state.
   *
   * @internal
   */
  protected run(recurrence: Recurrence, x: Tensor, given: Tensor | readonly Tensor[]): RecurrentState {
    const shapes = new Array<readonly number[]>(recurrence.states).fill(this.stateShape(x));
    const state = checkedState(this.constructor.name, given, shapes);
    return recurrentStep(recurrence, x, state, {
      inputWeight: this.weightIh,
      hiddenWeight: this.weightHh,
      inputBias: this.biasIh,
      hiddenBias: this.biasHh,
      projection: null,
    });
  }

  override extraRepr(): string {
    return `${this.inputSize}, ${this.hiddenSize}${this.biasIh ? '' : ', bias=False'}`;
  }
}

/** Options of `RNNCell`. */
export interface RNNCellOptions extends BiasOptions {
  /** Default: 'tanh'. */
  readonly nonlinearity?: 'tanh' | 'relu';
}

/** One step of Elman's recurrence: `[N, inputSize]` and a state `[N, hiddenSize]` to the next state. */
export class RNNCell extends RecurrentCell {
  /** What is applied to the sum. */
  nonlinearity: 'tanh' | 'relu';

  constructor(inputSize: number, hiddenSize: number, given: RNNCellOptions = {}) {
    const { nonlinearity = 'tanh', ...options } = optionsOf('RNNCell', given, ['nonlinearity', 'bias']);
    checkChoice('RNNCell', 'nonlinearity', nonlinearity, ['tanh', 'relu']);
    super(inputSize, hiddenSize, recurrences[nonlinearity], options);
    this.nonlinearity = nonlinearity;
  }

  /** The state that stands for none. */
  zeroState(x: Tensor): Tensor {
    return zeros(this.stateShape(x), { dtype: x.dtype });
  }

  /**
   * One step.
   *
   * @param state zeros where left out
   */
  forward(x: Tensor, state: Tensor | null = null): Tensor {
    return this.run(recurrences[this.nonlinearity], x, state ?? this.zeroState(x))[0]!;
  }

  /** What stands between the parentheses when the module is printed. */
  override extraRepr(): string {
    const { nonlinearity } = this;
    return super.extraRepr() + (nonlinearity === 'tanh' ? '' : `, ${fields({ nonlinearity })}`);
  }
}

/** One step of a long short-term memory: `[N, inputSize]` and states `[h, c]` `[N, hiddenSize]` to the next ones. */
export class LSTMCell extends RecurrentCell {
  constructor(inputSize: number, hiddenSize: number, options: BiasOptions = {}) {
    super(inputSize, hiddenSize, recurrences.lstm, options);
  }

  /** The state that stands for none. */
  zeroState(x: Tensor): [h: Tensor, c: Tensor] {
    const shape = this.stateShape(x);
    return [zeros(shape, { dtype: x.dtype }), zeros(shape, { dtype: x.dtype })];
  }

  /**
   * One step.
   *
   * @param state `[h, c]`; zeros where left out
   */
  forward(x: Tensor, state: readonly [h: Tensor, c: Tensor] | null = null): [h: Tensor, c: Tensor] {
    const [h, c] = this.run(recurrences.lstm, x, state ?? this.zeroState(x));
    return [h!, c!];
  }
}

/** One step of gated recurrent units: `[N, inputSize]` and a state `[N, hiddenSize]` to the next state. */
export class GRUCell extends RecurrentCell {
  constructor(inputSize: number, hiddenSize: number, options: BiasOptions = {}) {
    super(inputSize, hiddenSize, recurrences.gru, options);
  }

  /** The state that stands for none. */
  zeroState(x: Tensor): Tensor {
    return zeros(this.stateShape(x), { dtype: x.dtype });
  }

  /**
   * One step.
   *
   * @param state zeros where left out
   */
  forward(x: Tensor, state: Tensor | null = null): Tensor {
    return this.run(recurrences.gru, x, state ?? this.zeroState(x))[0]!;
  }
}
