import { ArgumentError, described, ShapeError, shown, stack, tensor, Tensor, type TypedArray } from '@q/tensor';
import { isRecord, sameShape } from '@q/tensor/internal';

/** What `collate` makes of several samples of a type: one value of the same structure with a tensor in each place. */
export type Collated<T> = T extends Tensor | number | boolean | TypedArray
  ? Tensor
  : T extends string
    ? string[]
    : T extends readonly unknown[]
      ? { -readonly [K in keyof T]: Collated<T[K]> }
      : T extends object
        ? { -readonly [K in keyof T]: Collated<T[K]> }
        : never;

const kindOf = (value: unknown): string =>
  value === null ? 'null' : typeof value === 'object' ? (value.constructor?.name ?? 'object') : typeof value;

const isTypedArray = (value: unknown): value is TypedArray => ArrayBuffer.isView(value) && !(value instanceof DataView);

/** Throws unless all samples are of a kind, named by where they stand in their structure. */
function all<T>(where: string, samples: readonly unknown[], is: (value: unknown) => value is T): readonly T[] {
  const other = samples.find((sample) => !is(sample));
  if (!samples.every(is))
    throw new ArgumentError(
      `collate: ${where} is ${kindOf(samples[0])} in one sample and ${kindOf(other)} in another. Give the loader a collate of your own.`,
    );
  return samples;
}

/** Whether a record has these keys and no others, in whatever order. */
const sameKeys = (keys: readonly string[], record: Readonly<Record<string, unknown>>): boolean =>
  Object.keys(record).length === keys.length && keys.every((key) => Object.hasOwn(record, key));

const isTensor = (value: unknown): value is Tensor => value instanceof Tensor;
const isNumber = (value: unknown): value is number => typeof value === 'number';
const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean';
const isString = (value: unknown): value is string => typeof value === 'string';
const isArray = (value: unknown): value is readonly unknown[] => Array.isArray(value);

function stacked(where: string, samples: readonly Tensor[]): Tensor {
  const [first] = samples as [Tensor];
  const other = samples.find(({ shape }) => !sameShape(shape, first.shape));
  if (other !== undefined)
    throw new ShapeError(
      `collate: ${where} has shape ${shown(first.shape)} in one sample and ${shown(other.shape)} in another. Pad them, or give the loader a collate of your own.`,
    );
  return stack(samples);
}

/** Nesting from which on a sample is taken to contain itself. */
const DEEPEST = 64;

function joined(where: string, samples: readonly unknown[], depth = 0): unknown {
  const [first] = samples;
  if (depth > DEEPEST)
    throw new ArgumentError(
      `collate: a sample nested deeper than ${DEEPEST} makes no batch. Does it contain itself? Give the loader a collate of your own.`,
    );
  if (isTensor(first)) return stacked(where, all(where, samples, isTensor));
  if (isNumber(first)) return tensor([...all(where, samples, isNumber)]);
  if (isBoolean(first)) return tensor([...all(where, samples, isBoolean)], { dtype: 'bool' });
  if (isString(first)) return [...all(where, samples, isString)];
  if (isTypedArray(first))
    return stacked(
      where,
      all(where, samples, isTypedArray).map((sample) => tensor(sample)),
    );
  if (isArray(first)) {
    const lists = all(where, samples, isArray);
    if (lists.some(({ length }) => length !== first.length))
      throw new ArgumentError(
        `collate: ${where} has ${first.length} entries in one sample and another number in another. Give the loader a collate of your own.`,
      );
    return first.map((_, i) =>
      joined(
        `${where}[${i}]`,
        lists.map((list) => list[i]),
        depth + 1,
      ),
    );
  }
  if (isRecord(first)) {
    const records = all(where, samples, isRecord);
    const keys = Object.keys(first);
    const other = records.find((record) => !sameKeys(keys, record));
    if (other !== undefined)
      throw new ArgumentError(
        `collate: ${where} has the keys ${described(keys)} in one sample and ${described(Object.keys(other))} in another. Give the loader a collate of your own.`,
      );
    return Object.fromEntries(
      keys.map((key) => [
        key,
        joined(
          `${where}.${key}`,
          records.map((record) => record[key]),
          depth + 1,
        ),
      ]),
    );
  }
  throw new ArgumentError(
    `collate: ${where} is ${kindOf(first)}, which has no batch. Wants tensors, typed arrays, numbers, booleans, strings, or arrays and records of these; or give the loader a collate of your own.`,
  );
}

/**
 * Samples as one batch, after `torch.utils.data.default_collate`: tensors and typed arrays are stacked, numbers become a
 * float32 tensor, booleans a bool one, strings an array; arrays and records are collated place by place.
 *
 * @throws ShapeError for tensors of several shapes; ArgumentError for samples that differ in structure,
 * are nested deeper than 64, or have no batch
 * @example
 * collate([{ x: ones([3]), y: 0 }, { x: zeros([3]), y: 1 }]); // { x: a tensor [2, 3], y: a tensor [2] }
 */
export function collate<T>(samples: readonly T[]): Collated<T> {
  if (!Array.isArray(samples) || samples.length === 0)
    throw new ArgumentError(`collate: wants an array of one sample at least, got ${described(samples)}.`);
  // The structure is followed at run time as `Collated` follows it in types, which TypeScript cannot see.
  return joined('the sample', samples) as Collated<T>;
}
