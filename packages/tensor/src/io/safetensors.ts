import { checkTensor, optionsOf } from '../arguments.js';
import type { DType } from '../dtype.js';
import { ArgumentError, described, FormatError } from '../errors.js';
import { Layout } from '../layout.js';
import { isJSONObject } from '../record.js';
import { Storage } from '../storage.js';
import { Tensor } from '../tensor.js';
import { bytesFrom, bytesOf, countOf, decode, dtypeIn, encode, type FileDType } from './elements.js';

const fileDTypes: Readonly<Record<string, FileDType>> = {
  BOOL: 'bool',
  U8: 'uint8',
  I8: 'int8',
  U16: 'uint16',
  I16: 'int16',
  U32: 'uint32',
  I32: 'int32',
  U64: 'uint64',
  I64: 'int64',
  F16: 'float16',
  BF16: 'bfloat16',
  F32: 'float32',
  F64: 'float64',
};

const names = new Map(Object.entries(fileDTypes).map(([name, type]) => [type, name]));

/** The key of the header under which free text is kept. */
const METADATA = '__metadata__';

/** Bytes of the header that the reference implementation accepts. */
const LARGEST_HEADER = 100_000_000;

/** Where one tensor lies in the file. */
interface Entry {
  readonly name: string;
  readonly type: FileDType;
  readonly shape: readonly number[];
  readonly count: number;
  readonly begin: number;
  readonly end: number;
}

interface Header {
  readonly entries: readonly Entry[];
  readonly metadata: Record<string, string>;
  readonly body: Uint8Array;
}

/** A record without a prototype, so that no key of a file means anything but itself. */
const emptyRecord = <T>(): Record<string, T> => Object.create(null) as Record<string, T>;

/** Throws where an object of a (valid) JSON text names a key twice: parsers would silently keep one of the two. */
function rejectDuplicates(text: string): void {
  const open: (Set<string> | null)[] = [];
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '{') open.push(new Set());
    else if (char === '[') open.push(null);
    else if (char === '}' || char === ']') open.pop();
    if (char !== '"') continue;
    const start = at++;
    while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
    let next = at + 1;
    while (' \t\r\n'.includes(text[next] ?? '.')) next++;
    if (text[next] !== ':') continue;
    const key = JSON.parse(text.slice(start, at + 1)) as string;
    const keys = open[open.length - 1];
    if (keys?.has(key)) throw new FormatError(`safetensors: the header names ${JSON.stringify(key)} twice.`);
    keys?.add(key);
  }
}

function parseHeader(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    header = JSON.parse(text);
  } catch (cause) {
    throw new FormatError('safetensors: the header is not JSON in UTF-8.', { cause });
  }
  if (!isJSONObject(header)) throw new FormatError('safetensors: the header is not a JSON object.');
  rejectDuplicates(text);
  return header;
}

function parseEntry(name: string, value: unknown, size: number): Entry {
  const where = `safetensors: tensor ${JSON.stringify(name)}`;
  if (!isJSONObject(value)) throw new FormatError(`${where}: wants an object with dtype, shape and data_offsets.`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string' || !Object.hasOwn(fileDTypes, dtype))
    throw new FormatError(
      `${where}: dtype ${typeof dtype === 'string' ? dtype : described(dtype)} is not supported. Known: ${Object.keys(fileDTypes).join(', ')}.`,
    );
  const type = fileDTypes[dtype]!;
  const count = Array.isArray(shape) ? countOf(shape) : null;
  if (count === null) throw new FormatError(`${where}: the shape is not a list of sizes, 64 at most.`);
  const isOffset = (at: unknown): at is number => typeof at === 'number' && Number.isSafeInteger(at) && at >= 0;
  const [begin, end] = (Array.isArray(offsets) && offsets.length === 2 ? offsets : []) as unknown[];
  if (!isOffset(begin) || !isOffset(end) || begin > end)
    throw new FormatError(`${where}: data_offsets are not [begin, end].`);
  if (end > size) throw new FormatError(`${where}: ends at byte ${end} of ${size} bytes of data.`);
  if (end - begin !== count * bytesOf(type))
    throw new FormatError(
      `${where}: ${end - begin} bytes for ${count} elements of ${dtype}, wanted ${count * bytesOf(type)}.`,
    );
  return { name, type, shape: shape as number[], count, begin, end };
}

function readHeader(operation: string, source: Uint8Array | ArrayBuffer): Header {
  const bytes = bytesFrom(operation, source);
  if (bytes.length < 8)
    throw new FormatError(`safetensors: ${bytes.length} bytes are too few for the header's length.`);
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (length > bytes.length - 8 || length > LARGEST_HEADER)
    throw new FormatError(`safetensors: a header of ${length} bytes in a file of ${bytes.length}.`);
  const start = 8 + Number(length);
  const header = parseHeader(bytes.slice(8, start));
  const body = bytes.subarray(start);
  const metadata = emptyRecord<string>();
  const entries: Entry[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name !== METADATA) {
      entries.push(parseEntry(name, value, body.length));
      continue;
    }
    if (!isJSONObject(value)) throw new FormatError('safetensors: the metadata is not an object.');
    for (const [key, text] of Object.entries(value)) {
      if (typeof text !== 'string') throw new FormatError(`safetensors: metadata ${JSON.stringify(key)} is not text.`);
      metadata[key] = text;
    }
  }
  let at = 0;
  for (const { name, begin, end } of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== at)
      throw new FormatError(
        `safetensors: tensor ${JSON.stringify(name)} begins at byte ${begin}, ${begin < at ? 'inside' : 'after a gap behind'} the one that ends at ${at}.`,
      );
    at = end;
  }
  if (at !== body.length) throw new FormatError(`safetensors: ${body.length - at} bytes of data belong to no tensor.`);
  return { entries, metadata, body };
}

/**
 * The tensors of a safetensors file by name, copied out of it. I64, U64 and U32 become int32 where every element fits.
 *
 * @throws FormatError, saying where and what, for anything that is not a complete file of this format
 */
export function readSafetensors(bytes: Uint8Array | ArrayBuffer): Record<string, Tensor> {
  const { entries, body } = readHeader('readSafetensors', bytes);
  const tensors = emptyRecord<Tensor>();
  for (const { name, type, shape, count, begin, end } of entries) {
    const array = decode(`safetensors: tensor ${JSON.stringify(name)}`, type, body.subarray(begin, end));
    tensors[name] = new Tensor(new Storage<DType>(dtypeIn(type), count, array), new Layout(shape));
  }
  return tensors;
}

/** The free text of a safetensors file by key; empty where there is none. Throws as `readSafetensors`. */
export const readSafetensorsMetadata = (bytes: Uint8Array | ArrayBuffer): Record<string, string> =>
  readHeader('readSafetensorsMetadata', bytes).metadata;

/** Options of `writeSafetensors`. */
export interface WriteSafetensorsOptions {
  /** Free text by key. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** The bytes of a safetensors file with these tensors. Wide dtypes come first, so that all data are aligned. */
export function writeSafetensors(
  tensors: Readonly<Record<string, Tensor>>,
  options: WriteSafetensorsOptions = {},
): Uint8Array<ArrayBuffer> {
  const { metadata } = optionsOf('writeSafetensors', options, ['metadata']);
  if (!isJSONObject(tensors))
    throw new ArgumentError(`writeSafetensors: wants a record of tensors by name, got ${described(tensors)}.`);
  for (const [name, x] of Object.entries(tensors)) checkTensor('writeSafetensors', JSON.stringify(name), x);
  const header = emptyRecord<unknown>();
  if (metadata !== undefined) {
    if (!isJSONObject(metadata))
      throw new ArgumentError(`writeSafetensors: metadata is a record of texts, got ${described(metadata)}.`);
    for (const [key, text] of Object.entries(metadata))
      if (typeof text !== 'string') throw new ArgumentError(`writeSafetensors: metadata '${key}' is not a string.`);
    header[METADATA] = metadata;
  }
  const sorted = Object.entries(tensors).toSorted(
    ([a, x], [b, y]) => bytesOf(y.dtype) - bytesOf(x.dtype) || (a < b ? -1 : a > b ? 1 : 0),
  );
  let size = 0;
  for (const [name, x] of sorted) {
    if (name === METADATA) throw new ArgumentError(`writeSafetensors: no tensor may be called '${METADATA}'.`);
    const begin = size;
    size += x.numel * bytesOf(x.dtype);
    header[name] = { dtype: names.get(x.dtype), shape: x.shape, data_offsets: [begin, size] };
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const start = 8 + Math.ceil(text.length / 8) * 8;
  const file = new Uint8Array(start + size);
  new DataView(file.buffer).setBigUint64(0, BigInt(start - 8), true);
  file.fill(0x20, 8, start);
  file.set(text, 8);
  let at = start;
  for (const [, x] of sorted) {
    const bytes = encode(x);
    file.set(bytes, at);
    at += bytes.length;
  }
  return file;
}
