/** Topics a, b and c: affine quantizers per tensor, per channel and per block, their grids and their gradients. */
import { firstDifference, resultOf } from '../../../tensor/test/golden/compare.js';
import { isTensorRecord, mustHave, tensorFrom, type Fields } from '../../../tensor/test/golden/format.js';
import { callMethod, exportedFunction, property } from '../../../tensor/test/golden/library.js';
import { Mismatch, mustThrow, same, type GoldenCase, type Topic } from '../../../tensor/test/golden/runner.js';
import { camelCase } from '../../../tensor/test/golden/signature.js';
import { zeros, type Tensor } from '@q/tensor';
import {
  assign,
  checkEncoding,
  checkLegacy,
  checkParameters,
  checkTensor,
  checkValue,
  classOf,
  expecting,
  isError,
  list,
  messageOf,
  namespaceOf,
  newQuantizer,
  record,
  setRange,
  tensorBy,
  tensorsOf,
} from './quantizers.js';

const signedZero = { signedZero: true };

/** A topic whose cases run one after the other through the same function. */
export const topicOf =
  (group: (golden: Fields) => string, run: (golden: Fields, fields: Fields) => void): Topic =>
  ({ cases, fields }) =>
    cases.map((golden): GoldenCase => ({
      name: String(golden.name),
      group: group(golden),
      run: () => run(golden, fields),
    }));

/** a_affine_forward */
export const affineForward = topicOf(
  (golden) => (record(golden.config).symmetric === true ? 'symmetric' : 'asymmetric'),
  (golden) => {
    const { min, max, x } = tensorsOf(golden.inputs);
    const expected = record(golden.expected);
    for (const [key, cls] of [
      ['quantize', 'Quantize'],
      ['qdq', 'QuantizeDequantize'],
    ] as const) {
      if (!(key in expected)) continue;
      const quantizer = newQuantizer(record(golden.config), cls);
      setRange(quantizer, min, max);
      checkValue(`${cls}.qmin`, property(quantizer, 'qmin'), expected.qmin);
      checkValue(`${cls}.qmax`, property(quantizer, 'qmax'), expected.qmax);
      checkParameters(cls, quantizer, record(expected.params));
      checkEncoding(`${cls} encoding`, callMethod(quantizer, 'getEncoding', []), record(expected.encoding));
      expecting(
        expected[key],
        () => tensorBy(quantizer, 'forward', x),
        () => undefined,
      );
      if (isError(expected[key])) continue;
      const results = record(expected[key]);
      const out = tensorBy(quantizer, 'forward', x);
      checkTensor(`${cls} out`, out, results.out, 'exact', signedZero);
      for (const [name, method] of [
        ['dequantized', 'dequantize'],
        ['quantized', 'quantize'],
        ['repr', 'quantizedRepr'],
      ] as const)
        if (name in results)
          expecting(
            results[name],
            () => tensorBy(out, method),
            (result) => checkTensor(`${cls} ${name}`, result, results[name]),
          );
    }
  },
);

/** a_affine_functional */
export const affineFunctional = topicOf(
  (golden) => String(record(golden.config).fn),
  (golden) => {
    const { x, scale, offset } = tensorsOf(golden.inputs);
    const { fn, args } = record(golden.config);
    const options = Object.fromEntries(Object.entries(record(args)).map(([name, value]) => [camelCase(name), value]));
    const expected = record(golden.expected);
    const call = exportedFunction(namespaceOf('affine'), camelCase(String(fn)));
    expecting(
      expected,
      () => call(x, scale, offset, ...(Object.keys(options).length > 0 ? [options] : [])),
      (out) => checkTensor('out', out, expected.out, 'exact', signedZero),
    );
  },
);

/** Positional constructor arguments of the reference as options: shape, then bitwidth or qmin and qmax, then symmetric. */
function constructorConfig(config: Fields): Fields {
  const [shape, ...rest] = list(config.args);
  const numbers = rest.filter((value) => typeof value === 'number');
  const symmetric = rest.find((value) => typeof value === 'boolean');
  const grid = numbers.length > 1 ? { qmin: numbers[0], qmax: numbers[1] } : { bitwidth: numbers[0] };
  return { ...grid, symmetric, shape: typeof shape === 'number' ? [shape] : shape, ...record(config.kwargs) };
}

function gridSteps(golden: Fields): void {
  const expected = record(golden.expected);
  const quantizer = newQuantizer({ shape: [], ...record(golden.config) }, 'Quantize');
  checkValue('qmin', property(quantizer, 'qmin'), record(expected.initial).qmin);
  checkValue('qmax', property(quantizer, 'qmax'), record(expected.initial).qmax);
  for (const [i, step] of list(expected.steps).map(record).entries()) {
    const what = `step ${i} (${String(step.op)} ${String(step.attr)})`;
    expecting(
      step,
      () =>
        step.op === 'get' ? property(quantizer, String(step.attr)) : assign(quantizer, String(step.attr), step.value),
      (value) => {
        if (step.op === 'get') checkValue(what, value, step.result);
      },
    );
    checkValue(`${what}: qmin`, property(quantizer, 'qmin'), step.qmin);
    checkValue(`${what}: qmax`, property(quantizer, 'qmax'), step.qmax);
  }
}

function construction(golden: Fields): void {
  const config = record(golden.config);
  const expected = record(golden.expected);
  const cls = String(config.cls);
  if (isTensorRecord(record(golden.inputs).x)) {
    const quantizer = newQuantizer({ shape: config.shape ?? [], bitwidth: 8, symmetric: true }, cls);
    if (config.shape !== undefined)
      callMethod(quantizer, 'setRange', [
        zeros(config.shape as number[]).sub(1),
        zeros(config.shape as number[]).add(1),
      ]);
    if (!isError(expected)) throw new Mismatch('expected an error in the file');
    mustThrow(() => tensorBy(quantizer, 'forward', tensorsOf(golden.inputs).x), messageOf(expected));
    return;
  }
  expecting(
    expected,
    () => newQuantizer(constructorConfig(config), cls),
    (quantizer) => {
      checkValue('shape', property(quantizer, 'shape'), expected.shape);
      checkValue('qmin', property(quantizer, 'qmin'), expected.qmin);
      checkValue('qmax', property(quantizer, 'qmax'), expected.qmax);
      checkValue('symmetric', property(quantizer, 'symmetric'), expected.symmetric);
      checkValue('isInitialized', callMethod(quantizer, 'isInitialized', []), expected.is_initialized);
      checkTensor('min', property(quantizer, 'min'), expected.min);
      checkTensor('max', property(quantizer, 'max'), expected.max);
      checkTensor('getScale', callMethod(quantizer, 'getScale', []), expected.get_scale);
      checkValue('getEncoding', callMethod(quantizer, 'getEncoding', []), expected.get_encoding);
      checkLegacy('getLegacyEncodings', callMethod(quantizer, 'getLegacyEncodings', []), expected.legacy);
    },
  );
}

/** a_affine_grid */
export const affineGrid = topicOf(
  (golden) => ('steps' in record(golden.expected) ? 'grid' : 'constructor'),
  (golden) => ('steps' in record(golden.expected) ? gridSteps(golden) : construction(golden)),
);

/** b_affine_grad, c_blockwise_grad */
export const affineGradients = topicOf(
  (golden) => (record(golden.config).block_size === undefined ? 'per tensor and channel' : 'per block'),
  (golden) => {
    const inputs = record(golden.inputs);
    for (const [mode, results] of Object.entries(record(golden.expected))) {
      const { min, max, w } = mustHave(tensorsOf(inputs), 'min', 'max', 'w');
      if (!isTensorRecord(inputs.x)) throw new Mismatch('no x');
      const x = tensorFrom(inputs.x, { requiresGrad: true });
      const quantizer = newQuantizer(record(golden.config), mode === 'qdq' ? 'QuantizeDequantize' : 'Quantize');
      setRange(quantizer, min, max);
      const out = tensorBy(quantizer, 'forward', x);
      const y = mode === 'q_dq' ? tensorBy(out, 'dequantize') : out;
      const expected = record(results);
      checkTensor(`${mode} y`, y, expected.y);
      y.mul(w).sum().backward();
      checkTensor(`${mode} grad of x`, x.grad, expected.grad_x);
      for (const name of ['min', 'max']) {
        const grad = (property(quantizer, name) as Tensor).grad;
        const [wanted, tolerance] = [expected[`grad_${name}`], expected[`tol_${name}`]];
        checkTensor(
          `${mode} grad of ${name}`,
          grad,
          wanted,
          'exact',
          isTensorRecord(tolerance) ? { elementwise: tolerance } : {},
        );
      }
    }
  },
);

function blockwiseErrors(golden: Fields): void {
  const config = record(golden.config);
  const expected = record(golden.expected);
  const x = zeros(record(golden.inputs).x_shape as number[]);
  // A block size of the wrong length is refused when the quantizer is made.
  const steps: readonly (readonly [unknown, (quantizer: object) => unknown])[] = [
    [expected.calibrate_error, (q) => callMethod(q, 'computeEncodings', [() => tensorBy(q, 'forward', x)])],
    [
      expected.forward_error,
      (q) => {
        const ones = zeros(config.shape as number[]).add(1);
        callMethod(q, 'setRange', [ones.neg(), ones]);
        return tensorBy(q, 'forward', x);
      },
    ],
  ];
  for (const [error, step] of steps)
    mustThrow(() => step(newQuantizer(config, 'QuantizeDequantize')), JSON.stringify(error));
}

/** c_blockwise */
export const blockwise = topicOf(
  (golden) => ('x_shape' in record(golden.inputs) ? 'errors' : 'blocks'),
  (golden) => {
    if ('x_shape' in record(golden.inputs)) return blockwiseErrors(golden);
    const { x, y } = mustHave(tensorsOf(golden.inputs), 'x', 'y');
    const expected = record(golden.expected);
    for (const cls of ['Quantize', 'QuantizeDequantize']) {
      if (!(cls in expected)) continue;
      const { inside_context: inside, outside } = record(expected[cls]);
      const quantizer = newQuantizer(record(golden.config), cls);
      let during: Tensor | null = null;
      callMethod(quantizer, 'computeEncodings', [() => void (during = tensorBy(quantizer, 'forward', x))]);
      if (inside !== undefined) checkTensor(`${cls} inside the context`, during, inside, 'exact', signedZero);
      const { min, max } = record(expected.calibrated);
      checkTensor(`${cls} min`, property(quantizer, 'min'), min);
      checkTensor(`${cls} max`, property(quantizer, 'max'), max);
      if ('params' in expected) checkParameters(cls, quantizer, record(expected.params));
      if ('encoding' in expected)
        checkEncoding(`${cls} encoding`, callMethod(quantizer, 'getEncoding', []), record(expected.encoding));
      if ('legacy' in expected)
        checkLegacy(`${cls} legacy`, callMethod(quantizer, 'getLegacyEncodings', []), expected.legacy);
      checkForward(cls, quantizer, y, record(outside));
    }
  },
);

/** One forward call compared with `{ class, out, repr, dequantized, quantized }`. */
export function checkForward(what: string, quantizer: object, x: Tensor, expected: Fields): void {
  const out = tensorBy(quantizer, 'forward', x);
  if ('class' in expected) checkValue(`${what}: class`, classOf(out), expected.class);
  checkTensor(`${what}: out`, out, expected.out, 'exact', signedZero);
  if ('repr' in expected) checkTensor(`${what}: repr`, tensorBy(out, 'quantizedRepr'), expected.repr);
  if ('dequantized' in expected) checkTensor(`${what}: dequantized`, tensorBy(out, 'dequantize'), expected.dequantized);
  if ('quantized' in expected) checkTensor(`${what}: quantized`, tensorBy(out, 'quantize'), expected.quantized);
}

function groupedConstruction(golden: Fields): void {
  const { args, kwargs } = record(golden.config);
  const [shape, bitwidth, symmetric, decompressed] = list(args);
  const config = { shape, bitwidth, symmetric, decompressed_bw: decompressed, ...record(kwargs) };
  mustThrow(() => newQuantizer(config, 'GroupedBlockQuantizeDequantize'), JSON.stringify(golden.expected));
}

/** c_lpbq */
export const grouped = topicOf(
  (golden) => (isError(golden.expected) ? 'constructor' : 'grouped blocks'),
  (golden) => {
    if (isError(golden.expected)) return groupedConstruction(golden);
    const expected = record(golden.expected);
    const inputs = record(golden.inputs);
    const tensors = tensorsOf(inputs);
    const { x, min, max } = tensors;
    const { w } = mustHave(tensors, 'w');
    if (!isTensorRecord(inputs.y)) throw new Mismatch('no y');
    const y = tensorFrom(inputs.y, { requiresGrad: true });
    const quantizer = newQuantizer(record(golden.config), 'GroupedBlockQuantizeDequantize');
    if (min !== undefined) setRange(quantizer, min, max);
    else {
      let during: Tensor | null = null;
      callMethod(quantizer, 'computeEncodings', [() => void (during = tensorBy(quantizer, 'forward', x))]);
      if ('inside_context' in expected) checkTensor('inside the context', during, expected.inside_context);
    }
    checkTensor('min', property(quantizer, 'min'), expected.min);
    checkTensor('max', property(quantizer, 'max'), expected.max);
    checkTensor('getScale', callMethod(quantizer, 'getScale', []), expected.scale);
    checkTensor('getMin', callMethod(quantizer, 'getMin', []), expected.get_min);
    checkTensor('getMax', callMethod(quantizer, 'getMax', []), expected.get_max);
    checkTensor('getPerChannelScale', callMethod(quantizer, 'getPerChannelScale', []), expected.per_channel_scale);
    const integers = callMethod(quantizer, 'getPerBlockIntegerScale', []);
    if (isTensorRecord(expected.per_block_integer_scale))
      same(
        'getPerBlockIntegerScale',
        firstDifference(resultOf(integers as Tensor), expected.per_block_integer_scale, 'exact', { anyDtype: true }),
      );
    checkEncoding('encoding', callMethod(quantizer, 'getEncoding', []), record(expected.encoding));
    checkLegacy('legacy', callMethod(quantizer, 'getLegacyEncodings', []), expected.legacy);
    const out = tensorBy(quantizer, 'forward', y);
    checkTensor('out', out, expected.out);
    checkTensor('repr', tensorBy(out, 'quantizedRepr'), expected.repr);
    out.mul(w).sum().backward();
    checkTensor('grad of y', y.grad, expected.grad_y);
    for (const name of ['min', 'max']) {
      const options = isTensorRecord(expected.tol) ? { elementwise: expected.tol } : {};
      checkTensor(
        `grad of ${name}`,
        (property(quantizer, name) as Tensor).grad,
        expected[`grad_${name}`],
        'exact',
        options,
      );
    }
  },
);
