/** Topic optim: ten steps of an optimizer on given gradients or on a small model, parameters compared after each. */
import { noGrad, type Tensor } from '@q/tensor';
import { firstDifference, resultOf, toleranceAt } from '../../../tensor/test/golden/compare.js';
import {
  field,
  isFields,
  isTensorRecord,
  mustHave,
  tensorFrom,
  type Fields,
} from '../../../tensor/test/golden/format.js';
import {
  callMethod,
  exportedClass,
  exportedFunction,
  withOptions,
  type Namespace,
} from '../../../tensor/test/golden/library.js';
import { camelCase } from '../../../tensor/test/golden/signature.js';
import { LeftOut, same, type GoldenCase } from '../../../tensor/test/golden/runner.js';

const camelCased = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [camelCase(name), value]));

const records = (value: unknown): Record<string, Tensor> =>
  Object.fromEntries(
    Object.entries(isFields(value) ? value : {}).flatMap(([name, record]) =>
      isTensorRecord(record) ? [[name, tensorFrom(record)]] : [],
    ),
  );

/** The model of the topic: mean((tanh(x @ w1.T + b1) @ w2 - y)^2). */
function loss(params: Readonly<Record<string, Tensor>>, data: Readonly<Record<string, Tensor>>): Tensor {
  const { w1, b1, w2 } = mustHave(params, 'w1', 'b1', 'w2');
  const { x, y } = mustHave(data, 'x', 'y');
  const hidden = callMethod(x.matmul(w1.permute([1, 0])).add(b1), 'tanh', []) as Tensor;
  const error = hidden.matmul(w2).sub(y);
  return callMethod(error.mul(error), 'mean', []) as Tensor;
}

/** One case of the topic. */
export function optimizerCase(golden: Fields, optim: Namespace, nn: Namespace): GoldenCase {
  const optimizerName = String(golden.optimizer);
  return {
    name: String(golden.name),
    group: optimizerName,
    run: () => {
      if (golden.mode === 'model' && golden.loss !== 'mean((tanh(x @ w1.T + b1) @ w2 - y)^2)')
        throw new LeftOut(`unknown loss ${String(golden.loss)}`);
      const params = Object.fromEntries(
        Object.entries(isFields(golden.params) ? golden.params : {}).flatMap(([name, record]) =>
          isTensorRecord(record) ? [[name, tensorFrom(record, { requiresGrad: true })]] : [],
        ),
      );
      const options = camelCased(isFields(golden.options) ? golden.options : {});
      const groups = Array.isArray(golden.groups)
        ? golden.groups.filter(isFields).map(({ params: names, ...rest }) => ({
            ...camelCased(rest),
            params: (names as readonly string[]).map((name) => field(params, name)),
          }))
        : Object.values(params);
      const optimizer = new (exportedClass(optim, optimizerName))(groups, options);
      const scheduling = isFields(golden.scheduler) ? golden.scheduler : null;
      const scheduler = scheduling && newScheduler(optim, String(scheduling.name), optimizer, scheduling.options);
      const data = records(golden.data);
      const steps = (isFields(golden.expected) ? golden.expected.params_after_step : []) as readonly Fields[];
      steps.forEach((after, step) => {
        if (golden.mode === 'model') {
          callMethod(optimizer, 'zeroGrad', []);
          loss(params, data).backward();
          if (typeof golden.clip_grad_norm === 'number')
            exportedFunction(nn, 'clipGradNorm')(Object.values(params), golden.clip_grad_norm);
        } else {
          const given = field(golden.grads as readonly Fields[], step);
          for (const [name, param] of Object.entries(params)) {
            const grad = given[name];
            param.grad = isTensorRecord(grad) ? tensorFrom(grad) : null;
          }
        }
        noGrad(() => callMethod(optimizer, 'step', []));
        if (scheduler) callMethod(scheduler, 'step', []);
        for (const [name, record] of Object.entries(after))
          if (isTensorRecord(record))
            same(
              `${name} after step ${step + 1}`,
              firstDifference(resultOf(field(params, name)), record, toleranceAt(golden.tol)),
            );
      });
    },
  };
}

/** Arguments that torch's schedulers require, in order; all others are options. */
const required: Readonly<Record<string, readonly string[]>> = {
  StepLR: ['step_size'],
  MultiStepLR: ['milestones'],
  ExponentialLR: ['gamma'],
  CosineAnnealingLR: ['T_max'],
  CosineAnnealingWarmRestarts: ['T_0'],
  CyclicLR: ['base_lr', 'max_lr'],
  OneCycleLR: ['max_lr'],
};

/** A scheduler from torch's options. */
export function newScheduler(optim: Namespace, name: string, optimizer: object, options: unknown): object {
  const rest: Record<string, unknown> = { ...(isFields(options) ? options : {}) };
  const positional = (required[name] ?? []).map((key) => {
    const value = rest[key];
    delete rest[key];
    return value;
  });
  // Torch's few capitals (T_max, T_mult) become plain camelCase.
  const lowered = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key.replace(/^T_/, 't_'), value]));
  return new (exportedClass(optim, name))(optimizer, ...positional, ...withOptions([], lowered));
}
