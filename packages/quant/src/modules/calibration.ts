import type { Module } from '@q/nn';
import { noGrad, type Tensor } from '@q/tensor';
import { calibrating, type CalibrationScope } from '../quantizers/calibration.js';
import type { QuantizerBase } from '../quantizers/quantizer.js';
import { checkQuantizer, ofParameter, placedQuantizers, runAt } from './forward.js';
import { situationOf, type QuantizedModule } from './quantized-module.js';

type Quantized = Module & QuantizedModule;

/** The input and output quantizers of modules, each object once. */
function activationQuantizers(modules: readonly Quantized[]): Set<QuantizerBase> {
  const found = new Set<QuantizerBase>();
  for (const module of modules)
    for (const slot of [...module.inputQuantizers, ...module.outputQuantizers]) {
      if (slot === null) continue;
      checkQuantizer(module, 'every input and output quantizer', slot);
      found.add(slot);
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

type State = Readonly<Record<string, Tensor>>;

const stateOf = (quantizer: QuantizerBase): State =>
  Object.fromEntries(Object.entries(quantizer.stateDict()).map(([name, value]) => [name, value.clone()]));

/** Copies the state of quantizers; the function that is returned gives it back to them. */
function remember(quantizers: Iterable<QuantizerBase>): () => void {
  const states = [...quantizers].map((quantizer) => [quantizer, stateOf(quantizer)] as const);
  return () => {
    for (const [quantizer, state] of states) quantizer.loadStateDict(state);
  };
}

/** What an open calibration found when it set a quantizer; null once that must not come back. */
interface Before {
  state: State | null;
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
  const mine = quantizers.map((quantizer) => [quantizer, { state: stateOf(quantizer) } as Before] as const);
  change();
  for (const [quantizer, before] of mine) opened.set(quantizer, [...(opened.get(quantizer) ?? []), before]);
  const close =
    (end: (quantizer: QuantizerBase, before: Before, open: readonly Before[], at: number) => void) => () => {
      for (const [quantizer, before] of mine) {
        const open = opened.get(quantizer)!;
        end(quantizer, before, open, open.indexOf(before));
        opened.set(
          quantizer,
          open.filter((other) => other !== before),
        );
      }
    };
  return {
    keep: close((_quantizer, _before, open, at) => open.slice(0, at).forEach((earlier) => (earlier.state = null))),
    undo: close((quantizer, { state }, open, at) => {
      const later = open[at + 1];
      if (state === null) return;
      if (later) later.state = state;
      else quantizer.loadStateDict(state);
    }),
  };
}

/** Runs `change`, which may change the quantizers; where it throws, they get their state back. */
function allOrNothing(quantizers: Iterable<QuantizerBase>, change: () => void): void {
  const restore = remember(quantizers);
  try {
    change();
  } catch (cause) {
    restore();
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

/**
 * Starts calibrating quantized modules, and quantizers that stand outside any: parameter encodings are computed now, all
 * others only observe until the calibration is committed. A shared quantizer observes at all its places.
 */
function begin(modules: readonly Quantized[], others: Iterable<QuantizerBase>): CalibrationScope {
  const quantizers = [...new Set([...activationQuantizers(modules), ...others])];
  const parameters = undoable([...parametersByQuantizer(modules).keys()], () => computeParamEncodings(modules));
  const observing = quantizers.map((quantizer) => quantizer.beginCalibration({ passThrough: true }));
  for (const module of modules) situationOf(module).calibrations++;
  let open = true;
  const close = (): boolean => {
    if (!open) return false;
    open = false;
    for (const module of modules) situationOf(module).calibrations--;
    return true;
  };
  const discard = (): void => {
    for (const calibration of observing) calibration.discard();
    parameters.undo();
  };
  const commit = (): void => {
    if (!close()) return;
    try {
      allOrNothing(quantizers, () => observing.forEach((calibration) => calibration.commit()));
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

/** Calibrates modules and quantizers with what `fn` runs through them; without `fn`, returns the open calibration. */
export function calibrate<T>(
  modules: readonly Quantized[],
  others: Iterable<QuantizerBase>,
  fn?: () => T,
): T | CalibrationScope {
  const scope = begin(modules, others);
  return fn === undefined ? scope : calibrating(scope, fn);
}
