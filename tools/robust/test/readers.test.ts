import fc from 'fast-check';
import { FormatError, QError, tensor } from '@q/tensor';
import { readNpy, readSafetensors, readSafetensorsMetadata, writeNpy, writeSafetensors } from '@q/tensor/io';
import { Linear } from '@q/nn';
import { affine, MinMaxEncodingAnalyzer, PercentileEncodingAnalyzer, SqnrEncodingAnalyzer } from '@q/quant';
import { runs } from '../scale.js';

const files: Readonly<Record<string, Uint8Array>> = {
  safetensors: writeSafetensors(
    { a: tensor([[1, 2, 3]]), 'b.weight': tensor([1, 2], { dtype: 'int8' }), c: tensor(1, { dtype: 'float16' }) },
    { metadata: { format: 'pt', __proto__x: 'y' } },
  ),
  npy: writeNpy(
    tensor(
      [
        [1, 2],
        [3, 4],
      ],
      { dtype: 'int32' },
    ),
  ),
};

/** Bytes a reader may hold beyond what the file's size explains: tables, buffers, what the collector has not taken yet. */
const SLACK = 64 * 1024 * 1024;

const edit = fc.record({
  kind: fc.constantFrom('set', 'insert', 'remove', 'cut', 'copy'),
  at: fc.nat(),
  length: fc.integer({ min: 1, max: 24 }),
  bytes: fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 8 }),
    fc
      .constantFrom(
        '-1',
        '1e308',
        '9007199254740993',
        '18446744073709551615',
        '"__proto__"',
        '[',
        '{}',
        'null',
        '"I64"',
        '"BF16"',
        ',',
        "'<i8'",
        '(1,)',
        'True',
      )
      .map((text) => new TextEncoder().encode(text)),
  ),
});

/** A file with parts changed, inserted, removed, repeated or cut off. */
function mutated(
  file: Uint8Array,
  edits: readonly { kind: string; at: number; length: number; bytes: Uint8Array }[],
): Uint8Array {
  let bytes = Array.from(file);
  for (const { kind, at, length, bytes: patch } of edits) {
    const start = at % (bytes.length + 1);
    if (kind === 'set') bytes.splice(start, patch.length, ...patch);
    else if (kind === 'insert') bytes.splice(start, 0, ...patch);
    else if (kind === 'remove') bytes.splice(start, length);
    else if (kind === 'copy') bytes.splice(start, 0, ...bytes.slice(start, start + length));
    else bytes = bytes.slice(0, start);
  }
  return Uint8Array.from(bytes);
}

/** Runs `read`; what it throws must be a typed error. Tells whether it read something. */
function reads(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch (error) {
    if (!(error instanceof QError)) throw error;
    return false;
  }
}

describe.each([
  ['safetensors', [readSafetensors, readSafetensorsMetadata]],
  ['npy', [readNpy]],
] as const)('mutated %s files', (name, readers) => {
  it('are read or refused by a typed error, in memory that the file explains', () => {
    const before = process.memoryUsage();
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        const bytes = mutated(files[name]!, edits);
        for (const read of readers) reads(() => read(bytes));
      }),
      { numRuns: runs(2_000, 50_000) },
    );
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(SLACK);
  });

  it('refuses every file that is cut off', () => {
    const file = files[name]!;
    for (let length = 0; length < file.length; length++)
      for (const read of readers) expect(() => read(file.slice(0, length))).toThrow(FormatError);
  });
});

const analyzers = [
  new MinMaxEncodingAnalyzer([2, 1]),
  new PercentileEncodingAnalyzer([2, 1], { numBins: 8 }),
  new SqnrEncodingAnalyzer([2, 1], { numBins: 8 }),
];

it.each(analyzers.map((analyzer) => [analyzer.constructor.name, analyzer] as const))(
  'mutated JSON of %s is read or refused by a typed error',
  (_name, analyzer) => {
    analyzer.updateStats(
      tensor([
        [1, 2, 3],
        [-4, 0, 9],
      ]),
    );
    const { fromJSON } = analyzer.constructor as unknown as { fromJSON: (json: unknown) => unknown };
    const bytes = new TextEncoder().encode(JSON.stringify(analyzer));
    let valid = 0;
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 2 }), (edits) => {
        let json: unknown;
        try {
          json = JSON.parse(new TextDecoder().decode(mutated(bytes, edits)));
        } catch {
          return;
        }
        valid++;
        reads(() => fromJSON.call(analyzer.constructor, json));
      }),
      { numRuns: runs(1_000, 20_000) },
    );
    expect(valid).toBeGreaterThan(20);
  },
);

describe('names that mean something to JavaScript', () => {
  const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '__proto__.polluted'];
  const pure = () => {
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
    expect(Object.keys(Object.prototype)).toEqual([]);
  };
  afterEach(pure);

  it.each(names)('%s is an ordinary name of a tensor in a file', (name) => {
    const record = Object.defineProperty({}, name, { value: tensor([7]), enumerable: true });
    const back = readSafetensors(writeSafetensors(record as Record<string, ReturnType<typeof tensor>>));
    expect(Object.keys(back)).toEqual([name]);
    expect(back[name]!.item()).toBe(7);
  });

  it.each(names)('%s in a state dict changes no module', (name) => {
    const model = new Linear(1, 1);
    const state = JSON.parse(`{ ${JSON.stringify(name)}: 1 }`) as Record<string, never>;
    const before = model.weight.item();
    expect(() => model.loadStateDict(state)).toThrow(QError);
    expect(reads(() => model.loadStateDict(state, { strict: false }))).toBeDefined();
    expect(model.weight.item()).toBe(before);
    expect(Object.getPrototypeOf(model)).toBe(Linear.prototype);
  });

  it.each(names)('%s in the JSON of statistics or encodings is refused or ignored', (name) => {
    const json = JSON.parse(
      `{ ${JSON.stringify(name)}: { "polluted": true }, "type": "MinMaxEncodingAnalyzer" }`,
    ) as unknown;
    expect(() => MinMaxEncodingAnalyzer.fromJSON(json)).toThrow(QError);
    const quantizer = new affine.QuantizeDequantize({ shape: [], bitwidth: 8, symmetric: false });
    expect(() => quantizer.setLegacyEncodings([json] as never)).toThrow(QError);
    expect(quantizer.isInitialized()).toBe(false);
  });
});
