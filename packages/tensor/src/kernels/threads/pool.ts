import type { KernelMemory } from '../../memory.js';
import { MemoryError } from '../../errors.js';
import { COMMAND, JOB, MAILBOX, STATE, workerProgram } from './worker.js';

/**
 * Rounds a worker looks at its mailbox before it goes to sleep, about a millisecond: as long as the next part of a model takes to
 * come. To wake one may take longer than what it is woken for.
 */
const SPINS = 100_000;

/** Numbers of rounds, which start anew behind the last. */
const ROUNDS = 2 ** (31 - JOB.bits) - 1;

interface NodeWorker {
  on(event: 'error', listener: () => void): void;
  unref(): void;
}

/** The part of Node's `worker_threads` that is used here, without importing it where it does not exist. */
interface NodeThreads {
  readonly Worker: new (
    program: string,
    options: { eval: true; workerData: unknown; execArgv: readonly string[]; env: object },
  ) => NodeWorker;
}

const nodeThreads = (): NodeThreads | undefined =>
  (globalThis as { process?: { getBuiltinModule?: (name: string) => NodeThreads } }).process?.getBuiltinModule?.(
    'node:worker_threads',
  );

const REFUSED =
  'The platform refused to start a worker. In a page, the content security policy must allow worker-src blob:; in Node, the permission model must allow workers.';

/** A module of kernels that workers compile when they first need it. */
export interface SharedModule {
  readonly bytes: Uint8Array;
}

/** One worker as this thread sees it. */
export interface Helper {
  readonly words: Int32Array;
  /** Modules it has compiled, by the number it knows them under. */
  readonly modules: Map<SharedModule, number>;
}

/** Why there is one thread only, or null where there may be more. */
export function singleThreadReason(memory: KernelMemory): string | null {
  if (memory.shared) return null;
  return typeof SharedArrayBuffer === 'undefined' ||
    (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated === false
    ? 'The page is not cross-origin isolated: serve it with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp.'
    : 'The platform has no shared WebAssembly memory.';
}

/**
 * Workers that run parts of a kernel on the shared memory, next to this thread. They start when first asked for and join
 * in as they become ready; nothing waits for a start, and none of them keeps a process alive.
 */
export class ThreadPool {
  /** Why workers do not start, once one has failed to. */
  failure: string | null = null;
  private readonly helpers: Helper[] = [];
  private readonly place: number;
  private readonly job: { readonly words: Int32Array; readonly doubles: Float64Array };
  private round = 0;

  constructor(private readonly memory: KernelMemory) {
    this.place = memory.reserve(JOB.bytes).start;
    const { buffer } = memory.heap('int32');
    this.job = {
      words: new Int32Array(buffer, this.place, JOB.lists / 4),
      doubles: new Float64Array(buffer, this.place + JOB.lists, (JOB.bytes - JOB.lists) / 8),
    };
  }

  /** Starts workers until there are `count`, unless the platform has refused one. */
  grow(count: number): void {
    while (this.failure === null && this.helpers.length < count) this.helpers.push(this.start());
  }

  private start(): Helper {
    const mailbox = this.memory.reserve(MAILBOX.words * 4).start;
    const { buffer } = this.memory.heap('int32');
    const words = new Int32Array(buffer, mailbox, MAILBOX.words);
    words.fill(0);
    words[MAILBOX.state] = STATE.starting;
    try {
      this.hire({ memory: this.memory.handle, mailbox, job: this.place, spins: SPINS });
    } catch {
      this.failure = REFUSED;
    }
    return { words, modules: new Map() };
  }

  private hire(assignment: object): void {
    const refused = () => (this.failure = REFUSED);
    const threads = nodeThreads();
    if (threads) {
      // Nothing that is loaded in front of a program runs again in its workers: it might ask for threads, too.
      const worker = new threads.Worker(workerProgram, { eval: true, workerData: assignment, execArgv: [], env: {} });
      worker.on('error', refused);
      worker.unref();
      return;
    }
    const worker = new Worker(URL.createObjectURL(new Blob([workerProgram], { type: 'text/javascript' })));
    worker.addEventListener('error', refused);
    worker.postMessage(assignment);
  }

  /** Up to `count` workers that could take a part now; those that sleep among them if wanted. */
  ready(count: number, sleepers: boolean): readonly Helper[] {
    const ready: Helper[] = [];
    for (const helper of this.helpers) {
      if (ready.length >= count) break;
      const state = Atomics.load(helper.words, MAILBOX.state);
      if (state === STATE.idle || (sleepers && state === STATE.asleep)) ready.push(helper);
    }
    return ready;
  }

  /**
   * Runs function `index` of a module once for each list of arguments, behind which comes the address of a workspace: one for this
   * thread and one for each worker, or none. Whoever is free takes the next list, this thread by `kernel`, which is that function, and
   * the workers that `ready` found. Returns when all are done; a worker that has not begun by then, because platforms are slow to
   * wake one, is not waited for.
   */
  run(
    ready: readonly Helper[],
    module: SharedModule,
    index: number,
    parts: readonly (readonly number[])[],
    kernel: (...args: readonly number[]) => void,
    workspaces: readonly number[],
  ): void {
    const busy = ready.slice(0, parts.length - 1);
    for (const helper of busy) this.teach(helper, module);
    const { words, doubles } = this.job;
    const [{ length: width }] = parts as [readonly number[]];
    const round = (this.round = (this.round + 1) & ROUNDS);
    for (const [i, args] of parts.entries()) doubles.set(args, i * width);
    Atomics.store(words, JOB.done, 0);
    Atomics.store(words, JOB.failed, 0);
    Atomics.store(words, JOB.next, round << JOB.bits);
    const [own = 0, ...others] = workspaces;
    for (const [i, helper] of busy.entries())
      post(helper, COMMAND.run, [helper.modules.get(module)!, index, round, parts.length, width, others[i] ?? 0]);
    let failure: unknown = null;
    for (let i = take(words, round, parts.length); i >= 0; i = take(words, round, parts.length)) {
      try {
        if (failure === null) kernel(...parts[i]!, own);
      } catch (error) {
        failure = error;
      }
      Atomics.add(words, JOB.done, 1);
    }
    while (Atomics.load(words, JOB.done) < parts.length);
    for (const helper of busy) takeBack(helper);
    if (failure !== null) throw failure;
    if (words[JOB.failed] === 1)
      throw new MemoryError('a worker thread failed to run its part of a kernel. Continue with setNumThreads(1).');
  }

  /** Has a worker compile a module it does not know. */
  private teach(helper: Helper, module: SharedModule): void {
    if (helper.modules.has(module)) return;
    const at = this.memory.scratch(module.bytes.length);
    this.memory.heap('uint8').set(module.bytes, at);
    post(helper, COMMAND.load, [at, module.bytes.length]);
    finished(helper);
    const count = helper.modules.size;
    if (helper.words[MAILBOX.values] !== count + 1)
      throw new MemoryError('a worker thread failed to compile a kernel. Continue with setNumThreads(1).');
    helper.modules.set(module, count);
  }
}

function post({ words }: Helper, command: number, values: readonly number[]): void {
  words[MAILBOX.command] = command;
  words.set(values, MAILBOX.values);
  if (Atomics.exchange(words, MAILBOX.state, STATE.asked) === STATE.asleep) Atomics.notify(words, MAILBOX.state);
}

/** The next part of a round that nobody has taken, or -1. */
function take(words: Int32Array, round: number, parts: number): number {
  for (;;) {
    const next = Atomics.load(words, JOB.next);
    const part = next & JOB.mask;
    if (next >> JOB.bits !== round || part >= parts) return -1;
    if (Atomics.compareExchange(words, JOB.next, next, next + 1) === next) return part;
  }
}

/** Takes a command back that its worker has not begun. */
const takeBack = ({ words }: Helper): number => Atomics.compareExchange(words, MAILBOX.state, STATE.asked, STATE.idle);

/** Looks at the mailbox until its worker is done: the main thread of a page may not sleep. */
function finished({ words }: Helper): void {
  for (;;) {
    const state = Atomics.load(words, MAILBOX.state);
    if (state === STATE.idle || state === STATE.asleep) return;
  }
}
