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

export class QuantizedAdd extends quantized(Add, { inputs: 2 }) {}
export class QuantizedSubtract extends quantized(Subtract, { inputs: 2 }) {}
export class QuantizedMultiply extends quantized(Multiply, { inputs: 2 }) {}
export class QuantizedDivide extends quantized(Divide, { inputs: 2 }) {}
export class QuantizedFloorDivide extends quantized(FloorDivide, { inputs: 2 }) {}
export class QuantizedRemainder extends quantized(Remainder, { inputs: 2 }) {}
export class QuantizedFmod extends quantized(Fmod, { inputs: 2 }) {}
export class QuantizedPow extends quantized(Pow, { inputs: 2 }) {}
export class QuantizedMaximum extends quantized(Maximum, { inputs: 2 }) {}
export class QuantizedMinimum extends quantized(Minimum, { inputs: 2 }) {}
export class QuantizedEqual extends quantized(Equal, { inputs: 2 }) {}
export class QuantizedNotEqual extends quantized(NotEqual, { inputs: 2 }) {}
export class QuantizedGreater extends quantized(Greater, { inputs: 2 }) {}
export class QuantizedGreaterEqual extends quantized(GreaterEqual, { inputs: 2 }) {}
export class QuantizedLess extends quantized(Less, { inputs: 2 }) {}
export class QuantizedLessEqual extends quantized(LessEqual, { inputs: 2 }) {}
export class QuantizedLogicalAnd extends quantized(LogicalAnd, { inputs: 2 }) {}
export class QuantizedLogicalOr extends quantized(LogicalOr, { inputs: 2 }) {}
export class QuantizedLogicalNot extends quantized(LogicalNot) {}
export class QuantizedAbs extends quantized(Abs) {}
export class QuantizedNeg extends quantized(Neg) {}
export class QuantizedElementwiseUnarySign extends quantized(ElementwiseUnarySign) {}
export class QuantizedElementwiseCeil extends quantized(ElementwiseCeil) {}
export class QuantizedElementwiseFloor extends quantized(ElementwiseFloor) {}
export class QuantizedRound extends quantized(Round) {}
export class QuantizedExponential extends quantized(Exponential) {}
export class QuantizedLog extends quantized(Log) {}
export class QuantizedSqrt extends quantized(Sqrt) {}
export class QuantizedRSqrt extends quantized(RSqrt) {}
export class QuantizedSquare extends quantized(Square) {}
export class QuantizedErf extends quantized(Erf) {}
export class QuantizedSin extends quantized(Sin) {}
export class QuantizedCos extends quantized(Cos) {}
export class QuantizedAsin extends quantized(Asin) {}
export class QuantizedAtan extends quantized(Atan) {}
