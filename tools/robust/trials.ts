import type { Tensor } from '@q/tensor';
import fc from 'fast-check';
import { hostile, plausible, spy } from './hostile.js';

type Arguments = readonly unknown[];

const isRecord = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** `args` with the one at `at` replaced by `value`, or one entry of it where it is a record and `within`. */
function replaced(args: Arguments, at: number, value: unknown, within: string | null): Arguments {
  const changed = [...args];
  const former = args[at];
  changed[at] = within !== null && isRecord(former) ? { ...former, [within]: value } : value;
  return changed;
}

/**
 * Arguments for one call, as many as `size` says. Random ones are refused at the first check; so these learn: which
 * options are asked for, and which calls succeed, of which then one argument is spoiled. Told by `next` whether a call did.
 */
export function* trials(
  pool: readonly Tensor[],
  objects: readonly (() => unknown)[],
  known: readonly Arguments[],
  { size, seed }: { readonly size: number; readonly seed: number },
): Generator<Arguments, void, boolean> {
  const draw = <T>(values: fc.Arbitrary<T>, numRuns: number): readonly T[] => fc.sample(values, { numRuns, seed });
  const asked = new Set<string>();
  const good = [...known];
  const some = fc.array(plausible(pool, objects), { maxLength: 5 });
  for (const [args, spied] of draw(fc.tuple(some, fc.boolean()), 2 * size)) {
    const tried = spied ? [...args, spy(asked)] : args;
    if ((yield tried) && tried.length > 0) good.push(tried);
  }
  const keys = [...asked, 'length'];
  const junk = hostile(pool, keys);
  for (const args of draw(fc.array(junk, { maxLength: 4 }), size)) yield args;
  if (good.length === 0) return;
  const spoiled = fc.record({
    args: fc.constantFrom(...good),
    at: fc.nat(),
    value: junk,
    within: fc.option(fc.constantFrom(...keys)),
  });
  for (const { args, at, value, within } of draw(spoiled, 3 * size))
    yield replaced(args, at % (args.length + 1), value, within);
}
