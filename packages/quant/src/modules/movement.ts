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

/** `Concat` whose inputs and output may be quantized. */
export class QuantizedConcat extends quantized(Concat, { sharedInputs: true }) {}

/** `Reshape` whose input and output may be quantized. */
export class QuantizedReshape extends quantized(Reshape) {}

/** `Permute` whose input and output may be quantized. */
export class QuantizedPermute extends quantized(Permute) {}

/** `Transpose` whose input and output may be quantized. */
export class QuantizedTranspose extends quantized(Transpose) {}

/** `Expand` whose input and output may be quantized. */
export class QuantizedExpand extends quantized(Expand) {}

/** `Tile` whose input and output may be quantized. */
export class QuantizedTile extends quantized(Tile) {}

/** `Split` whose input and outputs may be quantized. */
export class QuantizedSplit extends quantized(Split, { sharedOutputs: true }) {}

/** `Slice` whose input and output may be quantized. */
export class QuantizedSlice extends quantized(Slice) {}

/** `StridedSlice` whose input and output may be quantized. */
export class QuantizedStridedSlice extends quantized(StridedSlice) {}

/** `Select` whose input and output may be quantized. */
export class QuantizedSelect extends quantized(Select) {}

/** `Gather` whose input and output may be quantized. */
export class QuantizedGather extends quantized(Gather) {}

/** `IndexSelect` whose input and output may be quantized. */
export class QuantizedIndexSelect extends quantized(IndexSelect) {}

/** `ScatterElements` whose four inputs and output may be quantized. */
export class QuantizedScatterElements extends quantized(ScatterElements, { inputs: 4 }) {}

/** `Pad` whose input and output may be quantized. */
export class QuantizedPad extends quantized(Pad) {}

/** `Where` whose three inputs and output may be quantized. */
export class QuantizedWhere extends quantized(Where, { inputs: 3 }) {}

/** `MaskedFill` whose three inputs and output may be quantized. */
export class QuantizedMaskedFill extends quantized(MaskedFill, { inputs: 3 }) {}

/** `NonZero` whose input and output may be quantized. */
export class QuantizedNonZero extends quantized(NonZero) {}

/** `OneHot` whose input and output may be quantized. */
export class QuantizedOneHot extends quantized(OneHot) {}

/** `Cast` whose input and output may be quantized. */
export class QuantizedCast extends quantized(Cast) {}
