/** Quantizers, analyzers and encodings of the golden files, built and read through the public API of `@q/quant`. */
import * as quant from '@q/quant';
import { Parameter } from '@q/nn';
import { Tensor } from '@q/tensor';
import { firstDifference, resultOf, type CompareOptions, type Tolerance } from '../../../tensor/test/golden/compare.js';
import {
  isFields,
  isTensorRecord,
  numberFrom,
  tensorFrom,
  type Fields,
  type Scalar,
} from '../../../tensor/test/golden/format.js';
import { callMethod, exportedClass, property, type Namespace } from '../../../tensor/test/golden/library.js';
import { camelCase } from '../../../tensor/test/golden/signature.js';
import { Mismatch, mustThrow, NotBuilt, same } from '../../../tensor/test/golden/runner.js';

export const exportsOfQuant: Namespace = quant;

/** A namespace exported by `@q/quant`: `affine`, `float`. */
export function namespaceOf(name: string): Namespace {
  const found = exportsOfQuant[name];
  if (typeof found !== 'object' || found === null) throw new NotBuilt(name);
  return found as Namespace;
}

/** A field that must be a record. */
export const record = (value: unknown): Fields => (isFields(value) ? value : {});

export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);

/** Tensors of a record by name; other entries are dropped. */
export const tensorsOf = (value: unknown): Record<string, Tensor> =>
  Object.fromEntries(
    Object.entries(record(value)).flatMap(([name, item]) => (isTensorRecord(item) ? [[name, tensorFrom(item)]] : [])),
  );

/** Options without those that are null or absent. */
const given = (options: Fields): Fields =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined && value !== null));

const analyzerClasses: Readonly<Record<string, string>> = {
  minmax: 'MinMaxEncodingAnalyzer',
  percentile: 'PercentileEncodingAnalyzer',
  sqnr: 'SqnrEncodingAnalyzer',
};

/** An encoding analyzer from `{ type, shape, ... }`. */
export function newAnalyzer(config: Fields, overrides: Fields = {}): object {
  const type = String(config.type);
  const histogram = type !== 'minmax';
  const options = given({
    numBins: histogram ? config.num_bins : undefined,
    percentile: type === 'percentile' ? config.percentile : undefined,
    symmetricDeltaCandidates: config.symmetric_delta_candidates,
    asymmetricDeltaCandidates: config.asymmetric_delta_candidates,
    offsetCandidates: config.offset_candidates,
    gamma: config.gamma,
    ...overrides,
  });
  return new (exportedClass(exportsOfQuant, analyzerClasses[type] ?? type))(config.shape, options);
}

/** Entries of a configuration that are no options of the constructor. */
const notOptions = ['cls', 'analyzer', 'signed', 'range', 'kind', 'granularity', 'op'];

/** A quantizer from `{ cls, shape, bitwidth | qmin + qmax, symmetric, ... }`; unknown entries are passed on as options. */
export function newQuantizer(config: Fields, cls = String(config.cls)): object {
  const isFloat = cls === 'FloatQuantizeDequantize';
  const entries = Object.entries(config).filter(
    ([name]) => !notOptions.includes(name) && !(isFloat && name === 'shape'),
  );
  const options = given({
    ...Object.fromEntries(entries.map(([name, value]) => [camelCase(name), value])),
    encodingAnalyzer: isFields(config.analyzer) ? newAnalyzer(config.analyzer) : undefined,
  });
  const quantizer = new (exportedClass(namespaceOf(isFloat ? 'float' : 'affine'), cls))(options);
  if (typeof config.signed === 'boolean') assign(quantizer, 'signed', config.signed);
  return quantizer;
}

/** Assigns an attribute, which runs its setter. */
export function assign(target: object, name: string, value: unknown): void {
  if (!Reflect.set(target, name, value)) throw new NotBuilt(`setter ${target.constructor.name}.${name}`);
}

/**
 * Sets a range as AIMET's set_range does, which checks nothing: ends that `setRange` refuses (not finite, or the upper
 * below the lower one) become the parameters.
 */
export function setRange(quantizer: object, min: Tensor | undefined, max: Tensor | undefined): void {
  if (min === undefined || max === undefined) throw new Mismatch('no range in the case');
  const ordered = max.ge(min).logicalAnd(min.isfinite()).logicalAnd(max.isfinite());
  if (resultOf(ordered).values.every(Boolean)) return void callMethod(quantizer, 'setRange', [min, max]);
  const shape = property(quantizer, 'shape') as readonly number[];
  for (const [name, end] of Object.entries({ min, max }))
    assign(quantizer, name, new Parameter(end.to('float32').expand(shape).clone()));
}

/** Calls a method that must give a tensor. */
export function tensorBy(target: object, method: string, ...args: readonly unknown[]): Tensor {
  const result = callMethod(target, method, args);
  if (!(result instanceof Tensor)) throw new Mismatch(`${method}: ${String(result)}, expected a tensor`);
  return result;
}

/** Compares a tensor with its record. */
export function checkTensor(
  what: string,
  actual: unknown,
  expected: unknown,
  tolerance: Tolerance = 'exact',
  options: CompareOptions = {},
): void {
  if (!isTensorRecord(expected)) {
    if (actual !== null && actual !== undefined) throw new Mismatch(`${what}: ${String(actual)}, expected null`);
    return;
  }
  if (!(actual instanceof Tensor)) throw new Mismatch(`${what}: ${String(actual)}, expected a tensor`);
  same(what, firstDifference(resultOf(actual), expected, tolerance, options));
}

/** Plain values: numbers, strings, booleans, null and arrays of them. */
export function checkValue(what: string, actual: unknown, expected: unknown): void {
  const equal = JSON.stringify(actual ?? null) === JSON.stringify(expected ?? null);
  if (!equal) throw new Mismatch(`${what}: ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`);
}

/** Is this `{ error: { type, message } }`? */
export const isError = (value: unknown): value is { readonly error: Fields } =>
  isFields(value) && isFields(value.error);

export const messageOf = (value: { readonly error: Fields }): string =>
  `${String(value.error.type)}: ${String(value.error.message)}`;

/** Runs `action`, which must throw one of the library's errors where the file expects one, and else passes its result on. */
export function expecting<T>(expected: unknown, action: () => T, check: (result: T) => void): void {
  if (isError(expected)) mustThrow(action, messageOf(expected));
  else check(action());
}

/** The class of a result as the files name it. */
export function classOf(value: unknown): string {
  for (const name of ['QuantizedTensor', 'DequantizedTensor']) {
    const found = exportsOfQuant[name];
    if (typeof found === 'function' && value instanceof found) return name;
  }
  return value instanceof Tensor ? 'Tensor' : typeof value;
}

const encodingFields: Readonly<Record<string, string>> = {
  mapping: 'mapping',
  granularity: 'granularity',
  qmin: 'qmin',
  qmax: 'qmax',
  num_steps: 'numSteps',
  bitwidth: 'bitwidth',
  signed: 'signed',
  symmetry: 'symmetry',
  dtype: 'dtype',
  block_size: 'blockSize',
  exponent_bits: 'exponentBits',
  mantissa_bits: 'mantissaBits',
};

/** Compares the fields of an encoding; `enc_tol` applies to scale, min and max. */
export function checkEncoding(what: string, encoding: unknown, expected: Fields): void {
  if (typeof encoding !== 'object' || encoding === null) throw new Mismatch(`${what}: ${String(encoding)}`);
  for (const [theirs, ours] of Object.entries(encodingFields)) {
    if (!(theirs in expected)) continue;
    // An encoding without a maximum has a granularity here; the reference fails on an attribute of None.
    if (isError(expected[theirs]) && expected[theirs].error.type === 'AttributeError') continue;
    expecting(
      expected[theirs],
      () => property(encoding, ours),
      (value) => checkValue(`${what}.${ours}`, value, expected[theirs]),
    );
  }
  for (const name of ['scale', 'offset', 'min', 'max', 'maxval'])
    if (name in expected) checkTensor(`${what}.${name}`, property(encoding, name), expected[name]);
}

/** The parameters of a quantizer, as the files list them. */
export function checkParameters(what: string, quantizer: object, expected: Fields): void {
  for (const name of ['scale', 'offset', 'min', 'max'])
    if (name in expected)
      checkTensor(`${what} ${name}`, callMethod(quantizer, camelCase(`get_${name}`), []), expected[name]);
}

const legacyBoolean = (value: unknown): unknown => (typeof value === 'string' ? value.toLowerCase() === 'true' : value);

/** Legacy encodings, number by number; booleans may be written as booleans. */
export function checkLegacy(what: string, actual: unknown, expected: unknown): void {
  if (expected === null || expected === undefined) return checkValue(what, actual ?? null, null);
  const [got, wanted] = [list(actual), list(expected)];
  if (got.length !== wanted.length) throw new Mismatch(`${what}: ${got.length} entries, expected ${wanted.length}`);
  wanted.forEach((entry, i) => {
    const found = record(got[i]);
    for (const [key, value] of Object.entries(record(entry))) {
      if (key === 'is_symmetric')
        checkValue(
          `${what}[${i}].${key}`,
          legacyBoolean(found.is_symmetric ?? found.isSymmetric),
          legacyBoolean(value),
        );
      else if (typeof value === 'string' && typeof found[key] === 'number')
        checkValue(`${what}[${i}].${key}`, String(found[key]), value);
      else checkValue(`${what}[${i}].${key}`, found[key], value);
    }
  });
}

/** Numbers of anything that holds some: a tensor, a typed array, an array, a number. */
export function numbersOf(value: unknown): readonly number[] {
  if (typeof value === 'number') return [value];
  if (value instanceof Tensor) return resultOf(value).values;
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number>);
  if (Array.isArray(value)) return value.flatMap(numbersOf);
  throw new Mismatch(`not numbers: ${String(value)}`);
}

/** Compares numbers bit for bit as float32; zeros of either sign are equal, NaN meets NaN. */
export function checkNumbers(what: string, actual: unknown, expected: unknown): void {
  const wanted = (Array.isArray(expected) ? (expected as Scalar[]) : [expected as Scalar]).map((scalar) =>
    Math.fround(numberFrom(scalar)),
  );
  const got = numbersOf(actual);
  if (got.length !== wanted.length) throw new Mismatch(`${what}: ${got.length} numbers, expected ${wanted.length}`);
  wanted.forEach((value, i) => {
    if (!(got[i] === value || (Number.isNaN(got[i]) && Number.isNaN(value))))
      throw new Mismatch(`${what}[${i}]: ${got[i]}, expected ${value}`);
  });
}
