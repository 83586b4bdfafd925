import type { WriteStream } from 'node:tty';

/** Tells what is being done: in one line that changes on a terminal, in a line per finished step elsewhere. */
export class Progress {
  readonly #live: boolean;
  #step = '';

  constructor(readonly out: Pick<WriteStream, 'write' | 'isTTY'>) {
    this.#live = out.isTTY;
  }

  /** Runs a step of the work and returns its result; the line ends with what `outcome` says of it. */
  run<T>(step: string, work: () => T, outcome: (result: T) => string): T {
    this.#step = step;
    this.at(0);
    const start = performance.now();
    const result = work();
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    this.#line(`✓ ${step.padEnd(36)} ${outcome(result)} (${seconds} s)\n`);
    return result;
  }

  /** Shows how much of the current step is done, from 0 to 1. */
  at(done: number, note = ''): void {
    if (!this.#live) return;
    const filled = Math.round(done * 24);
    const bar = done > 0 ? ` ${'━'.repeat(filled)}${'╌'.repeat(24 - filled)}` : '';
    this.#line(`… ${this.#step.padEnd(36)}${bar} ${note}`);
  }

  /** Adds a line about the current step where lines stay. */
  note(text: string): void {
    if (!this.#live) this.#line(`  ${text}\n`);
  }

  #line(text: string): void {
    this.out.write(this.#live ? `\r\x1b[2K${text}` : text);
  }
}
