/** The golden files: reading them, and the tensors in them. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { tensor, type DType, type Tensor } from '@q/tensor';

/** A number as the files write it; null stands for "not checked" in integer tensors. */
export type Scalar = number | 'NaN' | 'Infinity' | '-Infinity' | null;

/** A tensor as the files write it, row-major. */
export interface TensorRecord {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly data: readonly Scalar[];
}

/** Any object of the files whose fields are checked where they are used. */
export type Fields = Readonly<Record<string, unknown>>;

/** One parity file. */
export interface GoldenFile {
  readonly topic: string;
  readonly cases: readonly Fields[];
  /** Everything else the file says (`rows`, `note`, ...). */
  readonly fields: Fields;
}

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A field of a record, or an entry of a list, that must be there. */
export function field<T>(from: readonly T[] | Readonly<Record<string, T>>, key: string | number): T {
  const found = (from as Readonly<Record<string | number, T>>)[key];
  if (found !== undefined) return found;
  const known = Array.isArray(from) ? `a list of ${from.length}` : `{ ${Object.keys(from).join(', ')} }`;
  throw new Error(`malformed golden file: no '${key}' in ${known}`);
}

/** Fields of a record that must all be there, by name. */
export const mustHave = <T, Name extends string>(
  from: Readonly<Record<string, T>>,
  ...names: readonly Name[]
): Readonly<Record<Name, T>> =>
  Object.fromEntries(names.map((name) => [name, field(from, name)])) as Readonly<Record<Name, T>>;

export const isTensorRecord = (value: unknown): value is TensorRecord =>
  isFields(value) && Array.isArray(value.shape) && Array.isArray(value.data) && typeof value.dtype === 'string';

/** Reads a `.json` or `.json.gz` file; null where the content is not a golden file. */
export function readGoldenFile(path: string): GoldenFile | null {
  const bytes = readFileSync(path);
  const fields: unknown = JSON.parse((path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8'));
  if (!isFields(fields) || typeof fields.topic !== 'string') return null;
  const rows = fields.cases ?? fields.rows;
  if (!Array.isArray(rows)) return null;
  const cases: unknown[] = Array.isArray(fields.cases) ? fields.cases : [];
  return { topic: fields.topic, cases: cases.filter(isFields), fields };
}

const dtypeNames: Readonly<Record<string, DType>> = {
  float32: 'float32',
  float: 'float32',
  float64: 'float64',
  double: 'float64',
  float16: 'float16',
  half: 'float16',
  bfloat16: 'bfloat16',
  int8: 'int8',
  uint8: 'uint8',
  int16: 'int16',
  short: 'int16',
  int32: 'int32',
  int: 'int32',
  // There is no int64 here: index and count results are int32.
  int64: 'int32',
  long: 'int32',
  bool: 'bool',
};

/** The dtype for a torch dtype name, with or without the `torch.` prefix; null for other names. */
export const dtypeOf = (name: string): DType | null => dtypeNames[name.replace(/^torch\./, '')] ?? null;

/** The number that a scalar of the files stands for. */
export const numberFrom = (scalar: Scalar): number => (scalar === null ? NaN : Number(scalar));

/** Builds a tensor from its record; int64 becomes int32. */
export function tensorFrom(record: TensorRecord, options: { requiresGrad?: boolean } = {}): Tensor {
  const dtype = dtypeOf(record.dtype);
  if (dtype === null) throw new Error(`unknown dtype in a golden file: ${record.dtype}`);
  return tensor(record.data.map(numberFrom), { shape: [...record.shape], dtype, ...options });
}
