import { checkFunction } from '@q/tensor/internal';
/** A condition that deserves a look and stops nothing. */
export interface QuantizationWarning {
  /** What it is about, stable: to filter or count by. */
  readonly code: 'non-finite-values' | 'extreme-values' | 'clipped-negatives' | 'nothing-observed';
  /** The same in words. */
  readonly message: string;
  /** The object that warns, for instance the quantizer whose calibration saw the values. */
  readonly source?: object;
}

/** Takes a warning. */
export type WarningListener = (warning: QuantizationWarning) => void;

declare const console: { warn(message: string): void };

const toConsole: WarningListener = ({ message }) => console.warn(`@q/quant: ${message}`);

const listeners = new Set<WarningListener>();

/**
 * Calls `listener` with every later warning, in place of `console.warn` (the default while nobody listens). Returns the
 * function that stops it.
 *
 * ```ts
 * const stop = onWarning(({ code, message }) => logger.info(code, message));
 * ```
 */
export function onWarning(listener: WarningListener): () => void {
  checkFunction('onWarning', listener);
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

/** Hands a warning to whoever listens. */
export function warn(warning: QuantizationWarning): void {
  if (listeners.size === 0) toConsole(warning);
  for (const listener of [...listeners]) listener(warning);
}
