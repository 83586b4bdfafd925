import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { tensor, type Op, type Tensor } from '@q/tensor';
import { expectGradient, gradientOf } from '../gradcheck.js';
import type { Case, Entry } from './gradients/case.js';
import { elementwise } from './gradients/elementwise.js';
import { structure } from './gradients/structure.js';
import { overWindows } from './gradients/windows.js';

const entries: Readonly<Record<string, Entry>> = { ...elementwise, ...structure, ...overWindows };

const folder = join(import.meta.dirname, '../../src/ops');

const isOp = (value: unknown): value is Op =>
  typeof value === 'object' && value !== null && 'forward' in value && 'backward' in value && 'name' in value;

/** Every exported op that has a derivative, as `file.export`. */
async function differentiableOps(): Promise<Map<string, Op>> {
  const found = new Map<string, Op>();
  for (const file of readdirSync(folder)) {
    const exports = (await import(join(folder, file))) as Readonly<Record<string, unknown>>;
    for (const [name, value] of Object.entries(exports))
      if (isOp(value) && value.backward !== null) found.set(`${basename(file, '.ts')}.${name}`, value);
  }
  return found;
}

/** The ops that were recorded on the way to some tensors. */
function recorded(outputs: Tensor | readonly Tensor[]): Set<Op> {
  const seen = new Set<Op>();
  const stack = 'storage' in outputs ? [outputs] : [...outputs];
  for (let next = stack.pop(); next; next = stack.pop())
    if (next.node) {
      seen.add(next.node.op);
      stack.push(...next.node.inputs);
    }
  return seen;
}

const leavesOf = ({ inputs }: Case): Tensor[] =>
  inputs.map((input) => tensor(input.data, { shape: input.shape, requiresGrad: true }));

/** Ops whose gradient has no derivative of its own. */
const once = new Set(['unary.digamma', 'affine.fakeQuantize', 'affine.quantizeLinear', 'affine.dequantizeLinear']);

it('every op with a derivative has an entry in test/ops/gradients, and every entry its op', async () =>
  expect([...(await differentiableOps()).keys()].sort()).toEqual(Object.keys(entries).sort()));

describe.each(Object.entries(entries))('%s', (name, entry) => {
  it('has the gradient that central differences give', async () => {
    const op = (await differentiableOps()).get(name);
    fc.assert(
      fc.property(entry, (call) => {
        expect(recorded(call.f(...leavesOf(call))).has(op!)).toBe(true);
        expectGradient(call.f, call.inputs, call);
      }),
      { numRuns: 12 },
    );
  });

  if (!once.has(name))
    it('has the second derivative that differences of the first give', () =>
      fc.assert(
        fc.property(entry, ({ f, inputs, tolerance = 1e-5, step }) =>
          expectGradient(gradientOf(f), inputs, { tolerance, ...(step && { step }) }),
        ),
        { numRuns: 4 },
      ));
});
