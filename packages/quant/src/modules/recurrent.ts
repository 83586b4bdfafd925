import { GRU, GRUCell, LSTM, LSTMCell, RNN, RNNCell } from '@q/nn';
import type { Tensor } from '@q/tensor';
import { quantized } from './mixin.js';

// A state that is left out is made here, as AIMET does it.

/** `RNN` whose two inputs, two outputs and parameters may be quantized. */
export class QuantizedRNN extends quantized(RNN, { inputs: 2, outputs: 2 }) {
  /** As the float layer; a state that is left out is made of zeros, which meet their quantizers too. */
  override forward(x: Tensor, state: Tensor | null = null): [outputs: Tensor, state: Tensor] {
    return super.forward(x, state ?? this.zeroState(x));
  }
}

/** `LSTM` whose three inputs, three outputs and parameters may be quantized. */
export class QuantizedLSTM extends quantized(LSTM, { inputs: 3, outputs: 3 }) {
  /** As the float layer; a state that is left out is made of zeros, which meet their quantizers too. */
  override forward(
    x: Tensor,
    state: readonly [h: Tensor, c: Tensor] | null = null,
  ): [outputs: Tensor, state: [h: Tensor, c: Tensor]] {
    return super.forward(x, state ?? this.zeroState(x));
  }
}

/** `GRU` whose two inputs, two outputs and parameters may be quantized. */
export class QuantizedGRU extends quantized(GRU, { inputs: 2, outputs: 2 }) {
  /** As the float layer; a state that is left out is made of zeros, which meet their quantizers too. */
  override forward(x: Tensor, state: Tensor | null = null): [outputs: Tensor, state: Tensor] {
    return super.forward(x, state ?? this.zeroState(x));
  }
}

/** `RNNCell` whose two inputs, output and parameters may be quantized. */
export class QuantizedRNNCell extends quantized(RNNCell, { inputs: 2 }) {
  /** As the float layer; a state that is left out is made of zeros, which meet their quantizers too. */
  override forward(x: Tensor, state: Tensor | null = null): Tensor {
    return super.forward(x, state ?? this.zeroState(x));
  }
}

/** `LSTMCell` whose three inputs, two outputs and parameters may be quantized. */
export class QuantizedLSTMCell extends quantized(LSTMCell, { inputs: 3, outputs: 2 }) {
  /** As the float layer; a state that is left out is made of zeros, which meet their quantizers too. */
  override forward(x: Tensor, state: readonly [h: Tensor, c: Tensor] | null = null): [h: Tensor, c: Tensor] {
    return super.forward(x, state ?? this.zeroState(x));
  }
}

/** `GRUCell` whose two inputs, output and parameters may be quantized. */
export class QuantizedGRUCell extends quantized(GRUCell, { inputs: 2 }) {
  /** As the float layer; a state that is left out is made of zeros, which meet their quantizers too. */
  override forward(x: Tensor, state: Tensor | null = null): Tensor {
    return super.forward(x, state ?? this.zeroState(x));
  }
}
