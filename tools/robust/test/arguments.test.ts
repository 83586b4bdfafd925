import { QError, type Tensor } from '@q/tensor';
import type { Module } from '@q/nn';
import { Foreign, foreign, tensors } from '../hostile.js';
import { layers, objects, receivers } from '../objects.js';
import { full, runs } from '../scale.js';
import { functions, methodsOf, type Callable } from '../surface.js';
import { trials } from '../trials.js';

/** Milliseconds after which a call with small arguments counts as hanging. */
const HANG = 20_000;

/** Builds in seconds whatever it is given: millions of weights by default. */
const heavy = /^new (nn|quant)\.(Fake)?(Quantized)?Transformer$/;

/** A class of errors takes any message, as JavaScript's own do. */
const errorClass = /^new .*Error$/;

/** A call, what it is called on, and arguments that it takes. */
interface Subject {
  readonly callable: Callable;
  readonly make: () => unknown;
  readonly known: readonly (readonly unknown[])[];
}

const none = (): unknown => undefined;

const subjects: readonly Subject[] = [
  ...functions
    .filter(({ name }) => !heavy.test(name) && !errorClass.test(name))
    .map((callable) => ({
      callable,
      make: none,
      known: layers.filter(({ name }) => callable.name.endsWith(`.${name}`)).map(({ args }) => args),
    })),
  ...receivers.flatMap((make) => methodsOf(make()).map((callable) => ({ callable, make, known: [] }))),
  ...layers.map(({ name, inputs, make }) => {
    const layer = make();
    const call: Callable['call'] = (self, args) => (self as Module).forward(...args);
    return { callable: { name: `${name}.forward`, call }, make: () => layer, known: [inputs()] };
  }),
];

const stateOf = (pool: readonly Tensor[]): string =>
  pool.map((x) => `${x.dtype} ${x.shape} ${x.requiresGrad} ${x.detach().data}`).join();

const untyped = new Map<string, string>();
const disguised = new Set<string>();
const changed = new Set<string>();
const slow = new Set<string>();
const reached = new Set<Subject>();
const pending: Promise<unknown>[] = [];

/** Calls once and keeps what went wrong; tells whether it succeeded. */
function attempt(subject: Subject, args: readonly unknown[], unchanged: () => boolean): boolean {
  const { name, call } = subject.callable;
  const refuse = (error: unknown): void => {
    if (!(error instanceof QError || error instanceof Foreign))
      untyped.set(name, String((error as Error).stack).slice(0, 600));
  };
  const receiver = subject.make();
  const start = performance.now();
  const { thrown } = foreign;
  try {
    const result = call(receiver, args);
    if (result instanceof Promise) pending.push(result.catch(refuse));
    reached.add(subject);
    return true;
  } catch (error) {
    refuse(error);
    if (foreign.thrown > thrown && !(error instanceof Foreign)) disguised.add(name);
    if (!unchanged()) changed.add(name);
    return false;
  } finally {
    if (performance.now() - start > HANG) slow.add(name);
  }
}

beforeAll(async () => {
  for (const [i, subject] of subjects.entries()) {
    const pool = tensors();
    let before = stateOf(pool);
    const unchanged = (): boolean => stateOf(pool) === before;
    const tried = trials(pool, objects, subject.known, { size: runs(1, 40), seed: i + 1 });
    for (let step = tried.next(); !step.done;) {
      const done = attempt(subject, step.value, unchanged);
      if (done) before = stateOf(pool);
      step = tried.next(done);
    }
  }
  await Promise.all(pending);
}, 3_600_000);

it('finds the public functions, classes and methods', () => expect(subjects.length).toBeGreaterThan(3000));

it('gets past the checks of most of them', () =>
  expect(reached.size).toBeGreaterThan((full ? 0.7 : 0.4) * subjects.length));

it('throws typed errors', () => expect([...untyped]).toEqual([]));

it("throws the errors of a caller's functions and objects as they are", () => expect([...disguised]).toEqual([]));

it('never changes a tensor and then throws', () => expect([...changed]).toEqual([]));

it('never hangs', () => expect([...slow]).toEqual([]));
