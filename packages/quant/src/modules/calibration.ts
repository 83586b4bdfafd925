import type { Module } from '@q/nn';
import { noGrad } from '@q/tensor';
import { calibrating, type Calibration, type CalibrationScope } from '../quantizers/calibration.js';
import type { QuantizerBase } from '../quantizers/quantizer.js';
import { parameterPlaces, situationOf, type QuantizedModule, type QuantizerSlot } from './quantized-module.js';

type Quantized = Module & QuantizedModule;

const present = (slot: QuantizerSlot): slot is QuantizerBase => slot !== null;

/** The input and output quantizers of modules, each object once. */
const activationQuantizers = (modules: readonly Quantized[]): Set<QuantizerBase> =>
  new Set(
    modules
      .flatMap(({ inputQuantizers, outputQuantizers }) => [...inputQuantizers, ...outputQuantizers])
      .filter(present),
  );

/** Computes the encodings of all parameter quantizers of modules, or of none where one fails. A shared quantizer observes all its parameters. */
export function computeParamEncodings(modules: readonly Quantized[]): void {
  const open = new Map<QuantizerBase, Calibration>();
  try {
    for (const module of modules)
      for (const { name, value } of parameterPlaces(module)) {
        const quantizer = module.paramQuantizers[name] ?? null;
        if (quantizer === null) continue;
        if (!open.has(quantizer)) open.set(quantizer, quantizer.beginCalibration({ passThrough: true }));
        noGrad(() => quantizer.forward(value));
      }
  } catch (cause) {
    for (const calibration of open.values()) calibration.discard();
    throw cause;
  }
  commitAll([...open.values()]);
}

/**
 * Starts calibrating quantized modules, and quantizers that stand outside any: parameter encodings are computed now, all
 * others only observe until the calibration is committed. A shared quantizer observes at all its places.
 */
function begin(modules: readonly Quantized[], others: Iterable<QuantizerBase>): CalibrationScope {
  computeParamEncodings(modules);
  const observing = [...new Set([...activationQuantizers(modules), ...others])].map((quantizer) =>
    quantizer.beginCalibration({ passThrough: true }),
  );
  for (const module of modules) situationOf(module).calibrations++;
  let open = true;
  const close = (): boolean => {
    if (!open) return false;
    open = false;
    for (const module of modules) situationOf(module).calibrations--;
    return true;
  };
  const commit = (): void => {
    if (close()) commitAll(observing);
  };
  return {
    commit,
    discard() {
      if (close()) for (const calibration of observing) calibration.discard();
    },
    [Symbol.dispose]: commit,
  };
}

/** Calibrates modules and quantizers with what `fn` runs through them; without `fn`, returns the open calibration. */
export function calibrate<T>(
  modules: readonly Quantized[],
  others: Iterable<QuantizerBase>,
  fn?: () => T,
): T | CalibrationScope {
  const scope = begin(modules, others);
  return fn === undefined ? scope : calibrating(scope, fn);
}

/** Commits calibrations in their order; where one fails, those after it are discarded. */
function commitAll(calibrations: readonly Calibration[]): void {
  const waiting = [...calibrations];
  try {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) next.commit();
  } finally {
    for (const calibration of waiting) calibration.discard();
  }
}
