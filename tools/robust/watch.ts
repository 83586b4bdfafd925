import { memoryUsage, QError } from '@q/tensor';

/** Bytes that one call may take beyond what its input explains: results of small inputs, tables, a page of kernel memory. */
const SLACK = 24 * 1024 * 1024;

/** Bytes that a reader may take for each byte that it reads: strings of two bytes, copies, floats from bytes. */
const FACTOR = 64;

const held = (): number => {
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return arrayBuffers + heapUsed + memoryUsage().used;
};

/**
 * Runs `read` on something of `size` bytes; what it throws must be a typed error, and what it takes must be explained by the
 * size. Tells whether it read something.
 */
export function reads(size: number, read: () => unknown): boolean {
  const before = held();
  const taken = (): void => {
    const bytes = held() - before;
    if (bytes > FACTOR * size + SLACK) throw new Error(`${bytes} bytes were taken for an input of ${size}.`);
  };
  try {
    read();
  } catch (error) {
    if (!(error instanceof QError)) throw error;
    taken();
    return false;
  }
  taken();
  return true;
}

/** Throws where what every object inherits has been changed. */
export function checkPure(): void {
  for (const { prototype } of [Object, Array, Function, Map])
    for (const key of ['polluted', 'then', 'x'])
      if (key in prototype) throw new Error(`Every object has '${key}' now.`);
  if (Object.keys(Object.prototype).length > 0) throw new Error('Every object has new keys.');
}
