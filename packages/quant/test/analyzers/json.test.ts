import fc from 'fast-check';
import * as quant from '@q/quant';
import { QError, tensor } from '@q/tensor';
import { kinds } from './kinds.js';

const channels = 2;

/** Batches of `[channels, n]`, infinities and NaN too. */
const batches = fc.array(
  fc.array(
    fc.oneof({ weight: 9, arbitrary: fc.float({ min: -100, max: 100 }) }, { weight: 1, arbitrary: fc.float() }),
    {
      minLength: 2 * channels,
      maxLength: 2 * channels,
    },
  ),
  { minLength: 1, maxLength: 3 },
);

/** What analyzers of `[channels, 1]` may be told to do with a value of their JSON: a path of picks, and what to put there. */
const damage = fc.record({
  path: fc.array(fc.nat(), { minLength: 1, maxLength: 5 }),
  value: fc.oneof(
    fc.constant(undefined),
    fc.constantFrom<unknown>(NaN, Infinity, -1, 0.5, 1e300, 2 ** 53, '', 'NaN', '__proto__', [], {}, null, true),
    fc.jsonValue(),
  ),
});

/** Replaces or removes one value of a JSON value. */
function damaged(json: unknown, path: readonly number[], value: unknown): unknown {
  if (typeof json !== 'object' || json === null || path.length === 0) return value;
  const keys = Object.keys(json);
  if (keys.length === 0) return value;
  const key = keys[path[0]! % keys.length]!;
  const copy = (Array.isArray(json) ? [...json] : { ...json }) as Record<string, unknown>;
  const next = path.length === 1 ? value : damaged(copy[key], path.slice(1), value);
  if (next === undefined) delete copy[key];
  else copy[key] = next;
  return copy;
}

it('every analyzer of the package is tested here', () =>
  expect(
    Object.entries<unknown>(quant)
      .filter(
        ([name, value]) => typeof value === 'function' && name.endsWith('Analyzer') && name !== 'EncodingAnalyzer',
      )
      .map(([name]) => name)
      .sort(),
  ).toEqual(Object.keys(kinds)));

describe.each(Object.entries(kinds))('the JSON of %s', (_name, { make, fromJSON }) => {
  /** An analyzer that has seen some batches; those it refuses leave no trace. */
  const after = (seen: readonly number[][]) => {
    const analyzer = make([channels, 1]);
    for (const batch of seen)
      try {
        analyzer.updateStats(tensor(batch).reshape([channels, -1]));
      } catch (cause) {
        expect(cause).toBeInstanceOf(QError);
      }
    return analyzer;
  };

  it('is all there is of it: the analyzer read from it goes on as the one that wrote it', () =>
    fc.assert(
      fc.property(batches, batches, (before, later) => {
        const analyzer = after(before);
        const again = fromJSON(JSON.parse(JSON.stringify(analyzer)));
        expect(JSON.stringify(again)).toBe(JSON.stringify(analyzer));
        for (const batch of later)
          for (const one of [analyzer, again])
            try {
              one.updateStats(tensor(batch).reshape([channels, -1]));
            } catch (cause) {
              expect(cause).toBeInstanceOf(QError);
            }
        expect(JSON.stringify(again)).toBe(JSON.stringify(analyzer));
      }),
      { numRuns: 50 },
    ));

  it('is refused with a typed error where it is damaged, or makes an analyzer that works', () =>
    fc.assert(
      fc.property(batches, damage, (seen, { path, value }) => {
        const json = damaged(JSON.parse(JSON.stringify(after(seen))), path, value);
        try {
          const analyzer = fromJSON(json);
          expect(JSON.stringify(fromJSON(JSON.parse(JSON.stringify(analyzer))))).toBe(JSON.stringify(analyzer));
          if (analyzer.getStats() !== null) analyzer.computeEncodings(15, false);
        } catch (cause) {
          expect(cause).toBeInstanceOf(QError);
        }
      }),
      { numRuns: 300 },
    ));
});
