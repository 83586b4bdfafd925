/** Topic h_module_semantics: making quantized modules, encodings of parameters, removal, import and export. */
import * as nn from '@q/nn';
import { ones, tensor, type Tensor } from '@q/tensor';
import { field, mustHave, type Fields } from '../../../tensor/test/golden/format.js';
import {
  callMethod,
  exportedClass,
  exportedFunction,
  property,
  type Library,
} from '../../../tensor/test/golden/library.js';
import { LeftOut, mustThrow, type Topic } from '../../../tensor/test/golden/runner.js';
import { Torch } from '../../../tensor/test/golden/torch.js';
import { topicOf } from './affine.js';
import { checkExport, checkOutputs, quantizedFrom, quantizerFrom } from './modules.js';
import {
  checkTensor,
  checkValue,
  exportsOfQuant,
  isError,
  list,
  messageOf,
  newQuantizer,
  record,
  tensorBy,
  tensorsOf,
} from './quantizers.js';

type Slots = Record<string | number, object | null>;

const slotsOf = (module: object, kind: 'input' | 'output' | 'param'): Slots =>
  property(module, `${kind}Quantizers`) as Slots;

const affine = (options: Fields): object =>
  newQuantizer({ cls: 'QuantizeDequantize', shape: [], bitwidth: 8, ...options });

const ranged = (quantizer: object, limit: number): object => {
  callMethod(quantizer, 'setRange', [tensor(-limit), tensor(limit)]);
  return quantizer;
};

/** Float modules by the names of the files. */
const floatModules: Readonly<Record<string, readonly [string, readonly unknown[], Fields?]>> = {
  conv_nobias: ['Conv2d', [2, 3, 1], { bias: false }],
  batchnorm: ['BatchNorm2d', [2]],
  embedding: ['Embedding', [3, 2]],
  lstm: ['LSTM', [2, 3]],
  add: ['Add', []],
  matmul: ['MatMul', []],
  concat: ['Concat', [1]],
  baddbmm: ['Baddbmm', []],
  layernorm_noaffine: ['LayerNorm', [3], { elementwise_affine: false }],
  relu: ['ReLU', []],
  flatten: ['Flatten', []],
  mse: ['MSELoss', []],
  triplet: ['TripletMarginLoss', []],
  sequential: ['Sequential', []],
  mha: ['MultiheadAttention', [4, 2]],
  identity: ['Identity', []],
};

/** A class that nobody has made a quantized class for. */
function unregistered(): object {
  const base = exportedClass(nn, 'Module');
  return new (class Unregistered extends base {})();
}

function making(golden: Fields, torch: Torch): void {
  const expected = record(golden.expected);
  const name = String(record(golden.config).module);
  const build = (): object => {
    if (String(golden.name) === 'from_module_already_quantized')
      return quantizedFrom(torch.construct('Linear', [4, 3], {}));
    if (name === 'unregistered') return unregistered();
    const known = floatModules[name];
    if (known === undefined) throw new LeftOut(`no rule for module ${name}`);
    return torch.construct(known[0], known[1], known[2] ?? {});
  };
  const float = build();
  if (isError(expected)) return mustThrow(() => quantizedFrom(float), messageOf(expected));
  const module = quantizedFrom(float);
  checkValue('class', module.constructor.name, expected.class);
  checkValue('inputQuantizers', Object.keys(slotsOf(module, 'input')).length, expected.n_input_quantizers);
  checkValue('outputQuantizers', Object.keys(slotsOf(module, 'output')).length, expected.n_output_quantizers);
  checkValue('paramQuantizers', Object.keys(slotsOf(module, 'param')), expected.param_quantizer_names);
}

function linearFacts(golden: Fields, torch: Torch): void {
  const expected = record(golden.expected);
  const float = torch.construct('Linear', [4, 3], {});
  Reflect.set(float, 'customAttribute', 'hello');
  callMethod(float, 'eval', []);
  const module = quantizedFrom(float);
  if (golden.name === 'get_original_module') {
    slotsOf(module, 'param').weight = ranged(affine({ symmetric: true }), 1);
    slotsOf(module, 'output')[0] = ranged(affine({ symmetric: false }), 1);
    const original = callMethod(module, 'getOriginalModule', []) as object;
    checkValue('class', original.constructor.name, expected.class);
    checkValue('weight is the same object', property(original, 'weight') === property(module, 'weight'), true);
    checkValue('has inputQuantizers', 'inputQuantizers' in original, expected.has_input_quantizers);
    checkValue('quantizers stay', slotsOf(module, 'output')[0] !== null, expected.quantized_still_has_quantizers);
    checkValue('customAttribute', property(original, 'customAttribute'), expected.custom_attr);
    checkValue('state', Object.keys(callMethod(original, 'stateDict', []) as object).sort(), expected.state_dict_keys);
    return;
  }
  const x = ones([2, 4]);
  checkValue('class', module.constructor.name, expected.class);
  checkValue(
    'weight is the same object',
    property(module, 'weight') === property(float, 'weight'),
    expected.weight_is_same_object,
  );
  checkValue(
    'bias is the same object',
    property(module, 'bias') === property(float, 'bias'),
    expected.bias_is_same_object,
  );
  checkValue('inFeatures', property(module, 'inFeatures'), expected.in_features);
  checkValue('customAttribute', property(module, 'customAttribute'), expected.custom_attr);
  checkValue('training', property(module, 'training'), expected.training);
  checkValue('instance of Linear', module instanceof exportedClass(nn, 'Linear'), expected.isinstance_linear);
  checkValue('state', Object.keys(callMethod(module, 'stateDict', []) as object).sort(), expected.state_dict_keys);
  checkValue('output', tensorBy(module, 'forward', x).toArray(), tensorBy(float, 'forward', x).toArray());
  const before = property(float, 'weight');
  Reflect.set(module, 'weight', new (exportedClass(nn, 'Parameter'))(ones([3, 4])));
  checkValue(
    'reassigning leaves the original',
    property(float, 'weight') === before,
    expected.reassigning_parameter_leaves_original,
  );
}

function parameterLife(golden: Fields, torch: Torch): void {
  const { w1, w2, x } = mustHave(tensorsOf(golden.inputs), 'w1', 'w2', 'x');
  const module = quantizedFrom(torch.construct('Linear', [4, 3], {}));
  const quantizer = affine({ shape: [3, 1], symmetric: true });
  slotsOf(module, 'param').weight = quantizer;
  const load = (weight: Tensor): unknown => callMethod(module, 'loadStateDict', [{ weight }, { strict: false }]);
  load(w1);
  const forward = (): unknown => callMethod(module, 'forward', [x]);
  const wholeModel = (): unknown => exportedFunction(exportsOfQuant, 'computeParamEncodings')(module);
  const happenings: readonly (() => unknown)[] = [
    () => undefined,
    forward,
    () => [load(w2), forward()],
    () => callMethod(module, 'computeParamEncodings', []),
  ];
  const events = list(record(golden.expected).events).map(record);
  const check = (i: number): void => {
    const { op, initialized, min, max } = field(events, i);
    checkValue(`${String(op)}: isInitialized`, callMethod(quantizer, 'isInitialized', []), initialized);
    checkTensor(`${String(op)}: min`, property(quantizer, 'min'), min);
    checkTensor(`${String(op)}: max`, property(quantizer, 'max'), max);
  };
  happenings.forEach((happen, i) => {
    happen();
    check(i);
  });
  load(w1);
  callMethod(module, 'computeEncodings', [
    () => {
      check(4);
      load(w2);
    },
  ]);
  check(5);
  callMethod(quantizer, 'allowOverwrite', [false]);
  callMethod(module, 'computeParamEncodings', []);
  check(6);
  wholeModel();
  check(7);
  load(w1);
  callMethod(quantizer, 'allowOverwrite', [true]);
  wholeModel();
  check(8);
}

const removals: Readonly<Record<string, string>> = {
  _remove_input_quantizers: 'removeInputQuantizers',
  _remove_output_quantizers: 'removeOutputQuantizers',
  _remove_param_quantizers: 'removeParamQuantizers',
  _remove_activation_quantizers: 'removeActivationQuantizers',
  _remove_all_quantizers: 'removeAllQuantizers',
};

function removal(golden: Fields, torch: Torch): void {
  for (const event of list(record(golden.expected).events).map(record)) {
    const module = quantizedFrom(torch.construct('Linear', [4, 3], {}));
    slotsOf(module, 'input')[0] = affine({ symmetric: false });
    slotsOf(module, 'output')[0] = affine({ symmetric: false });
    slotsOf(module, 'param').weight = affine({ symmetric: true });
    // The files say for each place whether it is empty.
    const empty = (): Fields => ({
      input: slotsOf(module, 'input')[0] === null,
      output: slotsOf(module, 'output')[0] === null,
      weight: slotsOf(module, 'param').weight === null,
      bias: slotsOf(module, 'param').bias === null,
    });
    const [, op = '', without] = /^(\w+)( without with)?/.exec(String(event.op)) ?? [];
    const method = field(removals, op);
    const removed = callMethod(module, method, []) as Disposable;
    if (event.inside !== undefined) checkValue(`${method} inside`, empty(), event.inside);
    if (without === undefined && event.inside !== undefined) removed[Symbol.dispose]();
    checkValue(`${method} after`, empty(), event.after);
  }
}

function importing(golden: Fields, torch: Torch): void {
  const { encodings, args, prepare } = record(golden.config);
  const { strict, partial, requires_grad: requiresGrad, allow_overwrite: allowOverwrite } = record(args);
  const expected = record(golden.expected);
  const places = list(expected.input_quantizers);
  const module = quantizedFrom(torch.construct('Add', [], {}));
  const slots = slotsOf(module, 'input');
  slots[0] = affine({ symmetric: false });
  slots[1] = prepare === 'remove1' ? null : affine({ symmetric: false });
  if (prepare === 'freeze0') callMethod(ranged(slots[0], 9), 'allowOverwrite', [false]);
  const run = (): unknown =>
    callMethod(module, 'importInputEncodings', [encodings, { strict, partial, requiresGrad, allowOverwrite }]);
  if (isError(expected)) mustThrow(run, messageOf(expected));
  else run();
  places.forEach((wanted, i) => {
    const quantizer = field(slots, i);
    checkValue(`quantizer ${i} stands`, quantizer !== null, wanted !== null);
    if (quantizer === null) return;
    const { initialized, min, max, qmin, qmax, symmetric, requires_grad: grad } = record(wanted);
    checkValue(`quantizer ${i}: isInitialized`, callMethod(quantizer, 'isInitialized', []), initialized);
    checkTensor(`quantizer ${i}: min`, property(quantizer, 'min'), min);
    checkTensor(`quantizer ${i}: max`, property(quantizer, 'max'), max);
    for (const [name, value] of Object.entries({ qmin, qmax, symmetric }))
      checkValue(`quantizer ${i}: ${name}`, property(quantizer, name), value);
    checkValue(`quantizer ${i}: min.requiresGrad`, (property(quantizer, 'min') as Tensor).requiresGrad, grad);
  });
}

function exporting(golden: Fields, torch: Torch): void {
  const module = quantizedFrom(torch.construct('Linear', [2, 2], {}));
  if (golden.name === 'export_uninitialized') slotsOf(module, 'output')[0] = affine({ symmetric: false });
  checkEncodings(module, record(golden.expected));
}

function checkEncodings(
  module: object,
  expected: Fields,
  tolerance: 'exact' | readonly [number, number] = 'exact',
): void {
  for (const kind of ['Input', 'Output', 'Param'])
    checkExport(kind, callMethod(module, `export${kind}Encodings`, []), expected[kind.toLowerCase()], tolerance);
}

function quantizedInputs(golden: Fields, torch: Torch): void {
  const expected = record(golden.expected);
  const { x } = tensorsOf(golden.inputs);
  const q = tensorBy(ranged(affine({ cls: 'Quantize', symmetric: false }), 1), 'forward', x);
  const run = (name: string, input: object | null): unknown => {
    const module = quantizedFrom(torch.construct(name, [], {}));
    slotsOf(module, 'input')[0] = input;
    return callMethod(module, 'forward', [q]);
  };
  checkOutputs('ReLU', run('ReLU', null), expected.relu, 'exact');
  checkOutputs('Flatten', run('Flatten', null), expected.flatten, 'exact');
  const fourBit = ranged(affine({ bitwidth: 4, symmetric: false }), 1);
  checkOutputs('ReLU with input quantizer', run('ReLU', fourBit), expected.relu_with_input_quantizer, 'exact');
}

function wholeModel(golden: Fields, torch: Torch): void {
  const expected = record(golden.expected);
  const { rtol, atol } = record(expected.tol);
  const tolerance = [Number(rtol), Number(atol)] as const;
  const layer = (name: string, ...sizes: readonly number[]): object => quantizedFrom(torch.construct(name, sizes, {}));
  const [first, relu, second] = [layer('Linear', 4, 5), layer('ReLU'), layer('Linear', 5, 2)];
  const layers = [first, relu, second];
  const model = new (exportedClass(nn, 'Sequential'))(...layers);
  callMethod(model, 'loadStateDict', [tensorsOf(record(golden.config).state)]);
  const quantizer = (symmetric: boolean): object | null =>
    quantizerFrom({ cls: 'QuantizeDequantize', shape: [], bitwidth: 8, symmetric });
  slotsOf(first, 'input')[0] = quantizer(false);
  for (const each of layers) slotsOf(each, 'output')[0] = quantizer(false);
  for (const linear of [first, second]) slotsOf(linear, 'param').weight = quantizer(true);
  const batches = list(record(golden.inputs).calib).map((batch) => tensorsOf({ batch }).batch);
  const inside: Tensor[] = [];
  exportedFunction(exportsOfQuant, 'computeEncodings')(model, () => {
    for (const batch of batches) inside.push(tensorBy(model, 'forward', batch));
  });
  list(expected.inside).forEach((wanted, i) => checkTensor(`inside ${i}`, inside[i], wanted, tolerance));
  checkTensor('out', tensorBy(model, 'forward', batches[0]), expected.out, tolerance);
  for (const [i, wanted] of Object.entries(record(expected.encodings)))
    checkEncodings(field(layers, Number(i)), record(wanted), tolerance);
}

function run(golden: Fields, torch: Torch): void {
  const name = String(golden.name);
  if (name === 'from_module_linear' || name === 'get_original_module') return linearFacts(golden, torch);
  if (name.startsWith('from_module')) return making(golden, torch);
  if (name === 'param_encodings_life') return parameterLife(golden, torch);
  if (name === 'remove_quantizers') return removal(golden, torch);
  if (name.startsWith('import_input')) return importing(golden, torch);
  if (name.startsWith('export_')) return exporting(golden, torch);
  if (name === 'quantized_input_tensors') return quantizedInputs(golden, torch);
  if (name === 'model_compute_encodings') return wholeModel(golden, torch);
  throw new LeftOut(`no rule for ${name}`);
}

/** h_module_semantics */
export function moduleSemantics(library: Library): Topic {
  const torch = new Torch(library);
  return topicOf(
    (golden) => String(golden.name).replace(/_\d+$/, ''),
    (golden) => run(golden, torch),
  );
}
