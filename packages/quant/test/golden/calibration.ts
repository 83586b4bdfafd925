/** Topic f: the life of one quantizer object, step by step. */
import * as nn from '@q/nn';
import type { Tensor } from '@q/tensor';
import { field, isTensorRecord, tensorFrom, type Fields } from '../../../tensor/test/golden/format.js';
import { callMethod, exportedClass, exportedFunction, property } from '../../../tensor/test/golden/library.js';
import { Mismatch } from '../../../tensor/test/golden/runner.js';
import { topicOf } from './affine.js';
import {
  assign,
  checkLegacy,
  checkTensor,
  checkValue,
  classOf,
  expecting,
  exportsOfQuant,
  isError,
  list,
  newQuantizer,
  record,
  setRange,
  tensorBy,
} from './quantizers.js';

class Raised extends Error {
  override name = 'Raised';
}

/** The state of a quantizer as `get` steps list it. */
function checkState(what: string, quantizer: object, expected: Fields, gridIsOpen: boolean): void {
  checkTensor(`${what}: min`, property(quantizer, 'min'), expected.min);
  checkTensor(`${what}: max`, property(quantizer, 'max'), expected.max);
  checkValue(`${what}: isInitialized`, callMethod(quantizer, 'isInitialized', []), expected.initialized);
  if (!gridIsOpen)
    for (const name of ['qmin', 'qmax', 'symmetric'])
      checkValue(`${what}: ${name}`, property(quantizer, name), expected[name]);
  for (const [key, method] of [
    ['get_scale', 'getScale'],
    ['get_offset', 'getOffset'],
    ['get_min', 'getMin'],
    ['get_max', 'getMax'],
  ] as const)
    checkTensor(`${what}: ${method}`, callMethod(quantizer, method, []), expected[key]);
}

const tensorOf = (value: unknown): Tensor => {
  if (!isTensorRecord(value)) throw new Mismatch('no tensor in the step');
  return tensorFrom(value);
};

class Life {
  /** After a refused legacy encoding the reference leaves a half-changed grid: a known defect that is not compared. */
  private gridIsOpen = false;

  constructor(
    private readonly quantizer: object,
    private readonly config: Fields,
    private readonly steps: readonly Fields[],
  ) {}

  run(from = 0, to = this.steps.length): void {
    for (let i = from; i < to; i++) i = this.step(i);
  }

  /** Runs one step, for `enter` all up to its exit; returns the index of the last step that ran. */
  private step(i: number): number {
    const step = field(this.steps, i);
    if (step.op === 'enter') return this.context(i);
    const what = `step ${i} ${String(step.op)}`;
    const expected = record(step.expected);
    const action = this.actions[String(step.op)];
    if (action === undefined) throw new Mismatch(`${what}: unknown step`);
    let check: () => void = () => undefined;
    expecting(
      expected,
      () => (check = action(step, expected, what)),
      () => check(),
    );
    if (isError(expected) && String(step.op).includes('legacy')) this.gridIsOpen = true;
    return i;
  }

  private context(enter: number): number {
    let depth = 0;
    let exit = enter;
    do {
      const { op } = field(this.steps, exit);
      if (op === 'enter') depth++;
      if (op === 'exit' || op === 'exit_with_exception') depth--;
      exit++;
    } while (depth > 0 && exit < this.steps.length);
    const last = exit - 1;
    const leaving = field(this.steps, last);
    const raises = leaving.op === 'exit_with_exception';
    const warnings: string[] = [];
    // The reference clips negatives in silence.
    const listener = ({ code, message }: { readonly code: string; readonly message: string }): unknown =>
      code === 'clipped-negatives' || warnings.push(message);
    const stop = exportedFunction(exportsOfQuant, 'onWarning')(listener) as () => void;
    try {
      callMethod(this.quantizer, 'computeEncodings', [
        () => {
          this.run(enter + 1, last);
          if (raises) throw new Raised();
        },
      ]);
    } catch (error) {
      if (!(raises && error instanceof Raised)) throw error;
    } finally {
      stop();
    }
    checkValue(`step ${last} exit: warnings`, warnings, record(leaving.expected).warnings ?? []);
    return last;
  }

  /** Each step does its work and returns what is to be checked afterwards. */
  private readonly actions: Readonly<Record<string, (step: Fields, expected: Fields, what: string) => () => void>> = {
    is_initialized: (_step, expected, what) => () =>
      checkValue(what, callMethod(this.quantizer, 'isInitialized', []), expected.result),
    forward: (step, expected, what) => {
      const out = tensorBy(this.quantizer, 'forward', tensorOf(step.x));
      return () => {
        checkValue(`${what}: class`, classOf(out), expected.class);
        checkTensor(`${what}: out`, out, expected.out);
      };
    },
    get: (_step, expected, what) => () => checkState(what, this.quantizer, expected, this.gridIsOpen),
    allow_overwrite: (step) => {
      callMethod(this.quantizer, 'allowOverwrite', [step.mode]);
      return () => undefined;
    },
    set_range: (step) => {
      setRange(this.quantizer, tensorOf(step.min), tensorOf(step.max));
      return () => undefined;
    },
    assign: (step) => {
      const parameter = new (exportedClass(nn, 'Parameter'))(tensorOf(step.value));
      assign(this.quantizer, String(step.attr), parameter);
      return () => undefined;
    },
    set: (step) => {
      assign(this.quantizer, String(step.attr), step.value);
      return () => undefined;
    },
    get_legacy: (_step, expected, what) => {
      const found = callMethod(this.quantizer, 'getLegacyEncodings', []);
      return () => checkLegacy(what, found, expected.result);
    },
    set_legacy: (step, expected, what) => {
      callMethod(this.quantizer, 'setLegacyEncodings', [step.encodings]);
      return () => checkState(what, this.quantizer, expected, false);
    },
    roundtrip_legacy: (_step, expected, what) => {
      callMethod(this.quantizer, 'setLegacyEncodings', [callMethod(this.quantizer, 'getLegacyEncodings', [])]);
      return () => checkState(what, this.quantizer, expected, false);
    },
    state_roundtrip: (_step, expected, what) => {
      const fresh = newQuantizer(this.config);
      callMethod(fresh, 'loadStateDict', [callMethod(this.quantizer, 'stateDict', [])]);
      return () => checkState(what, fresh, record(expected.params), false);
    },
    state_load_without_extra: (_step, expected, what) => {
      const { min, max } = callMethod(this.quantizer, 'stateDict', []) as Readonly<Record<string, Tensor>>;
      const fresh = newQuantizer(this.config);
      callMethod(fresh, 'loadStateDict', [{ min, max }, { strict: false }]);
      return () => checkState(what, fresh, record(expected.params), false);
    },
    deepcopy: (_step, expected, what) => {
      const copy = callMethod(this.quantizer, 'clone', []) as object;
      return () => checkState(what, copy, expected, false);
    },
    set_percentile: (step) => {
      const analyzer = property(this.quantizer, 'encodingAnalyzer') as object;
      if (typeof property(analyzer, 'setPercentile') === 'function')
        callMethod(analyzer, 'setPercentile', [step.value]);
      else assign(analyzer, 'percentile', step.value);
      return () => undefined;
    },
    stats: (_step, expected, what) => {
      const statistics = record(callMethod(property(this.quantizer, 'encodingAnalyzer') as object, 'getStats', []));
      return () => {
        checkTensor(`${what}: min`, statistics.min, expected.min);
        checkTensor(`${what}: max`, statistics.max, expected.max);
      };
    },
  };
}

/** f_calibration_flow */
export const calibration = topicOf(
  (golden) => String(golden.name).replace(/(_[0-9ab])+$/, ''),
  (golden) => {
    const config = record(record(golden.config).quantizer);
    const expected = record(golden.expected);
    if (expected.ctor_error !== undefined)
      return expecting(
        { error: expected.ctor_error },
        () => newQuantizer(config),
        () => undefined,
      );
    new Life(newQuantizer(config), config, list(expected.steps).map(record)).run();
  },
);
