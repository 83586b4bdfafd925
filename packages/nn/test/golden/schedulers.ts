/** Topic lr_scheduler: learning rates (and cycled momenta) of every group before each optimizer step. */
import { zeros } from '@q/tensor';
import { field, isFields, type Fields } from '../../../tensor/test/golden/format.js';
import { callMethod, exportedClass, property, type Namespace } from '../../../tensor/test/golden/library.js';
import { Mismatch, NotBuilt, type GoldenCase } from '../../../tensor/test/golden/runner.js';
import { newScheduler } from './optimizers.js';

type Group = Readonly<Record<string, unknown>>;

function groupsOf(optimizer: object): readonly Group[] {
  const groups = property(optimizer, 'paramGroups') ?? property(optimizer, 'groups');
  if (!Array.isArray(groups)) throw new NotBuilt('Optimizer.paramGroups');
  return groups.filter(isFields);
}

const momentumOf = (group: Group): number =>
  Array.isArray(group.betas) ? Number(group.betas[0]) : Number(group.momentum);

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
      const expected = (isFields(golden.expected) ? golden.expected : {}) as Readonly<Record<string, number[][]>>;
      const [rtol, atol] = (golden.tol ?? [0, 0]) as readonly [number, number];
      const check = (what: string, step: number, actual: number, wanted: number): void => {
        if (!(Math.abs(actual - wanted) <= atol + rtol * Math.abs(wanted)))
          throw new Mismatch(`${what} before step ${step + 1}: ${actual}, expected ${wanted}`);
      };
      field(expected, 'lr').forEach((lrs, step) => {
        if (step > 0) {
          callMethod(optimizer, 'step', []);
          callMethod(scheduler, 'step', []);
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
