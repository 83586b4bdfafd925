import fc from 'fast-check';
import { arange, ArgumentError, FormatError, ones, randn, tensor, zeros, type DType, type Tensor } from '@q/tensor';
import { readSafetensors, readSafetensorsMetadata, writeSafetensors } from '@q/tensor/io';

/** A file of a header and a body, whatever they are. */
function file(header: unknown, body: Uint8Array | number = 0): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const data = typeof body === 'number' ? new Uint8Array(body) : body;
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

const entry = (dtype: string, shape: unknown, begin: unknown, end: unknown) => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

const everyDType: Record<string, Tensor> = Object.fromEntries(
  (['float64', 'float32', 'float16', 'bfloat16', 'int32', 'int16', 'uint16', 'int8', 'uint8', 'bool'] as DType[]).map(
    (dtype) => [
      dtype,
      tensor(
        [
          [0, 1, 2],
          [100, 0.5, 1],
        ],
        { dtype },
      ),
    ],
  ),
);

describe('safetensors', () => {
  it('returns every dtype, shape and name as it was written', () => {
    const tensors: Record<string, Tensor> = {
      ...everyDType,
      scalar: tensor(3),
      empty: zeros([0, 4]),
      'a name, "quoted" \\ with ümlaut {': ones([1]),
      transposed: arange(6).reshape([2, 3]).T,
    };
    const read = readSafetensors(writeSafetensors(tensors, { metadata: { format: 'pt' } }));
    expect(Object.keys(read).toSorted()).toEqual(Object.keys(tensors).toSorted());
    for (const [name, x] of Object.entries(tensors)) {
      expect(read[name]!.dtype).toBe(x.dtype);
      expect(read[name]!.shape).toEqual(x.shape);
      expect(read[name]!.toArray()).toEqual(x.toArray());
    }
  });

  it('keeps the bits of NaN and negative zero', () => {
    const read = readSafetensors(writeSafetensors({ x: tensor([NaN, -0, Infinity]) })).x!;
    expect(read.data).toEqual(Float32Array.of(NaN, -0, Infinity));
  });

  it('aligns the data of every tensor', () => {
    const bytes = writeSafetensors({ a: tensor([true]), b: randn([3]), c: randn([1], { dtype: 'float64' }) });
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Record<
      string,
      { data_offsets: number[] }
    >;
    expect([header.c!.data_offsets[0], header.b!.data_offsets[0], header.a!.data_offsets[0]]).toEqual([0, 8, 20]);
  });

  it('has metadata apart from the tensors', () => {
    const bytes = writeSafetensors({ x: ones([1]) }, { metadata: { format: 'pt', __proto__x: 'y' } });
    expect({ ...readSafetensorsMetadata(bytes) }).toEqual({ format: 'pt', __proto__x: 'y' });
    expect(Object.keys(readSafetensors(bytes))).toEqual(['x']);
    expect(() => writeSafetensors({ __metadata__: ones([1]) })).toThrow(ArgumentError);
  });

  it('does not hold on to the bytes it was given', () => {
    const bytes = writeSafetensors({ x: tensor([1, 2]) });
    const { x } = readSafetensors(bytes.buffer);
    bytes.fill(0);
    expect(x!.toArray()).toEqual([1, 2]);
  });

  it('reads 64 bit and unsigned integers into int32 where they fit', () => {
    const body = new Uint8Array(BigInt64Array.of(-5n, 2n ** 31n - 1n).buffer);
    const { x } = readSafetensors(file({ x: entry('I64', [2], 0, 16) }, body));
    expect(x!.dtype).toBe('int32');
    expect(x!.toArray()).toEqual([-5, 2 ** 31 - 1]);
    const large = new Uint8Array(BigInt64Array.of(1n, 2n ** 31n).buffer);
    expect(() => readSafetensors(file({ x: entry('I64', [2], 0, 16) }, large))).toThrow(/"x": element 1 is 2147483648/);
    expect(() => readSafetensors(file({ x: entry('U32', [1], 0, 4) }, Uint8Array.of(255, 255, 255, 255)))).toThrow(
      FormatError,
    );
  });

  it('treats names of Object.prototype as names', () => {
    const header =
      '{"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"constructor":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}';
    const read = readSafetensors(file(header, Uint8Array.of(7, 8)));
    expect(Object.keys(read)).toEqual(['__proto__', 'constructor']);
    expect(read['__proto__']!.item()).toBe(7);
    expect(Object.getPrototypeOf(read)).toBeNull();
    expect(({} as Record<string, unknown>).dtype).toBeUndefined();
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['an empty file', new Uint8Array(0), /0 bytes are too few/],
    [
      'a header longer than the file',
      Uint8Array.of(255, 0, 0, 0, 0, 0, 0, 0, 123),
      /a header of 255 bytes in a file of 9/,
    ],
    ['a header length of 2^64 - 1', new Uint8Array(20).fill(255), /a header of 18446744073709551615 bytes/],
    ['text that is no JSON', file('{"a":'), /not JSON/],
    ['bytes that are no UTF-8', file('{}').with(8, 255), /not JSON in UTF-8/],
    ['a header that is a list', file([]), /not a JSON object/],
    ['a duplicate name', file('{"a":1,"\\u0061":2}'), /names "a" twice/],
    [
      'a duplicate field',
      file('{"a":{"dtype":"U8","dtype":"F32","shape":[],"data_offsets":[0,1]}}', 1),
      /names "dtype" twice/,
    ],
    ['an unknown dtype', file({ x: entry('F8_E4M3', [1], 0, 1) }, 1), /dtype F8_E4M3 is not supported/],
    ['a dtype named like a method', file({ x: entry('toString', [1], 0, 1) }, 1), /dtype toString is not supported/],
    ['a negative size', file({ x: entry('U8', [-1], 0, 1) }, 1), /not a list of sizes/],
    ['more dims than a tensor has', file({ x: entry('U8', new Array(65).fill(1), 0, 1) }, 1), /not a list of sizes/],
    ['a size that overflows', file({ x: entry('F64', [2 ** 40, 2 ** 40], 0, 8) }, 8), /not a list of sizes/],
    ['a huge size', file({ x: entry('F32', [2 ** 40], 0, 8) }, 8), /8 bytes for 1099511627776 elements/],
    ['offsets behind the end', file({ x: entry('U8', [2], 0, 2) }, 1), /ends at byte 2 of 1/],
    ['offsets in the wrong order', file({ x: entry('U8', [0], 1, 0) }, 1), /not \[begin, end\]/],
    ['offsets that are no integers', file({ x: entry('U8', [1], 0.5, 1.5) }, 2), /not \[begin, end\]/],
    [
      'a shape that does not fit the bytes',
      file({ x: entry('F32', [3], 0, 8) }, 8),
      /8 bytes for 3 elements of F32, wanted 12/,
    ],
    [
      'tensors that overlap',
      file({ a: entry('U8', [2], 0, 2), b: entry('U8', [2], 1, 3) }, 3),
      /"b" begins at byte 1, inside/,
    ],
    ['a gap between tensors', file({ a: entry('U8', [1], 0, 1), b: entry('U8', [1], 2, 3) }, 3), /after a gap/],
    ['bytes that belong to nobody', file({ a: entry('U8', [1], 0, 1) }, 2), /1 bytes of data belong to no tensor/],
    ['metadata that is no text', file({ __metadata__: { a: 1 } }), /metadata "a" is not text/],
    ['an entry that is no object', file({ x: null }), /wants an object/],
  ])('rejects %s', (_, bytes, message) => {
    expect(() => readSafetensors(bytes)).toThrow(FormatError);
    expect(() => readSafetensors(bytes)).toThrow(message);
  });

  it('meets any damage with a FormatError or a valid result', () => {
    const good = writeSafetensors(everyDType, { metadata: { a: 'b' } });
    const damage = fc.record({
      edits: fc.array(
        fc.tuple(
          fc.nat(good.length - 1),
          fc.oneof(fc.nat(255), fc.constantFrom(...[...'{}[]",:019\\'].map((c) => c.charCodeAt(0)))),
        ),
        { maxLength: 4 },
      ),
      cut: fc.option(fc.nat(good.length)),
    });
    fc.assert(
      fc.property(damage, ({ edits, cut }) => {
        const bytes = good.slice(0, cut ?? good.length);
        for (const [at, value] of edits) if (at < bytes.length) bytes[at] = value;
        try {
          for (const x of Object.values(readSafetensors(bytes))) expect(x.data.length).toBe(x.numel);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
