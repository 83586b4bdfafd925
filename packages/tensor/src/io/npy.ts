import { checkTensor } from '../arguments.js';
import type { DType } from '../dtype.js';
import { DTypeError, FormatError } from '../errors.js';
import { Layout } from '../layout.js';
import { Storage } from '../storage.js';
import { Tensor } from '../tensor.js';
import { bytesFrom, bytesOf, countOf, decode, dtypeIn, encode, type FileDType } from './elements.js';

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/** NumPy's codes, without the byte order. */
const codes: Readonly<Record<string, FileDType>> = {
  b1: 'bool',
  u1: 'uint8',
  i1: 'int8',
  u2: 'uint16',
  i2: 'int16',
  u4: 'uint32',
  i4: 'int32',
  u8: 'uint64',
  i8: 'int64',
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
};

interface Header {
  readonly descr: string;
  readonly fortran: boolean;
  readonly shape: readonly number[];
}

const KEYS = ['descr', 'fortran_order', 'shape'];

/** The three entries of the Python dict that a header is; nothing else may stand in it. */
function parseHeader(text: string): Header {
  const body = /^\s*\{([^]*)\}\s*$/.exec(text)?.[1];
  if (body === undefined) throw new FormatError('npy: the header is not a Python dict.');
  const entry = /\s*(['"])(\w+)\1\s*:\s*(?:(['"])([^'"\\]*)\3|(True|False)|\(([\d\s,L]*)\))\s*(,|$)/y;
  const found = new Map<string, string | boolean | readonly number[]>();
  let at = 0;
  while (body.slice(at).trim() !== '') {
    entry.lastIndex = at;
    const match = entry.exec(body);
    if (!match) throw new FormatError(`npy: the header cannot be read at ${JSON.stringify(body.slice(at, at + 40))}.`);
    const [all, , key, , word, flag, tuple] = match;
    if (!KEYS.includes(key!)) throw new FormatError(`npy: the header has an unknown entry '${key}'.`);
    if (found.has(key!)) throw new FormatError(`npy: the header names '${key}' twice.`);
    found.set(key!, word ?? (flag === undefined ? sizes(tuple!) : flag === 'True'));
    at += all.length;
  }
  const descr = found.get('descr');
  const fortran = found.get('fortran_order');
  const shape = found.get('shape');
  if (typeof descr !== 'string' || typeof fortran !== 'boolean' || typeof shape !== 'object' || found.size !== 3)
    throw new FormatError(
      `npy: the header wants descr, fortran_order and shape, got ${[...found.keys()].join(', ')}. Structured dtypes are not supported.`,
    );
  return { descr, fortran, shape };
}

function sizes(tuple: string): number[] {
  const parts = tuple.split(',').map((part) => part.trim());
  if (parts[parts.length - 1] === '') parts.pop();
  return parts.map((part) => {
    // Python 2 wrote long integers with an L.
    const digits = /^(\d+)L?$/.exec(part)?.[1];
    if (digits === undefined) throw new FormatError(`npy: '${part}' is not a size.`);
    return Number(digits);
  });
}

/**
 * The tensor in a .npy file (versions 1 to 3), copied out of it, in row-major order. Integers of 64 bits and uint32
 * become int32 where every element fits.
 *
 * @throws FormatError, saying where and what, for anything that is not a complete file of this format
 */
export function readNpy(source: Uint8Array | ArrayBuffer): Tensor {
  const bytes = bytesFrom('readNpy', source);
  if (bytes.length < 10 || MAGIC.some((byte, i) => bytes[i] !== byte))
    throw new FormatError('npy: this is not a .npy file.');
  const version = bytes[6]!;
  if (version < 1 || version > 3) throw new FormatError(`npy: version ${version}.${bytes[7]!} is not known.`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const first = version === 1 ? 10 : 12;
  if (bytes.length < first) throw new FormatError('npy: the file ends in the length of its header.');
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const start = first + length;
  if (start > bytes.length) throw new FormatError(`npy: a header of ${length} bytes in a file of ${bytes.length}.`);
  let text: string;
  try {
    text = new TextDecoder(version === 3 ? 'utf-8' : 'latin1', { fatal: true }).decode(bytes.slice(first, start));
  } catch (cause) {
    throw new FormatError('npy: the header is not text.', { cause });
  }
  const { descr, fortran, shape } = parseHeader(text);
  const type = Object.hasOwn(codes, descr.slice(1)) ? codes[descr.slice(1)]! : null;
  const order = descr[0]!;
  if (type === null || !'<>|='.includes(order) || (order === '|' && bytesOf(type) > 1))
    throw new FormatError(`npy: dtype '${descr}' is not supported.`);
  const count = countOf(shape);
  const data = bytes.subarray(start);
  if (count === null || data.length !== count * bytesOf(type))
    throw new FormatError(`npy: ${data.length} bytes of data for shape (${shape.join(', ')}) of '${descr}'.`);
  const array = decode('npy', type, data, order === '>');
  const storage = new Storage<DType>(dtypeIn(type), count, array);
  if (!fortran) return new Tensor(storage, new Layout(shape));
  return new Tensor(storage, new Layout(shape.toReversed())).T.contiguous();
}

/** The bytes of a .npy file (version 1) with this tensor. Throws DTypeError for bfloat16, which NumPy does not have. */
export function writeNpy(x: Tensor): Uint8Array<ArrayBuffer> {
  checkTensor('writeNpy', 'its argument', x);
  const code = Object.keys(codes).find((key) => codes[key] === x.dtype);
  if (code === undefined) throw new DTypeError(`writeNpy: NumPy has no ${x.dtype}. Convert it with to('float32').`);
  const descr = `${bytesOf(x.dtype) === 1 ? '|' : '<'}${code}`;
  const shape = `(${x.shape.join(', ')}${x.ndim === 1 ? ',' : ''})`;
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`;
  // NumPy aligns the data to 64 bytes and ends the header with a line feed.
  const start = Math.ceil((10 + header.length + 1) / 64) * 64;
  const data = encode(x);
  const file = new Uint8Array(start + data.length);
  file.set([...MAGIC, 1, 0]);
  new DataView(file.buffer).setUint16(8, start - 10, true);
  file.fill(0x20, 10, start);
  file.set(new TextEncoder().encode(header), 10);
  file[start - 1] = 0x0a;
  file.set(data, start);
  return file;
}
