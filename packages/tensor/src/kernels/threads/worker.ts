/** Numbers of a worker's mailbox in shared memory, in 32-bit words; arguments follow as doubles. */
export const MAILBOX = {
  state: 0,
  command: 1,
  first: 2,
  second: 3,
  count: 4,
  failed: 5,
  arguments: 8,
  words: 64,
} as const;

/** What a worker does: it looks for work, sleeps, has not yet begun what it is asked for, works, or starts. */
export const STATE = { idle: 0, asked: 1, starting: 2, working: 3, asleep: 4 } as const;

/** What a mailbox asks for. */
export const COMMAND = { run: 0, load: 1 } as const;

/**
 * The program of a worker, as text, so that no bundler has to find a file. It sleeps on its mailbox; commands come through
 * shared memory alone, so it never needs its event loop. One that it is late for may have been taken back. `run` calls function `second` of module `first`; `load` compiles
 * the module whose bytes lie at address `first`, `second` of them.
 */
export const workerProgram = `
const node = globalThis.process?.getBuiltinModule?.('node:worker_threads');
function serve({ memory, mailbox, spins }) {
  const words = new Int32Array(memory.buffer, mailbox, ${MAILBOX.words});
  const doubles = new Float64Array(memory.buffer, mailbox + ${MAILBOX.arguments * 4}, ${(MAILBOX.words - MAILBOX.arguments) / 2});
  const modules = [];
  Atomics.store(words, ${MAILBOX.state}, ${STATE.idle});
  for (;;) {
    for (let i = 0; i < spins && Atomics.load(words, ${MAILBOX.state}) === ${STATE.idle}; i++);
    if (Atomics.compareExchange(words, ${MAILBOX.state}, ${STATE.idle}, ${STATE.asleep}) === ${STATE.idle})
      Atomics.wait(words, ${MAILBOX.state}, ${STATE.asleep});
    if (Atomics.compareExchange(words, ${MAILBOX.state}, ${STATE.asked}, ${STATE.working}) !== ${STATE.asked}) continue;
    try {
      const [first, second] = [words[${MAILBOX.first}], words[${MAILBOX.second}]];
      if (words[${MAILBOX.command}] === ${COMMAND.load}) {
        const bytes = new Uint8Array(memory.buffer).slice(first, first + second);
        const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
        modules.push(Object.values(exports));
      } else modules[first][second](...doubles.subarray(0, words[${MAILBOX.count}]));
    } catch {
      words[${MAILBOX.failed}] = 1;
    }
    Atomics.store(words, ${MAILBOX.state}, ${STATE.idle});
  }
}
if (node) serve(node.workerData);
else self.onmessage = ({ data }) => serve(data);
`;
