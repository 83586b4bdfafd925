import type { View } from '../../storage.js';
import type { OptimKernels } from '../contract/optim.js';
import { f32x4 } from './assembler/assembler.js';
import type { Family, SimdEngine } from './engine/engine.js';
import { addressOf } from './engine/places.js';
import { emitRows, worthwhile, type Access } from './elementwise/rows.js';

/** Nanoseconds of a step per element, roughly. */
const WORK = 0.8;

const vectors = (count: number): Access[] => new Array<Access>(count).fill('vector');
const numbers = (count: number): Access[] => new Array<Access>(count).fill('number');

const adamFamily =
  (largest: boolean): Family =>
  (emission) => {
    const states = largest ? 5 : 4;
    emitRows(
      emission,
      'adam',
      [...vectors(states), ...numbers(7)],
      new Array<'vector'>(states - 1).fill('vector'),
      (code, inputs) => {
        const [p, g, m, v] = inputs;
        const [beta1, share1, beta2, share2, root, eps, size] = inputs.slice(states);
        const mean = code.add(code.mul(m!, beta1!), code.mul(share1!, g!));
        const square = code.add(code.mul(v!, beta2!), code.mul(code.mul(share2!, g!), g!));
        const most = largest ? code.step(f32x4.max, inputs[4]!, square) : square;
        const denominator = code.add(code.div(code.step(f32x4.sqrt, most), root!), eps!);
        const param = code.add(p!, code.div(code.mul(size!, mean), denominator));
        return largest ? [param, mean, square, most] : [param, mean, square];
      },
    );
  };

const descentFamily =
  (nesterov: boolean): Family =>
  (emission) =>
    emitRows(
      emission,
      'descend',
      [...vectors(3), ...numbers(3)],
      ['vector', 'vector'],
      (code, [p, g, b, momentum, share, rate]) => {
        const kept = code.add(code.mul(b!, momentum!), code.mul(share!, g!));
        const step = nesterov ? code.add(g!, code.mul(momentum!, kept)) : kept;
        return [code.add(p!, code.mul(rate!, step)), kept];
      },
    );

const families = {
  adam: adamFamily(false),
  amsgrad: adamFamily(true),
  momentum: descentFamily(false),
  nesterov: descentFamily(true),
};

/** Steps of optimizers on contiguous float32; the rest goes to `fallback`. */
export function simdOptim(engine: SimdEngine, fallback: OptimKernels): OptimKernels {
  const { memory } = engine;

  /** Runs a family over views of which all but the second are written; false where it does not apply. */
  function run(family: Family, name: string, views: readonly View[], constants: readonly number[]): boolean {
    const { numel } = views[0]!.layout;
    if (!worthwhile(views, numel) || !views.every(({ layout }) => layout.isContiguous)) return false;
    memory.beginKernel();
    try {
      const at: number[] = [];
      for (const [i, view] of views.entries()) {
        const { storage, layout } = view;
        const start = i === 1 ? null : storage.writePointer(memory, layout);
        if (i !== 1 && start === null) return false;
        at.push(start === null ? addressOf(memory, view) : start + layout.offset * 4);
      }
      engine.divide(family, name, { count: numel, grain: 1024, work: numel * WORK }, (from, to) => {
        const part = at.map((address) => address + from * 4);
        return [...part, ...constants, ...part.filter((_, i) => i !== 1), to - from, 1];
      });
      return true;
    } finally {
      memory.endKernel();
    }
  }

  return {
    adam(param, grad, mean, square, largest, step) {
      const { beta1, beta2, share1, share2, root, eps, size } = step;
      const constants = [beta1, share1, beta2, share2, root, eps, -size];
      const views = [param, grad, mean, square];
      const done = largest
        ? run(families.amsgrad, 'adam', [...views, largest], constants)
        : run(families.adam, 'adam', views, constants);
      if (!done) fallback.adam(param, grad, mean, square, largest, step);
    },
    descend(param, grad, buffer, step) {
      const { momentum, share, lr, nesterov } = step;
      const family = nesterov ? families.nesterov : families.momentum;
      if (!run(family, 'descend', [param, grad, buffer], [momentum, share, -lr]))
        fallback.descend(param, grad, buffer, step);
    },
  };
}
