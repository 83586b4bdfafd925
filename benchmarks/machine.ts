import { availableParallelism, cpus, totalmem } from 'node:os';

/** The machine that figures are from. */
export const machine = `${cpus()[0]!.model}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`;
