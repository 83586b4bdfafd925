import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { QError, type Tensor } from '@q/tensor';
import { Linear } from '@q/nn';
import { affine, AffineEncoding, MinMaxEncodingAnalyzer, PercentileEncodingAnalyzer, QuantizedLinear } from '@q/quant';
import { Foreign, hostile, tensors } from '../hostile.js';
import { full, runs } from '../scale.js';
import { functions, methodsOf, type Callable } from '../surface.js';

/**
 * Calls that still let JavaScript's own TypeError through for some argument of a wrong type. The list only gets shorter:
 * the full suite fails for a name too many, and `Q_ROBUST=write` writes it anew.
 */
const list = join(import.meta.dirname, '../untyped.json');
const known = new Set(existsSync(list) ? (JSON.parse(readFileSync(list, 'utf8')) as string[]) : []);

/** Milliseconds after which a call with small arguments counts as hanging. */
const HANG = 20_000;

const stateOf = (pool: readonly Tensor[]): string =>
  JSON.stringify(
    pool.map(({ dtype, shape, requiresGrad, detach }, i) => [
      dtype,
      shape,
      requiresGrad,
      String(detach.call(pool[i]).toArray()),
    ]),
  );

const samples: readonly (() => object)[] = [
  () => tensors()[2]!,
  () => tensors()[4]!,
  () => new Linear(3, 2),
  () => new QuantizedLinear(3, 2),
  () => new affine.QuantizeDequantize({ shape: [], bitwidth: 8, symmetric: false }),
  () =>
    new affine.GroupedBlockQuantizeDequantize({
      shape: [2, 1],
      bitwidth: 4,
      symmetric: true,
      decompressedBw: 8,
      blockGrouping: [1, 1],
      blockSize: [1, 3],
    }),
  () => new AffineEncoding(0.1, 0, { bitwidth: 8, signed: true }),
  () => new MinMaxEncodingAnalyzer([]),
  () => new PercentileEncodingAnalyzer([]),
];

/** Builds in seconds whatever it is given: millions of weights by default. */
const heavy = /^new (nn|quant)\.(Fake)?(Quantized)?Transformer$/;

/** A class of errors takes any message, as JavaScript's own do. */
const errorClass = /^new .*Error$/;

const calls: readonly (readonly [Callable, () => unknown])[] = [
  ...functions
    .filter(({ name }) => !heavy.test(name) && !errorClass.test(name))
    .map((callable) => [callable, () => undefined] as const),
  ...samples.flatMap((make) => methodsOf(make()).map((callable) => [callable, make] as const)),
];

const untyped = new Map<string, string>();
const changed = new Map<string, string>();
const slow: string[] = [];

/** Calls once; tells what went wrong in what way. */
function attempt({ name, call }: Callable, receiver: unknown, args: readonly unknown[], pool: readonly Tensor[]): void {
  const before = stateOf(pool);
  const start = performance.now();
  try {
    const result = call(receiver, args);
    if (result instanceof Promise) result.catch(() => undefined);
  } catch (error) {
    if (!(error instanceof QError || error instanceof Foreign))
      untyped.set(name, String((error as Error).stack).slice(0, 400));
    if (stateOf(pool) !== before) changed.set(name, before);
  }
  if (performance.now() - start > HANG) slow.push(name);
}

beforeAll(() => {
  for (const [callable, make] of calls) {
    const pool = tensors();
    const all = fc.sample(fc.array(hostile(pool), { maxLength: 4 }), { numRuns: runs(6, 60), seed: 7 });
    for (const args of all) attempt(callable, make(), args, pool);
  }
  if (process.env['Q_ROBUST'] === 'write')
    writeFileSync(list, `${JSON.stringify([...untyped.keys()].sort(), null, 2)}\n`);
}, 900_000);

it('finds the public functions, classes and methods', () => expect(calls.length).toBeGreaterThan(1200));

it('throws typed errors, but for the calls that are listed', () =>
  expect([...untyped].filter(([name]) => !known.has(name))).toEqual([]));

it('never changes a tensor and then throws', () => expect([...changed.keys()]).toEqual([]));

it('never hangs', () => expect(slow).toEqual([]));

if (full) it('lists no call that is clean', () => expect([...known].filter((name) => !untyped.has(name))).toEqual([]));
