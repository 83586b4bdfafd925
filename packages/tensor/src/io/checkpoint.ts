import { isTensor } from '../arguments.js';
import { ArgumentError, described, FormatError } from '../errors.js';
import { isRecord } from '../record.js';
import type { Tensor } from '../tensor.js';
import { readSafetensors, readSafetensorsMetadata, writeSafetensors } from './safetensors.js';

const FORMAT = 'q-checkpoint';
const VERSION = '1';

/** Levels of records and lists; what is deeper leads back to itself, or is meant to exhaust the stack. */
const DEEPEST = 100;

/** What JSON cannot say stands in a record with one of these keys; a caller's own keys that begin so get another `$` in front. */
const [TENSOR, NUMBER] = ['$tensor', '$number'] as const;

/** A record of own entries alone, whatever their names. */
const recordOf = (entries: Iterable<readonly [string, unknown]>): Record<string, unknown> =>
  Object.fromEntries(entries);

/** Names for tensors, each once: the paths at which they are first met. */
class Names {
  readonly tensors: Record<string, Tensor> = {};
  private readonly known = new Map<Tensor, string>();

  of(tensor: Tensor, path: string): string {
    let name = this.known.get(tensor);
    if (name === undefined) {
      name = path || 'tensor';
      // Keys may have dots of their own.
      for (let i = 2; Object.hasOwn(this.tensors, name); i++) name = `${path}#${i}`;
      this.known.set(tensor, name);
      this.tensors[name] = tensor;
    }
    return name;
  }
}

/** A value as JSON, its tensors by name. */
function encoded(value: unknown, path: string, depth: number, names: Names): unknown {
  const where = path === '' ? 'the checkpoint' : `'${path}'`;
  if (depth > DEEPEST)
    throw new ArgumentError(`writeCheckpoint: ${where} lies more than ${DEEPEST} levels deep, or contains itself.`);
  if (isTensor(value)) return { [TENSOR]: names.of(value, path) };
  if (typeof value === 'number')
    return Number.isFinite(value) && !Object.is(value, -0)
      ? value
      : { [NUMBER]: String(Object.is(value, -0) ? '-0' : value) };
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  const inside = (key: string | number, item: unknown): unknown =>
    encoded(item, path === '' ? String(key) : `${path}.${key}`, depth + 1, names);
  if (Array.isArray(value)) return Array.from(value, (item, i) => inside(i, item));
  if (!isRecord(value))
    throw new ArgumentError(
      `writeCheckpoint: ${where} must be a tensor, number, string, boolean, null, or an array or record of those, got ${described(value)}.`,
    );
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return recordOf(entries.map(([key, item]) => [key.startsWith('$') ? `$${key}` : key, inside(key, item)]));
}

/** What JSON stands for. */
function decoded(value: unknown, depth: number, tensors: Readonly<Record<string, Tensor>>): unknown {
  if (depth > DEEPEST) throw new FormatError(`readCheckpoint: values lie more than ${DEEPEST} levels deep.`);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => decoded(item, depth + 1, tensors));
  const entries = Object.entries(value);
  const [[key, content] = []] = entries;
  if (entries.length === 1 && key === TENSOR) {
    if (typeof content === 'string' && Object.hasOwn(tensors, content)) return tensors[content];
    throw new FormatError(`readCheckpoint: there is no tensor ${described(content)}.`);
  }
  if (entries.length === 1 && key === NUMBER) {
    const number = ['NaN', 'Infinity', '-Infinity', '-0'].includes(content as string) ? Number(content) : null;
    if (number !== null) return number;
    throw new FormatError(`readCheckpoint: ${described(content)} is no number.`);
  }
  return recordOf(
    entries.map(([name, item]) => {
      if (name.startsWith('$') && !name.startsWith('$$'))
        throw new FormatError(`readCheckpoint: unknown mark '${name}'.`);
      return [name.startsWith('$') ? name.slice(1) : name, decoded(item, depth + 1, tensors)];
    }),
  );
}

/**
 * Records and arrays of tensors, numbers, strings and booleans, however deep, as the bytes of one safetensors file: what
 * `torch.save` is used for. Tensors are named after their places; other readers of the format find them.
 *
 * ```ts
 * const bytes = writeCheckpoint({ model: net.stateDict(), optimizer: optimizer.stateDict(), epoch: 3 });
 * ```
 *
 * @throws ArgumentError for anything else inside, or a record that contains itself
 */
export function writeCheckpoint(checkpoint: object): Uint8Array<ArrayBuffer> {
  const names = new Names();
  const value = JSON.stringify(encoded(checkpoint, '', 0, names));
  return writeSafetensors(names.tensors, { metadata: { format: FORMAT, version: VERSION, value } });
}

/**
 * What `writeCheckpoint` wrote. Its type is the caller's claim: the `loadStateDict` of modules, optimizers and schedulers checks
 * what it is given.
 *
 * @throws FormatError for a file that is damaged or of another format
 */
export function readCheckpoint<T extends object = Readonly<Record<string, unknown>>>(
  bytes: Uint8Array | ArrayBuffer,
): T {
  const { format, version, value = '' } = readSafetensorsMetadata(bytes);
  if (format !== FORMAT || version !== VERSION)
    throw new FormatError(
      `readCheckpoint: no checkpoint of version ${VERSION} but '${format ?? 'a file without a format'}', version ${version ?? 'unknown'}. Write one with writeCheckpoint().`,
    );
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch (cause) {
    throw new FormatError('readCheckpoint: the values are not JSON.', { cause });
  }
  const found = decoded(parsed, 0, readSafetensors(bytes));
  if (typeof found !== 'object' || found === null) throw new FormatError('readCheckpoint: the file holds no record.');
  return found as T;
}
