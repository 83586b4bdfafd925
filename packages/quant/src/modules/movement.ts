import {
  Cast,
  Concat,
  Expand,
  Gather,
  IndexSelect,
  MaskedFill,
  NonZero,
  OneHot,
  Pad,
  Permute,
  Reshape,
  ScatterElements,
  Select,
  Slice,
  Split,
  StridedSlice,
  Tile,
  Transpose,
  Where,
} from '@q/nn';
import { quantized } from './mixin.js';

export class QuantizedConcat extends quantized(Concat, { sharedInputs: true }) {}
export class QuantizedReshape extends quantized(Reshape) {}
export class QuantizedPermute extends quantized(Permute) {}
export class QuantizedTranspose extends quantized(Transpose) {}
export class QuantizedExpand extends quantized(Expand) {}
export class QuantizedTile extends quantized(Tile) {}
export class QuantizedSplit extends quantized(Split, { sharedOutputs: true }) {}
export class QuantizedSlice extends quantized(Slice) {}
export class QuantizedStridedSlice extends quantized(StridedSlice) {}
export class QuantizedSelect extends quantized(Select) {}
export class QuantizedGather extends quantized(Gather) {}
export class QuantizedIndexSelect extends quantized(IndexSelect) {}
export class QuantizedScatterElements extends quantized(ScatterElements, { inputs: 4 }) {}
export class QuantizedPad extends quantized(Pad) {}
export class QuantizedWhere extends quantized(Where, { inputs: 3 }) {}
export class QuantizedMaskedFill extends quantized(MaskedFill, { inputs: 3 }) {}
export class QuantizedNonZero extends quantized(NonZero) {}
export class QuantizedOneHot extends quantized(OneHot) {}
export class QuantizedCast extends quantized(Cast) {}
