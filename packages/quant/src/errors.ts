import { described, QError } from '@q/tensor';

/** A quantizer, grid or calibration that cannot do what was asked: options that contradict each other, no range yet. */
export class QuantizationError extends QError {}

/** A tensor or an encoding without the encoding, field or grid that an operation needs. */
export class EncodingError extends QuantizationError {}

/** Statistics were asked for a range before any data had been observed. */
export class StatisticsNotFoundError extends QuantizationError {}

/** Throws where an options object from outside the type system has a key that nothing reads. */
export function checkOptions(operation: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null)
    throw new QuantizationError(
      `${operation}: wants an options object with ${known.join(', ')}, got ${described(options)}.`,
    );
  const unknown = Object.keys(options).filter((key) => !known.includes(key));
  if (unknown.length > 0)
    throw new QuantizationError(`${operation}: unknown option ${unknown.join(', ')}. Known: ${known.join(', ')}.`);
}
