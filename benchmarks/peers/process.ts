import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { Clock, Contender, Numbers } from './peer.js';
import type { Request, Response } from './protocol.js';

/** A contender in a process of its own. */
export class ContenderProcess {
  private constructor(
    readonly contender: Contender,
    private readonly child: ChildProcess,
  ) {}

  /** Starts it under a Node; rejects where the library does not load. */
  static async start(contender: Contender, node: string, threads: number, clock: Clock): Promise<ContenderProcess> {
    const child = fork(join(import.meta.dirname, 'worker.ts'), [JSON.stringify([contender, threads, clock])], {
      execPath: node,
      execArgv: ['--import', 'tsx'],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const started = new ContenderProcess(contender, child);
    await started.response();
    return started;
  }

  /** Results of a workload; null where it has no means for it. */
  async prepare(workload: string): Promise<readonly Numbers[] | null> {
    return (await this.ask({ ask: 'prepare', workload })).results ?? null;
  }

  /** Runs the prepared workload until it is fast, and finds how often a sample repeats it. */
  async warmUp(): Promise<void> {
    await this.ask({ ask: 'warm up' });
  }

  /** Microseconds of one computation, the mean of one sample. */
  async sample(): Promise<number> {
    return (await this.ask({ ask: 'sample' })).microseconds!;
  }

  stop(): void {
    this.child.disconnect();
  }

  private ask(request: Request): Promise<Response> {
    this.child.send(request);
    return this.response();
  }

  private response(): Promise<Response> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        this.child.off('message', onMessage);
        this.child.off('exit', onExit);
      };
      const onMessage = (response: Response): void => {
        settle();
        if (response.error === undefined) resolve(response);
        else reject(new Error(`${this.contender.name}: ${response.error}`));
      };
      const onExit = (code: number | null): void => {
        settle();
        reject(new Error(`${this.contender.name}: the process ended with code ${code}.`));
      };
      this.child.on('message', onMessage);
      this.child.on('exit', onExit);
    });
  }
}
