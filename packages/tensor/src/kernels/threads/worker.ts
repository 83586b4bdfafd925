/** Numbers of a worker's mailbox in shared memory, in 32-bit words. */
export const MAILBOX = { state: 0, command: 1, values: 2, words: 16 } as const;

/** What a worker does: it looks for work, sleeps, has not yet begun what it is asked for, works, or starts. */
export const STATE = { idle: 0, asked: 1, starting: 2, working: 3, asleep: 4 } as const;

/** What a mailbox asks for. */
export const COMMAND = { run: 0, load: 1 } as const;

/** The parts of a kernel in shared memory: words that count them, then at byte `lists` their arguments, as doubles. */
export const JOB = {
  /** The number of the round, and in the lowest bits the first part that nobody has taken. */
  next: 0,
  bits: 8,
  mask: 255,
  done: 1,
  failed: 2,
  lists: 64,
  /** Room for 256 parts of 30 arguments. */
  bytes: 64 + 256 * 30 * 8,
} as const;

/**
 * The program of a worker, as text, so that no bundler has to find a file. It sleeps on its mailbox; commands come through
 * shared memory alone, so it never needs its event loop. One that it is late for may have been taken back. `load` compiles the
 * module whose bytes lie at an address, and answers how many there are then; `run` calls a function of a module with the
 * arguments of one part after the other, and a workspace, while the round has parts that nobody has taken.
 */
export const workerProgram = `
const node = globalThis.process?.getBuiltinModule?.('node:worker_threads');
function serve({ memory, mailbox, job, spins }) {
  const words = new Int32Array(memory.buffer, mailbox, ${MAILBOX.words});
  const counts = new Int32Array(memory.buffer, job, ${JOB.lists / 4});
  const doubles = new Float64Array(memory.buffer, job + ${JOB.lists}, ${(JOB.bytes - JOB.lists) / 8});
  const modules = [];
  const args = [];
  function load(at, length) {
    // Words are signed, addresses are not.
    const bytes = new Uint8Array(memory.buffer).slice(at >>> 0, (at >>> 0) + length);
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
    return Object.values(exports);
  }
  function run(module, index, round, parts, width, workspace) {
    const kernel = modules[module][index];
    args.length = width + 1;
    args[width] = workspace;
    for (;;) {
      const next = Atomics.load(counts, ${JOB.next});
      const part = next & ${JOB.mask};
      if (next >> ${JOB.bits} !== round || part >= parts) return;
      if (Atomics.compareExchange(counts, ${JOB.next}, next, next + 1) !== next) continue;
      try {
        for (let i = 0; i < width; i++) args[i] = doubles[part * width + i];
        kernel.apply(null, args);
      } catch {
        Atomics.store(counts, ${JOB.failed}, 1);
      }
      Atomics.add(counts, ${JOB.done}, 1);
    }
  }
  Atomics.store(words, ${MAILBOX.state}, ${STATE.idle});
  for (;;) {
    for (let i = 0; i < spins && Atomics.load(words, ${MAILBOX.state}) === ${STATE.idle}; i++);
    if (Atomics.compareExchange(words, ${MAILBOX.state}, ${STATE.idle}, ${STATE.asleep}) === ${STATE.idle})
      Atomics.wait(words, ${MAILBOX.state}, ${STATE.asleep});
    if (Atomics.compareExchange(words, ${MAILBOX.state}, ${STATE.asked}, ${STATE.working}) !== ${STATE.asked}) continue;
    const at = ${MAILBOX.values};
    if (words[${MAILBOX.command}] === ${COMMAND.run})
      run(words[at], words[at + 1], words[at + 2], words[at + 3], words[at + 4], words[at + 5]);
    else {
      try {
        modules.push(load(words[at], words[at + 1]));
      } catch {
        // Told by the number of modules.
      }
      words[${MAILBOX.values}] = modules.length;
    }
    Atomics.store(words, ${MAILBOX.state}, ${STATE.idle});
  }
}
if (node) serve(node.workerData);
else self.onmessage = ({ data }) => serve(data);
`;
