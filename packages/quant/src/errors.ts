import { QError, ShapeError } from '@q/tensor';

/** A quantizer, grid or calibration that cannot do what was asked: options that contradict each other, no range yet. */
export class QuantizationError extends QError {}

/** A tensor or an encoding without the encoding, field or grid that an operation needs. */
export class EncodingError extends QuantizationError {}

/** Statistics were asked for a range before any data had been observed. */
export class StatisticsNotFoundError extends QuantizationError {}

/** An error of a shape or a quantizer that says where it happened; any other as it is, subclasses too: they may be made in another way. */
export function located(where: string, cause: unknown): unknown {
  const type = [ShapeError, QuantizationError].find((known) => (cause as Error | null)?.constructor === known);
  return type === undefined ? cause : new type(`${where}: ${(cause as Error).message}`, { cause });
}
