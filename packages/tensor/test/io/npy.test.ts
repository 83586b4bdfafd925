import fc from 'fast-check';
import { arange, DTypeError, FormatError, tensor, zeros, type DType } from '@q/tensor';
import { readNpy, writeNpy } from '@q/tensor/io';

/** Files that NumPy wrote. */
const numpy = {
  float32:
    'k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDIpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAMA/AAAAwAAAQEAAAIBA',
  fortranBigEndian:
    'k05VTVBZAQB2AHsnZGVzY3InOiAnPmY4JywgJ2ZvcnRyYW5fb3JkZXInOiBUcnVlLCAnc2hhcGUnOiAoMiwgMyksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAAAAAEAIAAAAAAAAP/AAAAAAAABAEAAAAAAAAEAAAAAAAAAAQBQAAAAAAAA=',
  int64Version2:
    'k05VTVBZAgB0AAAAeydkZXNjcic6ICc8aTgnLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoMywpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoBAAAAAAAAAP7/////////AwAAAAAAAAA=',
  boolVersion3:
    'k05VTVBZAwB0AAAAeydkZXNjcic6ICd8YjEnLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoB',
  float16BigEndian:
    'k05VTVBZAQB2AHsnZGVzY3InOiAnPmYyJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDMsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAo+AHv/fAA=',
};

const bytesOf = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));

/** A version 1 file with this header. */
function file(header: string, size: number): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(10 + text.length + size);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, text.length & 255, text.length >> 8]);
  bytes.set(text, 10);
  return bytes;
}

const header = (descr: string, shape: string, order = 'False'): string =>
  `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${shape}, }`;

describe('npy', () => {
  it("reads NumPy's files: byte orders, column-major order, versions 1 to 3", () => {
    expect(readNpy(bytesOf(numpy.float32)).toArray()).toEqual([
      [1.5, -2],
      [3, 4],
    ]);
    const fortran = readNpy(bytesOf(numpy.fortranBigEndian));
    expect(fortran.toArray()).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
    expect(fortran.dtype).toBe('float64');
    expect(fortran.isContiguous).toBe(true);
    expect(readNpy(bytesOf(numpy.int64Version2)).toArray()).toEqual([1, -2, 3]);
    expect(readNpy(bytesOf(numpy.boolVersion3)).dtype).toBe('bool');
    expect(readNpy(bytesOf(numpy.float16BigEndian)).toArray()).toEqual([1.5, 65504, Infinity]);
  });

  it('writes what NumPy writes, byte for byte', () => {
    expect(
      writeNpy(
        tensor([
          [1.5, -2],
          [3, 4],
        ]),
      ),
    ).toEqual(bytesOf(numpy.float32));
  });

  it.each<DType>(['float64', 'float32', 'float16', 'int32', 'int16', 'uint16', 'int8', 'uint8', 'bool'])(
    'returns %s as it was written',
    (dtype) => {
      for (const x of [
        tensor(
          [
            [0, 1, 2],
            [100, 0.5, 1],
          ],
          { dtype },
        ),
        zeros([0, 2], { dtype }),
        tensor(1, { dtype }),
        arange(6).reshape([2, 3]).T.to(dtype),
      ]) {
        const read = readNpy(writeNpy(x));
        expect(read.dtype).toBe(dtype);
        expect(read.shape).toEqual(x.shape);
        expect(read.toArray()).toEqual(x.toArray());
      }
    },
  );

  it('says that NumPy has no bfloat16', () =>
    expect(() => writeNpy(tensor([1], { dtype: 'bfloat16' }))).toThrow(DTypeError));

  it.each<[string, Uint8Array, RegExp]>([
    ['another file', new TextEncoder().encode('PK and so on'), /not a \.npy file/],
    ['a truncated header', bytesOf(numpy.float32).slice(0, 60), /a header of 118 bytes in a file of 60/],
    ['truncated data', bytesOf(numpy.float32).slice(0, -1), /15 bytes of data for shape \(2, 2\)/],
    ['data behind the end', file(header("'<f4'", '(1,)'), 5), /5 bytes of data/],
    ['version 4', bytesOf(numpy.float32).with(6, 4), /version 4\.0 is not known/],
    ['structured dtypes', file(header("[('a', '<f4')]", '(1,)'), 4), /cannot be read at/],
    ['objects', file(header("'|O'", '(1,)'), 8), /dtype '\|O' is not supported/],
    ['an unknown byte order', file(header("'!f4'", '(1,)'), 4), /dtype '!f4' is not supported/],
    ['code instead of sizes', file(header("'<f4'", '(1+1,)'), 8), /cannot be read at/],
    ['a size that overflows', file(header("'<f4'", '(99999999999, 99999999999)'), 8), /8 bytes of data for shape/],
    ['a missing entry', file("{'descr': '<f4', 'shape': (1,)}", 4), /wants descr, fortran_order and shape/],
    ['a duplicate entry', file("{'descr': '<f4', 'descr': '<f8', 'shape': (1,)}", 4), /names 'descr' twice/],
    ['integers too large', file(header("'<u4'", '(1,)'), 4).fill(255, -4), /element 0 is 4294967295/],
  ])('rejects %s', (_, bytes, message) => {
    expect(() => readNpy(bytes)).toThrow(FormatError);
    expect(() => readNpy(bytes)).toThrow(message);
  });

  it('meets any damage with a FormatError or a valid result', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.values(numpy)),
        fc.array(
          fc.tuple(
            fc.nat(200),
            fc.oneof(fc.nat(255), fc.constantFrom(...[..."(),'{}:<>|19"].map((c) => c.charCodeAt(0)))),
          ),
          { maxLength: 4 },
        ),
        fc.option(fc.nat(200)),
        (base64, edits, cut) => {
          const bytes = bytesOf(base64).slice(0, cut ?? undefined);
          for (const [at, value] of edits) if (at < bytes.length) bytes[at] = value;
          try {
            const x = readNpy(bytes);
            expect(x.data.length).toBe(x.numel);
          } catch (error) {
            expect(error).toBeInstanceOf(FormatError);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});
