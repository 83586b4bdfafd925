/** Topic h: quantized modules: calibration, outputs, exported encodings, integer kernels. */
import * as nn from '@q/nn';

import type { Tolerance } from '../../../tensor/test/golden/compare.js';
import { isFields, isTensorRecord, tensorFrom, type Fields } from '../../../tensor/test/golden/format.js';
import { callMethod, property, type Library, type Namespace } from '../../../tensor/test/golden/library.js';
import { LeftOut, Mismatch, NotBuilt, type Topic } from '../../../tensor/test/golden/runner.js';
import { flattenResult, Torch } from '../../../tensor/test/golden/torch.js';
import { topicOf } from './affine.js';
import { kernels } from './kernels.js';
import {
  assign,
  checkTensor,
  checkValue,
  classOf,
  expecting,
  exportsOfQuant,
  list,
  newQuantizer,
  record,
  setRange,
  tensorsOf,
} from './quantizers.js';

/** `QuantizationMixin.fromModule(module)`. */
export function quantizedFrom(module: object): object {
  const mixin = exportsOfQuant.QuantizationMixin;
  if (typeof mixin !== 'function') throw new NotBuilt('QuantizationMixin');
  return callMethod(mixin, 'fromModule', [module]) as object;
}

/** An argument of a forward call: a tensor, a plain number, a tuple. */
function argumentFrom(value: unknown): unknown {
  if (isTensorRecord(value)) return tensorFrom(value);
  if (isFields(value) && 'python' in value) return value.python;
  if (isFields(value) && Array.isArray(value.tuple)) return value.tuple.map(argumentFrom);
  return value;
}

/** A quantizer with its range set where the file gives one. */
export function quantizerFrom(config: unknown): object | null {
  if (!isFields(config)) return null;
  const quantizer = newQuantizer(config);
  const { min, max } = tensorsOf(config.range);
  if (min !== undefined) setRange(quantizer, min, max);
  return quantizer;
}

type Slots = Record<string | number, unknown>;

const slotsOf = (module: object, kind: string): Slots => property(module, `${kind}Quantizers`) as Slots;

/** Puts the quantizers of a case in their places; shared places hold the same object. */
export function installQuantizers(module: object, config: Fields): void {
  const quantizers = record(config.quantizers);
  for (const kind of ['input', 'output', 'param'])
    for (const [slot, entry] of Object.entries((quantizers[kind] ?? {}) as object))
      slotsOf(module, kind)[slot] = quantizerFrom(entry);
  for (const pair of list(config.shared)) {
    const [[kind, slot], [ofKind, ofSlot]] = pair as [[string, string | number], [string, string | number]];
    slotsOf(module, kind)[slot] = slotsOf(module, ofKind)[ofSlot];
  }
}

const toleranceFrom = (value: unknown): Tolerance => {
  const { rtol, atol } = record(value);
  return Number(rtol ?? 0) === 0 && Number(atol ?? 0) === 0 ? 'exact' : [Number(rtol ?? 0), Number(atol ?? 0)];
};

/** Results of a forward call compared with `[{ class, data, has_encoding }]`. */
export function checkOutputs(what: string, result: unknown, expected: unknown, tolerance: Tolerance): void {
  const outputs = flattenResult(result);
  const wanted = list(expected).map(record);
  if (outputs.length !== wanted.length)
    throw new Mismatch(`${what}: ${outputs.length} outputs, expected ${wanted.length}`);
  wanted.forEach((entry, i) => {
    if (entry.class === 'DequantizedTensor') checkValue(`${what} ${i}: class`, classOf(outputs[i]), entry.class);
    checkTensor(`${what} ${i}`, outputs[i], entry.data, tolerance);
  });
}

/** Exported encodings: offsets, bitwidths and flags exactly, ranges within the tolerance. */
export function checkExport(what: string, actual: unknown, expected: unknown, tolerance: Tolerance): void {
  if (expected === null || expected === undefined) return checkValue(what, actual ?? null, null);
  if (Array.isArray(expected)) {
    const got = list(actual);
    if (got.length !== expected.length)
      throw new Mismatch(`${what}: ${got.length} entries, expected ${expected.length}`);
    expected.forEach((entry, i) => checkExport(`${what}[${i}]`, got[i], entry, tolerance));
    return;
  }
  const found = record(actual);
  for (const [key, wanted] of Object.entries(record(expected))) {
    const value = key === 'is_symmetric' ? String(found[key] ?? found.isSymmetric).toLowerCase() : found[key];
    if (isFields(wanted) || Array.isArray(wanted) || wanted === null)
      checkExport(`${what}.${key}`, value, wanted, tolerance);
    else if (typeof wanted === 'number' && ['min', 'max', 'scale'].includes(key) && tolerance !== 'exact') {
      if (!(Math.abs(Number(value) - wanted) <= tolerance[1] + tolerance[0] * Math.abs(wanted)))
        throw new Mismatch(`${what}.${key}: ${String(value)}, expected ${wanted}`);
    } else checkValue(`${what}.${key}`, value, key === 'is_symmetric' ? String(wanted).toLowerCase() : wanted);
  }
}

/** The float module of a case, with its state and mode. */
function floatModule(config: Fields, torch: Torch): object {
  const name = String(config.module).replace(/^Quantized/, '');
  const module = torch.construct(name, [], record(config.args));
  const state = tensorsOf(config.state);
  if (Object.keys(state).length > 0) callMethod(module, 'loadStateDict', [state]);
  callMethod(module, config.mode === 'train' ? 'train' : 'eval', []);
  return module;
}

function runModule(golden: Fields, torch: Torch): void {
  const config = record(golden.config);
  if (!('module' in config)) return kernelFacts(golden, torch);
  const inputs = record(golden.inputs);
  const expected = record(golden.expected_fixed ?? golden.expected);
  const tolerance = toleranceFrom(expected.tol);
  const call = (module: object, args: unknown): unknown => torch.call(module, list(args).map(argumentFrom), {});
  const evaluate = (module: object): unknown => call(module, inputs.eval);
  // The reference ignores the parameter quantizers of recurrent modules, so its outputs say nothing here.
  const outputsCount = !list(config.aimet_bug).includes('rnn_param_quantizers_ignored');

  checkOutputs('float module', evaluate(floatModule(config, torch)), expected.float, tolerance);
  const module = quantizedFrom(floatModule(config, torch));
  installQuantizers(module, config);
  if (typeof config.kernel === 'string') callMethod(module, 'setKernel', [kernels[config.kernel]]);
  if ('uncalibrated' in expected) {
    const fresh = quantizedFrom(floatModule(config, torch));
    installQuantizers(fresh, config);
    expecting(
      expected.uncalibrated,
      () => evaluate(fresh),
      (result) => checkOutputs('uncalibrated', result, expected.uncalibrated, tolerance),
    );
  }
  const batches = list(inputs.calib);
  if (batches.length > 0) {
    const inside: unknown[] = [];
    callMethod(module, 'computeEncodings', [
      () => {
        for (const batch of batches) inside.push(call(module, batch));
      },
    ]);
    if (outputsCount)
      list(expected.inside).forEach((wanted, i) => checkOutputs(`inside ${i}`, inside[i], wanted, tolerance));
  }
  if (outputsCount)
    expecting(
      expected.out,
      () => evaluate(module),
      (result) => checkOutputs('out', result, expected.out, tolerance),
    );
  const encodingTolerance = toleranceFrom(expected.enc_tol);
  const exported = record(expected.export);
  for (const [kind, method] of [
    ['input', 'exportInputEncodings'],
    ['output', 'exportOutputEncodings'],
    ['param', 'exportParamEncodings'],
  ] as const)
    if (kind in exported && (kind !== 'output' || outputsCount))
      checkExport(method, callMethod(module, method, []), exported[kind], encodingTolerance);
  if (isFields(expected.buffers_after)) {
    const state = callMethod(module, 'stateDict', []) as Readonly<Record<string, unknown>>;
    for (const [name, wanted] of Object.entries(expected.buffers_after))
      checkTensor(`buffer ${name}`, state[name], wanted, tolerance === 'exact' ? [1e-6, 1e-6] : tolerance);
  }
}

/** Which kernel runs: that of the instance, else the default of its class; other classes have their own. */
function kernelResolution(expected: Fields, torch: Torch): void {
  const module = quantizedFrom(torch.construct('Multiply', [], {}));
  const [type, other] = [module.constructor, quantizedFrom(torch.construct('Add', [], {})).constructor];
  const [ofClass, ofInstance] = [(): null => null, (): null => null];
  const kernel = (): unknown => callMethod(module, 'getKernel', []);
  checkValue(
    'default at first',
    callMethod(type, 'getDefaultKernel', []) === null,
    expected.default_kernel_initially_none,
  );
  callMethod(type, 'setDefaultKernel', [ofClass]);
  try {
    checkValue('default used', kernel() === ofClass, expected.default_kernel_used_by_instance);
    const none = callMethod(other, 'getDefaultKernel', []) === null;
    checkValue('default of another class', none, expected.default_kernel_of_other_class_none);
    callMethod(module, 'setKernel', [ofInstance]);
    checkValue('instance wins', kernel() === ofInstance, expected.instance_kernel_wins);
  } finally {
    callMethod(type, 'setDefaultKernel', [null]);
  }
}

/** The two cases of h_custom_kernels that are about kernels themselves. */
function kernelFacts(golden: Fields, torch: Torch): void {
  const config = record(golden.config);
  if (!('a_quantizer' in config)) return kernelResolution(record(golden.expected), torch);
  const { a, b } = tensorsOf(golden.inputs);
  const [low, high] = list(config.range).map(Number);
  const ranged = (value: unknown): object => {
    const quantizer = newQuantizer(record(value));
    callMethod(quantizer, 'setRange', [
      torch.evaluate(`torch.tensor(${low})`, {}),
      torch.evaluate(`torch.tensor(${high})`, {}),
    ]);
    return quantizer;
  };
  const module = quantizedFrom(torch.construct('Multiply', [], {}));
  assign(slotsOf(module, 'output'), '0', ranged(config.output_quantizer));
  callMethod(module, 'setKernel', [kernels[String(config.kernel)]]);
  const quantized = [
    callMethod(ranged(config.a_quantizer), 'forward', [a]),
    callMethod(ranged(config.b_quantizer), 'forward', [b]),
  ];
  checkOutputs('out', callMethod(module, 'forward', quantized), record(golden.expected).out, 'exact');
}

/** h_modules_elementwise, h_modules_linear_conv, h_modules_norm_embed_rnn, h_custom_kernels */
export function quantizedModules(library: Library): Topic {
  const torch = new Torch(library);
  return topicOf(
    (golden) => String(record(golden.config).module ?? 'kernels'),
    (golden) => runModule(golden, torch),
  );
}

/** j_module_classes */
export function moduleClasses(library: Library): Topic {
  const torch = new Torch(library);
  return topicOf(
    (golden) => String(record(golden.config).namespace ?? 'summary'),
    (golden) => {
      const config = record(golden.config);
      const expected = record(golden.expected);
      if (typeof config.class !== 'string') throw new LeftOut('a summary of the Python package');
      const base = config.class.replace(/^Quantized/, '');
      if (config.namespace === 'custom' && base === 'AvgPool2d')
        throw new LeftOut("by design: one AvgPool2d, torch's, not a second one that takes its sizes when called");
      const defaults: Readonly<Record<string, unknown>> = { Softmax: [-1], LogSoftmax: [-1], Softmin: [-1] };
      const args = list(config.example_args).length > 0 ? list(config.example_args) : list(defaults[base]);
      // Instance norms have parameters only where they are asked for.
      const affine = base.startsWith('InstanceNorm') && list(expected.param_quantizers).length > 0;
      const module = quantizedFrom(torch.construct(base, args, affine ? { affine } : {}));
      if (!(config.class in exportsOfQuant)) throw new Mismatch(`${config.class} is not exported`);
      checkValue('class', module.constructor.name, config.class);
      const float = (nn as Namespace)[base];
      if (typeof float === 'function' && !(module instanceof float)) throw new Mismatch(`not a ${base}`);
      checkValue('inputQuantizers', Object.keys(slotsOf(module, 'input')).length, expected.n_input_quantizers);
      checkValue('outputQuantizers', Object.keys(slotsOf(module, 'output')).length, expected.n_output_quantizers);
      checkValue(
        'paramQuantizers',
        Object.keys(slotsOf(module, 'param')).sort(),
        [...list(expected.param_quantizers)].sort(),
      );
    },
  );
}
