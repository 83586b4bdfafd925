import fc from 'fast-check';
import { FormatError, tensor, type Tensor } from '@q/tensor';
import { readNpy, readSafetensors, readSafetensorsMetadata, writeNpy, writeSafetensors } from '@q/tensor/io';
import { absurd, change, changed, edit, edited, jsonOf, names, put } from '../mutations.js';
import { integerFile, integerReader, textOf } from '../readers.js';
import { runs } from '../scale.js';
import { checkPure, reads } from '../watch.js';

const matrix = tensor(
  [
    [1, 2],
    [3, 4],
  ],
  { dtype: 'int32' },
);

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

const joined = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

/** Runs a property on files; the mutations of one format are 100,000 in the full suite. */
const check = <T>(share: number, files: fc.Arbitrary<T>, read: (file: T) => void): void =>
  fc.assert(
    fc.property(files, (file) => {
      read(file);
      checkPure();
    }),
    { numRuns: Math.ceil(runs(2_000, 100_000) * share) },
  );

const edits = fc.array(edit, { minLength: 1, maxLength: 4 });

describe('safetensors', () => {
  const file = writeSafetensors(
    { a: tensor([[1, 2, 3]]), 'b.weight': tensor([1, 2], { dtype: 'int8' }), c: tensor(1, { dtype: 'float16' }) },
    { metadata: { format: 'pt', text: 'y' } },
  );
  const length = Number(new DataView(file.buffer).getBigUint64(0, true));
  const header: unknown = JSON.parse(new TextDecoder().decode(file.slice(8, 8 + length)));
  const body = file.slice(8 + length);

  const withHeader = (text: string): Uint8Array => {
    const bytes = encode(text);
    const size = new Uint8Array(8);
    new DataView(size.buffer).setBigUint64(0, BigInt(bytes.length), true);
    return joined(size, bytes, body);
  };

  const sorted = (tensors: object): string => textOf(Object.entries(tensors).toSorted(([a], [b]) => (a < b ? -1 : 1)));

  /** Reads a file, and what was read again from a file of its own. */
  const read = (bytes: Uint8Array): void => {
    reads(bytes.length, () => readSafetensorsMetadata(bytes));
    reads(bytes.length, () => {
      const tensors = readSafetensors(bytes);
      expect(sorted(readSafetensors(writeSafetensors(tensors)))).toBe(sorted(tensors));
    });
  };

  it('with bytes changed is read or refused by a typed error, in memory that the file explains', () =>
    check(0.4, edits, (list) => read(edited(file, list))));

  it('with another header is read or refused by a typed error, in memory that the file explains', () =>
    check(0.4, fc.array(change, { minLength: 1, maxLength: 3 }), (list) =>
      read(withHeader(jsonOf(changed(header, list)))),
    ));

  it('of an integer model is read or refused by a typed error, and the model is as it was', () => {
    let reader = integerReader();
    let before = textOf(reader.state());
    check(0.2, edits, (list) => {
      const bytes = edited(integerFile, list);
      if (reads(bytes.length, () => reader.read(bytes))) {
        reads(bytes.length, () => reader.use());
        reader = integerReader();
        before = textOf(reader.state());
      } else expect(textOf(reader.state())).toBe(before);
    });
  });

  it.each(absurd)('that claims a size of %s is refused', (size) => {
    const claim = (shape: string, end: string): Uint8Array =>
      withHeader(`{"a":{"dtype":"F32","shape":[${shape}],"data_offsets":[0,${end}]}}`);
    for (const bytes of [claim(size, '12'), claim(`${size},${size}`, '12'), claim(size, size), claim('3', size)]) {
      expect(() => readSafetensors(bytes)).toThrow(FormatError);
      expect(reads(bytes.length, () => readSafetensors(bytes))).toBe(false);
    }
  });

  it('that is cut off anywhere is refused', () => {
    for (let end = 0; end < file.length; end++)
      for (const reader of [readSafetensors, readSafetensorsMetadata])
        expect(() => reader(file.slice(0, end))).toThrow(FormatError);
  });

  it.each(names)('may call a tensor or a text %s', (name) => {
    const tensors = put({}, name, tensor([7])) as Record<string, Tensor>;
    const metadata = put({}, name, 'polluted') as Record<string, string>;
    const bytes = writeSafetensors(tensors, { metadata });
    const back = readSafetensors(bytes);
    expect(Object.keys(back)).toEqual([name]);
    expect(back[name]!.item()).toBe(7);
    expect(Object.entries(readSafetensorsMetadata(bytes))).toEqual([[name, 'polluted']]);
    checkPure();
  });
});

describe('npy', () => {
  const file = writeNpy(matrix);
  const body = file.slice(file.length - 16);

  const withHeader = (version: number, text: string): Uint8Array => {
    const size = new Uint8Array(version === 1 ? 2 : 4);
    const view = new DataView(size.buffer);
    if (version === 1) view.setUint16(0, text.length, true);
    else view.setUint32(0, text.length, true);
    return joined(Uint8Array.of(0x93, ...encode('NUMPY'), version, 0), size, encode(text), body);
  };

  const read = (bytes: Uint8Array): boolean =>
    reads(bytes.length, () => {
      const x = readNpy(bytes);
      if (x.dtype !== 'bfloat16') expect(textOf(readNpy(writeNpy(x)))).toBe(textOf(x));
    });

  const size = fc.oneof(fc.constantFrom(...absurd, '', 'x', ' 2 ', '2L'), fc.nat({ max: 17 }).map(String));
  const shape = fc.array(size, { maxLength: 4 }).map((sizes) => `(${sizes.join()}${sizes.length === 1 ? ',' : ''})`);
  const types = ["'>i4'", "'|b1'", "'<f2'", "'<f8'", "'<u8'", "'=i4'", "'<V8'", "[('x','<i4')]", "''"];
  /** An entry: mostly as it should be. */
  const entry = (key: string, usual: string, others: fc.Arbitrary<string>): fc.Arbitrary<string> =>
    fc
      .oneof({ weight: 3, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: others })
      .map((value) => `'${key}': ${value}`);
  const headers = fc
    .tuple(
      entry('descr', "'<i4'", fc.constantFrom(...types)),
      entry('fortran_order', 'False', fc.constantFrom('True', 'None', '1', "'x'")),
      entry('shape', '(2, 2)', shape),
      fc.constantFrom('', '', '', "'__proto__': True", "'descr': '<i4'", '{', ')'),
    )
    .map((entries) => `{${entries.filter((text) => text !== '').join(', ')}, }\n`);

  it('with bytes changed is read or refused by a typed error, in memory that the file explains', () =>
    check(0.5, edits, (list) => void read(edited(file, list))));

  it('with another header is read or refused by a typed error, in memory that the file explains', () => {
    let count = 0;
    check(0.5, fc.tuple(fc.integer({ min: 1, max: 4 }), headers), ([version, text]) => {
      if (read(withHeader(version, text))) count++;
    });
    expect(count).toBeGreaterThan(0);
  });

  it.each(absurd)('that claims a size of %s is refused', (claimed) => {
    for (const shape of [`(${claimed},)`, `(${claimed}, ${claimed})`, `(4, ${claimed})`]) {
      const bytes = withHeader(1, `{'descr': '<i4', 'fortran_order': False, 'shape': ${shape}, }\n`);
      expect(() => readNpy(bytes)).toThrow(FormatError);
      expect(reads(bytes.length, () => readNpy(bytes))).toBe(false);
    }
  });

  it('that is cut off anywhere is refused', () => {
    for (let end = 0; end < file.length; end++) expect(() => readNpy(file.slice(0, end))).toThrow(FormatError);
  });

  it.each(names)('with an entry called %s is refused', (name) => {
    const bytes = withHeader(1, `{'descr': '<i4', 'fortran_order': False, 'shape': (2, 2), '${name}': True, }\n`);
    expect(() => readNpy(bytes)).toThrow(FormatError);
    checkPure();
  });
});
