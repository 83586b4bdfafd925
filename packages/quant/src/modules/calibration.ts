import type { Module } from '@q/nn';
import { noGrad, type Tensor } from '@q/tensor';
import { calibrating, type CalibrationScope, type OpenCalibration } from '../quantizers/calibration.js';
import type { QuantizerBase } from '../quantizers/quantizer.js';
import { warn } from '../warnings.js';
import { checkQuantizer, ofParameter, placedQuantizers, runAt } from './forward.js';
import { quantizerSlots, situationOf, type QuantizedModule } from './quantized-module.js';

type Quantized = Module & QuantizedModule;

/** The input and output quantizers of modules, each object once. */
function activationQuantizers(modules: readonly Quantized[]): Set<QuantizerBase> {
  const found = new Set<QuantizerBase>();
  for (const module of modules) {
    const { inputQuantizers, outputQuantizers } = quantizerSlots(module);
    for (const slot of [...inputQuantizers, ...outputQuantizers]) {
      if (slot === null) continue;
      checkQuantizer(module, 'every input and output quantizer', slot);
      found.add(slot);
    }
  }
  return found;
}

/** A parameter of a module. */
interface Place {
  readonly module: Quantized;
  readonly name: string;
  readonly value: Tensor;
}

/** The parameter quantizers of modules that may be overwritten, each with the parameters it stands at. */
function parametersByQuantizer(modules: readonly Quantized[]): Map<QuantizerBase, Place[]> {
  const found = new Map<QuantizerBase, Place[]>();
  for (const module of modules)
    for (const [quantizer, { name, value }] of placedQuantizers(module))
      if (quantizer.overwritable) found.set(quantizer, [...(found.get(quantizer) ?? []), { module, name, value }]);
  return found;
}

/** Copies the state of a quantizer; the function that is returned gives it back. */
function remember(quantizer: QuantizerBase): () => void {
  const state = Object.entries(quantizer.stateDict()).map(([name, value]) => [name, value.clone()] as const);
  return () => {
    quantizer.loadStateDict(Object.fromEntries(state));
  };
}

/** What an open calibration found when it set a quantizer; null once that must not come back. */
interface Before {
  giveBack: (() => void) | null;
}

/** What the open calibrations of each quantizer found, in the order in which they began. */
const opened = new WeakMap<QuantizerBase, Before[]>();

/**
 * Runs `change`, which sets quantizers. Undoing it gives each the state that it had, unless a calibration that began later has
 * set it meanwhile: that one then gives back what this one found. After `keep`, no earlier one gives anything back.
 */
function undoable(
  quantizers: readonly QuantizerBase[],
  change: () => void,
): { readonly keep: () => void; readonly undo: () => void } {
  const mine = quantizers.map((quantizer) => [quantizer, { giveBack: remember(quantizer) } as Before] as const);
  change();
  for (const [quantizer, before] of mine) opened.set(quantizer, [...(opened.get(quantizer) ?? []), before]);
  const close = (end: (before: Before, open: readonly Before[], at: number) => void) => () => {
    for (const [quantizer, before] of mine) {
      const open = opened.get(quantizer)!;
      end(before, open, open.indexOf(before));
      opened.set(
        quantizer,
        open.filter((other) => other !== before),
      );
    }
  };
  return {
    keep: close((_before, open, at) => open.slice(0, at).forEach((earlier) => (earlier.giveBack = null))),
    undo: close(({ giveBack }, open, at) => {
      const later = open[at + 1];
      if (giveBack === null) return;
      if (later) later.giveBack = giveBack;
      else giveBack();
    }),
  };
}

/** Runs `change`, which may change the quantizers; where it throws, they get their state back. */
function allOrNothing(quantizers: Iterable<QuantizerBase>, change: () => void): void {
  const giveBacks = [...quantizers].map(remember);
  try {
    change();
  } catch (cause) {
    for (const giveBack of giveBacks) giveBack();
    throw cause;
  }
}

/** Computes the encodings of all parameter quantizers of modules, or of none where one fails. A shared quantizer observes all its parameters. */
export function computeParamEncodings(modules: readonly Quantized[]): void {
  const parameters = parametersByQuantizer(modules);
  allOrNothing(parameters.keys(), () => {
    for (const [quantizer, places] of parameters)
      calibrating(quantizer.beginCalibration({ passThrough: true }), () =>
        noGrad(() => places.forEach(({ module, name, value }) => runAt(module, ofParameter(name), quantizer, value))),
      );
  });
}

/** A quantizer that observes. */
type Observing = readonly [QuantizerBase, OpenCalibration];

/** Opens a calibration of each quantizer that can have one, or of none where one fails. */
function observe(quantizers: readonly QuantizerBase[]): readonly Observing[] {
  const observing: Observing[] = [];
  try {
    for (const quantizer of quantizers) {
      const calibration = quantizer.openCalibration(true);
      if (calibration !== null) observing.push([quantizer, calibration]);
    }
  } catch (cause) {
    for (const [, calibration] of observing) calibration.discard();
    throw cause;
  }
  return observing;
}

/** Warns where quantizers wait for an encoding, and neither a module nor a quantizer has run: whoever calibrates ran another model. */
function warnOfNothing(model: object, calls: number, observing: readonly Observing[]): void {
  if (calls > 0 || observing.some(([, calibration]) => calibration.hasRange)) return;
  const waiting = observing.filter(([quantizer]) => !quantizer.isInitialized()).length;
  if (waiting > 0)
    warn({
      code: 'nothing-observed',
      message: `computeEncodings: nothing passed through the model that is calibrated (${model.constructor.name}), and ${waiting} of its quantizers still have no encoding. Run that very model in the callback: QuantizationSimModel gives it as the argument.`,
      source: model,
    });
}

const callsOf = (modules: readonly Quantized[]): number =>
  modules.reduce((sum, module) => sum + situationOf(module).calls, 0);

/**
 * Starts calibrating quantized modules of a model, and quantizers that stand outside any: parameter encodings are computed now, all
 * others only observe until the calibration is committed. A shared quantizer observes at all its places.
 */
function begin(model: object, modules: readonly Quantized[], others: Iterable<QuantizerBase>): CalibrationScope {
  const quantizers = [...new Set([...activationQuantizers(modules), ...others])];
  const parameters = undoable([...parametersByQuantizer(modules).keys()], () => computeParamEncodings(modules));
  let observing: readonly Observing[] = [];
  const discard = (): void => {
    for (const [, calibration] of observing) calibration.discard();
    parameters.undo();
  };
  try {
    observing = observe(quantizers);
  } catch (cause) {
    discard();
    throw cause;
  }
  for (const module of modules) situationOf(module).calibrations++;
  const callsBefore = callsOf(modules);
  let open = true;
  const close = (): boolean => {
    if (!open) return false;
    open = false;
    for (const module of modules) situationOf(module).calibrations--;
    return true;
  };
  const commit = (): void => {
    if (!close()) return;
    try {
      for (const [, calibration] of observing) calibration.prepare();
      warnOfNothing(model, callsOf(modules) - callsBefore, observing);
      allOrNothing(quantizers, () => observing.forEach(([, calibration]) => calibration.adopt()));
    } catch (cause) {
      discard();
      throw cause;
    }
    parameters.keep();
  };
  return {
    commit,
    discard: () => {
      if (close()) discard();
    },
    [Symbol.dispose]: commit,
  };
}

/** Calibrates modules of a model and quantizers with what `fn` runs through them; without `fn`, returns the open calibration. */
export function calibrate<T>(
  model: object,
  modules: readonly Quantized[],
  others: Iterable<QuantizerBase>,
  fn?: () => T,
): T | CalibrationScope {
  const scope = begin(model, modules, others);
  return fn === undefined ? scope : calibrating(scope, fn);
}
