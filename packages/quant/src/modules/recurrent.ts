import { GRU, GRUCell, LSTM, LSTMCell, RNN, RNNCell } from '@q/nn';
import type { Tensor } from '@q/tensor';
import { quantized } from './mixin.js';

// A state that is left out is made here, so that its quantizers observe and quantize the zeros, as AIMET's do.

export class QuantizedRNN extends quantized(RNN, { inputs: 2, outputs: 2 }) {
  override forward(x: Tensor, state: Tensor | null = null): [outputs: Tensor, state: Tensor] {
    return super.forward(x, state ?? this.zeroState(x));
  }
}

export class QuantizedLSTM extends quantized(LSTM, { inputs: 3, outputs: 3 }) {
  override forward(
    x: Tensor,
    state: readonly [h: Tensor, c: Tensor] | null = null,
  ): [outputs: Tensor, state: [h: Tensor, c: Tensor]] {
    return super.forward(x, state ?? this.zeroState(x));
  }
}

export class QuantizedGRU extends quantized(GRU, { inputs: 2, outputs: 2 }) {
  override forward(x: Tensor, state: Tensor | null = null): [outputs: Tensor, state: Tensor] {
    return super.forward(x, state ?? this.zeroState(x));
  }
}

export class QuantizedRNNCell extends quantized(RNNCell, { inputs: 2 }) {
  override forward(x: Tensor, state: Tensor | null = null): Tensor {
    return super.forward(x, state ?? this.zeroState(x));
  }
}

export class QuantizedLSTMCell extends quantized(LSTMCell, { inputs: 3, outputs: 2 }) {
  override forward(x: Tensor, state: readonly [h: Tensor, c: Tensor] | null = null): [h: Tensor, c: Tensor] {
    return super.forward(x, state ?? this.zeroState(x));
  }
}

export class QuantizedGRUCell extends quantized(GRUCell, { inputs: 2 }) {
  override forward(x: Tensor, state: Tensor | null = null): Tensor {
    return super.forward(x, state ?? this.zeroState(x));
  }
}
