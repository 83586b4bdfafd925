/** Topic optim: ten steps of an optimizer on given gradients or on a small model, parameters compared after each. */
import { noGrad, type Tensor } from '@q/tensor';
import { firstDifference, resultOf, toleranceAt } from '../../../tensor/test/golden/compare.js';
import {
  field,
  isFields,
  isTensorRecord,
  mustHave,
  numberFrom,
  tensorFrom,
  type Fields,
  type Scalar,
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
import { newScheduler } from './schedulers.js';

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

/** Clips gradients as a case says; `clip_grad_norm` is a number, or torch's arguments by name. */
function clip(golden: Fields, params: readonly Tensor[], nn: Namespace): void {
  const { clip_grad_norm: norm, clip_grad_value: value, norm_type: normType } = golden;
  if (norm !== undefined && norm !== null) {
    const given = isFields(norm) ? norm : { max_norm: norm, norm_type: normType };
    const options = given.norm_type === undefined ? {} : { norm_type: numberFrom(given.norm_type as Scalar) };
    exportedFunction(nn, 'clipGradNorm')(...withOptions([params, given.max_norm], options));
  }
  if (value !== undefined && value !== null) exportedFunction(nn, 'clipGradValue')(params, value);
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
        } else {
          const given = field(golden.grads as readonly Fields[], step);
          for (const [name, param] of Object.entries(params)) {
            const grad = given[name];
            param.grad = isTensorRecord(grad) ? tensorFrom(grad) : null;
          }
        }
        clip(golden, Object.values(params), nn);
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
