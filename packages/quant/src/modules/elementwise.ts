import {
  Abs,
  Add,
  Asin,
  Atan,
  Cos,
  Divide,
  ElementwiseCeil,
  ElementwiseFloor,
  ElementwiseUnarySign,
  Equal,
  Erf,
  Exponential,
  FloorDivide,
  Fmod,
  Greater,
  GreaterEqual,
  Less,
  LessEqual,
  Log,
  LogicalAnd,
  LogicalNot,
  LogicalOr,
  Maximum,
  Minimum,
  Multiply,
  Neg,
  NotEqual,
  Pow,
  Remainder,
  Round,
  RSqrt,
  Sin,
  Sqrt,
  Square,
  Subtract,
} from '@q/nn';
import { quantized } from './mixin.js';

/** `Add` whose two inputs and output may be quantized. */
export class QuantizedAdd extends quantized(Add, { inputs: 2 }) {}

/** `Subtract` whose two inputs and output may be quantized. */
export class QuantizedSubtract extends quantized(Subtract, { inputs: 2 }) {}

/** `Multiply` whose two inputs and output may be quantized. */
export class QuantizedMultiply extends quantized(Multiply, { inputs: 2 }) {}

/** `Divide` whose two inputs and output may be quantized. */
export class QuantizedDivide extends quantized(Divide, { inputs: 2 }) {}

/** `FloorDivide` whose two inputs and output may be quantized. */
export class QuantizedFloorDivide extends quantized(FloorDivide, { inputs: 2 }) {}

/** `Remainder` whose two inputs and output may be quantized. */
export class QuantizedRemainder extends quantized(Remainder, { inputs: 2 }) {}

/** `Fmod` whose two inputs and output may be quantized. */
export class QuantizedFmod extends quantized(Fmod, { inputs: 2 }) {}

/** `Pow` whose two inputs and output may be quantized. */
export class QuantizedPow extends quantized(Pow, { inputs: 2 }) {}

/** `Maximum` whose two inputs and output may be quantized. */
export class QuantizedMaximum extends quantized(Maximum, { inputs: 2 }) {}

/** `Minimum` whose two inputs and output may be quantized. */
export class QuantizedMinimum extends quantized(Minimum, { inputs: 2 }) {}

/** `Equal` whose two inputs and output may be quantized. */
export class QuantizedEqual extends quantized(Equal, { inputs: 2 }) {}

/** `NotEqual` whose two inputs and output may be quantized. */
export class QuantizedNotEqual extends quantized(NotEqual, { inputs: 2 }) {}

/** `Greater` whose two inputs and output may be quantized. */
export class QuantizedGreater extends quantized(Greater, { inputs: 2 }) {}

/** `GreaterEqual` whose two inputs and output may be quantized. */
export class QuantizedGreaterEqual extends quantized(GreaterEqual, { inputs: 2 }) {}

/** `Less` whose two inputs and output may be quantized. */
export class QuantizedLess extends quantized(Less, { inputs: 2 }) {}

/** `LessEqual` whose two inputs and output may be quantized. */
export class QuantizedLessEqual extends quantized(LessEqual, { inputs: 2 }) {}

/** `LogicalAnd` whose two inputs and output may be quantized. */
export class QuantizedLogicalAnd extends quantized(LogicalAnd, { inputs: 2 }) {}

/** `LogicalOr` whose two inputs and output may be quantized. */
export class QuantizedLogicalOr extends quantized(LogicalOr, { inputs: 2 }) {}

/** `LogicalNot` whose input and output may be quantized. */
export class QuantizedLogicalNot extends quantized(LogicalNot) {}

/** `Abs` whose input and output may be quantized. */
export class QuantizedAbs extends quantized(Abs) {}

/** `Neg` whose input and output may be quantized. */
export class QuantizedNeg extends quantized(Neg) {}

/** `ElementwiseUnarySign` whose input and output may be quantized. */
export class QuantizedElementwiseUnarySign extends quantized(ElementwiseUnarySign) {}

/** `ElementwiseCeil` whose input and output may be quantized. */
export class QuantizedElementwiseCeil extends quantized(ElementwiseCeil) {}

/** `ElementwiseFloor` whose input and output may be quantized. */
export class QuantizedElementwiseFloor extends quantized(ElementwiseFloor) {}

/** `Round` whose input and output may be quantized. */
export class QuantizedRound extends quantized(Round) {}

/** `Exponential` whose input and output may be quantized. */
export class QuantizedExponential extends quantized(Exponential) {}

/** `Log` whose input and output may be quantized. */
export class QuantizedLog extends quantized(Log) {}

/** `Sqrt` whose input and output may be quantized. */
export class QuantizedSqrt extends quantized(Sqrt) {}

/** `RSqrt` whose input and output may be quantized. */
export class QuantizedRSqrt extends quantized(RSqrt) {}

/** `Square` whose input and output may be quantized. */
export class QuantizedSquare extends quantized(Square) {}

/** `Erf` whose input and output may be quantized. */
export class QuantizedErf extends quantized(Erf) {}

/** `Sin` whose input and output may be quantized. */
export class QuantizedSin extends quantized(Sin) {}

/** `Cos` whose input and output may be quantized. */
export class QuantizedCos extends quantized(Cos) {}

/** `Asin` whose input and output may be quantized. */
export class QuantizedAsin extends quantized(Asin) {}

/** `Atan` whose input and output may be quantized. */
export class QuantizedAtan extends quantized(Atan) {}
