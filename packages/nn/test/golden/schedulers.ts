/** Topic lr_scheduler: learning rates (and cycled momenta) of every group before each optimizer step. */
import { zeros } from '@q/tensor';
import { field, isFields, numberFrom, type Fields, type Scalar } from '../../../tensor/test/golden/format.js';
import {
  callMethod,
  exportedClass,
  property,
  withOptions,
  type Namespace,
} from '../../../tensor/test/golden/library.js';
import type { Callable } from '../../../tensor/test/golden/python/data.js';
import { Mismatch, NotBuilt, type GoldenCase } from '../../../tensor/test/golden/runner.js';
import { plainOf } from '../../../tensor/test/golden/python/parser.js';
import { Torch } from '../../../tensor/test/golden/torch.js';

type Group = Readonly<Record<string, unknown>>;

function groupsOf(optimizer: object): readonly Group[] {
  const groups = property(optimizer, 'paramGroups') ?? property(optimizer, 'groups');
  if (!Array.isArray(groups)) throw new NotBuilt('Optimizer.paramGroups');
  return groups.filter(isFields);
}

const momentumOf = (group: Group): number =>
  Array.isArray(group.betas) ? Number(group.betas[0]) : Number(group.momentum);

/** Arguments that torch's schedulers require, in order; all others are options. */
const required: Readonly<Record<string, readonly string[]>> = {
  StepLR: ['step_size'],
  MultiStepLR: ['milestones'],
  ExponentialLR: ['gamma'],
  LambdaLR: ['lr_lambda'],
  MultiplicativeLR: ['lr_lambda'],
  CosineAnnealingLR: ['T_max'],
  CosineAnnealingWarmRestarts: ['T_0'],
  CyclicLR: ['base_lr', 'max_lr'],
  OneCycleLR: ['max_lr'],
  SequentialLR: ['schedulers', 'milestones'],
  ChainedScheduler: ['schedulers'],
};

/** Options of torch that change no rate. */
const dropped = ['verbose', 'last_epoch'];

const python = new Torch({ tensor: {} });

/** A function written as a Python lambda, `"lambda epoch: ..."` or `{ $expr }`; lists of them become lists. */
function functionFrom(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(functionFrom);
  const called = python.evaluate(String(isFields(value) ? value.$expr : value), {}) as Callable;
  return (...args: readonly number[]) => plainOf(called(args, {}));
}

/** A scheduler from torch's options. */
export function newScheduler(optim: Namespace, name: string, optimizer: object, options: unknown): object {
  const argument = (key: string, value: unknown): unknown => {
    if (key === 'lr_lambda' || key === 'scale_fn') return value === null ? undefined : functionFrom(value);
    if (key !== 'schedulers' || !Array.isArray(value)) return value;
    return value
      .filter(isFields)
      .map((inner) => newScheduler(optim, String(inner.name ?? inner.scheduler), optimizer, inner.options));
  };
  const given = Object.entries(isFields(options) ? options : {}).filter(([key]) => !dropped.includes(key));
  const values = new Map(given.map(([key, value]) => [key, argument(key, value)]));
  const names = required[name] ?? [];
  const positional = names.map((key) => values.get(key));
  // Torch's few capitals (T_max, T_mult) become plain camelCase.
  const rest = [...values]
    .filter(([key]) => !names.includes(key))
    .map(([key, value]) => [key.replace(/^T_/, 't_'), value]);
  // A chain knows the optimizer from its members.
  const first = name === 'ChainedScheduler' ? [] : [optimizer];
  return new (exportedClass(optim, name))(
    ...withOptions([...first, ...positional], Object.fromEntries(rest) as Fields),
  );
}

/** One case of the topic. */
export function schedulerCase(golden: Fields, optim: Namespace): GoldenCase {
  const name = String(golden.scheduler);
  return {
    name: String(golden.name),
    group: name,
    run: () => {
      const optimizerName = String(golden.opt);
      const groups = (golden.base_lrs as readonly number[]).map((lr) => ({
        params: [zeros([1], { requiresGrad: true })],
        lr,
      }));
      const options = { lr: 0.1, ...(optimizerName === 'SGD' ? { momentum: 0.9 } : {}) };
      const optimizer = new (exportedClass(optim, optimizerName))(groups, options);
      const scheduler = newScheduler(optim, name, optimizer, golden.options);
      // What ReduceLROnPlateau watches.
      const metrics = Array.isArray(golden.metrics) ? golden.metrics.map((metric: Scalar) => numberFrom(metric)) : null;
      const expected = (isFields(golden.expected) ? golden.expected : {}) as Readonly<Record<string, number[][]>>;
      const [rtol, atol] = (golden.tol ?? [0, 0]) as readonly [number, number];
      const check = (what: string, step: number, actual: number, wanted: number): void => {
        if (!(Math.abs(actual - wanted) <= atol + rtol * Math.abs(wanted)))
          throw new Mismatch(`${what} before step ${step + 1}: ${actual}, expected ${wanted}`);
      };
      field(expected, 'lr').forEach((lrs, step) => {
        if (step > 0) {
          callMethod(optimizer, 'step', []);
          callMethod(scheduler, 'step', metrics === null ? [] : [field(metrics, step - 1)]);
        }
        groupsOf(optimizer).forEach((group, g) => {
          check(`lr of group ${g}`, step, Number(group.lr), field(lrs, g));
          const momentum = expected.momentum?.[step]?.[g];
          if (momentum !== undefined) check(`momentum of group ${g}`, step, momentumOf(group), momentum);
        });
      });
    },
  };
}
