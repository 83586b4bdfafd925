/** Topic i: quantization-aware training of a small network, quantizer ranges included. */
import * as nn from '@q/nn';
import * as optim from '@q/nn/optim';
import { Tensor } from '@q/tensor';
import {
  field,
  isFields,
  isTensorRecord,
  mustHave,
  numberFrom,
  type Fields,
  type Scalar,
} from '../../../tensor/test/golden/format.js';
import {
  callMethod,
  exportedClass,
  exportedFunction,
  property,
  withOptions,
} from '../../../tensor/test/golden/library.js';
import { Mismatch } from '../../../tensor/test/golden/runner.js';
import { topicOf } from './affine.js';
import { quantizedFrom } from './modules.js';
import { checkTensor, exportsOfQuant, list, newQuantizer, record, tensorBy, tensorsOf } from './quantizers.js';

type Quantizers = Readonly<Record<string, object | null>>;

const linear = (weight: Tensor, bias: Tensor): object => {
  const [outFeatures, inFeatures] = weight.shape;
  const module = new (exportedClass(nn, 'Linear'))(inFeatures, outFeatures);
  callMethod(module, 'loadStateDict', [{ weight, bias }]);
  return quantizedFrom(module);
};

const put = (module: object, kind: string, slot: string | number, quantizer: object | null): void => {
  (property(module, `${kind}Quantizers`) as Record<string | number, unknown>)[slot] = quantizer;
};

/** x -> [in] -> Linear (w1) -> [o1] -> ReLU -> [r] -> Linear (w2) -> [o2] */
function network(
  inputs: Readonly<Record<string, Tensor>>,
  quantizers: Quantizers,
): readonly [first: object, relu: object, second: object] {
  const { W1, b1, W2, b2 } = mustHave(inputs, 'W1', 'b1', 'W2', 'b2');
  const [first, relu, second] = [linear(W1, b1), quantizedFrom(new (exportedClass(nn, 'ReLU'))()), linear(W2, b2)];
  put(first, 'input', 0, quantizers.in ?? null);
  put(first, 'param', 'weight', quantizers.w1 ?? null);
  put(first, 'output', 0, quantizers.o1 ?? null);
  put(relu, 'output', 0, quantizers.r ?? null);
  put(second, 'param', 'weight', quantizers.w2 ?? null);
  put(second, 'output', 0, quantizers.o2 ?? null);
  return [first, relu, second];
}

/** What a configuration says besides the optimizer's options. */
const notOptions = ['dims', 'optimizer', 'steps', 'quantizers'];

/** The optimizer of a configuration, whose name may be written in lower case. */
function newOptimizer(config: Fields, params: readonly Tensor[]): object {
  const wanted = String(config.optimizer);
  const name = Object.keys(optim).find((known) => known.toLowerCase() === wanted.toLowerCase()) ?? wanted;
  const options = Object.entries(config).filter(([key, value]) => !notOptions.includes(key) && value !== null);
  return new (exportedClass(optim, name))(...withOptions([params], Object.fromEntries(options)));
}

/** i_qat */
export const training = topicOf(
  (golden) => String(record(golden.config).optimizer),
  (golden) => {
    const config = record(golden.config);
    const expected = record(golden.expected);
    const inputs = tensorsOf(golden.inputs);
    const { x, y } = mustHave(inputs, 'x', 'y');
    const quantizers: Quantizers = Object.fromEntries(
      Object.entries(record(config.quantizers)).map(([name, entry]) => [
        name,
        isFields(entry) ? newQuantizer(entry, 'QuantizeDequantize') : null,
      ]),
    );
    const [first, relu, second] = network(inputs, quantizers);
    const model = new (exportedClass(nn, 'Sequential'))(first, relu, second);
    const run = (): Tensor => tensorBy(model, 'forward', x);
    exportedFunction(exportsOfQuant, 'computeEncodings')(model, () => void run());

    const { rtol, atol } = mustHave(record(expected.tol) as Readonly<Record<string, number>>, 'rtol', 'atol');
    const near = (
      what: string,
      actual: unknown,
      wanted: unknown,
      tolerance = [rtol, atol] as readonly [number, number],
    ): void => checkTensor(what, actual instanceof Tensor ? actual.detach() : actual, wanted, tolerance);
    for (const [name, range] of Object.entries(record(expected.calibrated)))
      for (const end of ['min', 'max'])
        near(`calibrated ${name}.${end}`, property(quantizers[name] as object, end), record(range)[end]);

    const named: Record<string, Tensor> = {
      W1: property(first, 'weight') as Tensor,
      b1: property(first, 'bias') as Tensor,
      W2: property(second, 'weight') as Tensor,
      b2: property(second, 'bias') as Tensor,
    };
    for (const [name, quantizer] of Object.entries(quantizers))
      if (quantizer !== null)
        for (const end of ['min', 'max']) named[`${name}.${end}`] = property(quantizer, end) as Tensor;

    const output = (what: string, actual: Tensor, wanted: unknown): void => {
      const largest = isTensorRecord(wanted) ? Math.max(...wanted.data.map((v) => Math.abs(numberFrom(v)))) : 0;
      near(what, actual, wanted, [rtol, 0.1 * rtol * largest]);
    };
    output('output before training', run(), expected.out0);
    const optimizer = newOptimizer(config, Object.values(named));
    list(expected.loss).forEach((wanted, step) => {
      callMethod(optimizer, 'zeroGrad', []);
      const error = run().sub(y);
      const loss = callMethod(error.mul(error), 'mean', []) as Tensor;
      const target = numberFrom(wanted as Scalar);
      if (!(Math.abs(loss.item() - target) <= atol + rtol * Math.abs(target)))
        throw new Mismatch(`loss ${step}: ${loss.item()}, expected ${target}`);
      loss.backward();
      if (step === 0)
        for (const [key, grad] of Object.entries(record(expected.grad0)))
          near(`first gradient of ${key}`, field(named, key).grad, grad, [
            0,
            Number(field(record(expected.grad0_atol), key)),
          ]);
      callMethod(optimizer, 'step', []);
    });
    for (const [key, value] of Object.entries(record(expected.final))) near(`trained ${key}`, named[key], value);
    output('output after training', run(), expected.final_out);
  },
);
