/** The process of one contender: prepares workloads and takes samples when asked. */
import type { Clock, Contender, Open, Peer, Task } from './peer.js';
import { readOf, type Request, type Response } from './protocol.js';
import { workloadOf } from './workloads.js';

const [contender, threads, clock] = JSON.parse(process.argv[2]!) as [Contender, number, Clock];

/** Milliseconds that a sample should take at least, so that clocks and calls do not show. */
const SAMPLE_MS = 20;

/** Samples' worth of runs before each sample. With fewer, what the system took from a process that waited shows in its time. */
const AWAKE = 4;

/** Warming up takes at least so many milliseconds and runs, until compilers have taken notice, but has an end where runs are long. */
const WARM_UP_MS = 1000;
const WARM_UP_RUNS = 1500;
const WARM_UP_LIMIT_MS = 2000;

/** Milliseconds that passed, or that this process computed. */
function now(): number {
  if (clock === 'wall') return performance.now();
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

let task: Task | null = null;
let repeats = 1;

/** Milliseconds of a number of runs. */
async function timed(run: () => unknown, times: number): Promise<number> {
  const start = now();
  for (let i = 0; i < times; i++) {
    const result = run();
    if (result instanceof Promise) await result;
  }
  return now() - start;
}

async function warmUp({ run, besides }: Task): Promise<void> {
  if (besides) await timed(besides, 3);
  const start = now();
  const warm = (runs: number): boolean => {
    const passed = now() - start;
    return passed >= WARM_UP_LIMIT_MS || (passed >= WARM_UP_MS && runs >= WARM_UP_RUNS);
  };
  for (let runs = 0; !warm(runs); runs++) await timed(run, 1);
  for (repeats = 1; (await timed(run, repeats)) < SAMPLE_MS && repeats < 2 ** 20;) repeats *= 2;
}

async function prepare(peer: Peer, id: string): Promise<Response> {
  await task?.close?.();
  task = await peer.prepare(workloadOf(id));
  return { results: task ? readOf(await task.read()) : null };
}

async function answer(peer: Peer, request: Request): Promise<Response> {
  if (request.ask === 'prepare') return prepare(peer, request.workload);
  if (request.ask === 'warm up') {
    await warmUp(task!);
    return {};
  }
  // Threads, caches and pages that went to sleep while others were measured are awake in a loop, too.
  await timed(task!.run, AWAKE * repeats);
  const total = await timed(task!.run, repeats);
  const besides = task!.besides ? await timed(task!.besides, repeats) : 0;
  return { microseconds: ((total - besides) * 1000) / repeats / (task!.perRun ?? 1) };
}

const { open } = (await import(`./${contender.module}.js`)) as { open: Open };
const peer = await open(threads, contender.variant);
process.on('message', (request: Request) => {
  answer(peer, request).then(
    (response) => process.send!(response),
    (error: unknown) => process.send!({ error: error instanceof Error ? error.message : String(error) }),
  );
});
process.on('disconnect', () => process.exit());
process.send!({} satisfies Response);
