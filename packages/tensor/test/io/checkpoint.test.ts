import fc from 'fast-check';
import { ArgumentError, FormatError, ones, randn, tensor, type Tensor } from '@q/tensor';
import {
  readCheckpoint,
  readSafetensors,
  readSafetensorsMetadata,
  writeCheckpoint,
  writeSafetensors,
} from '@q/tensor/io';

const leaf = fc.oneof(fc.double(), fc.integer(), fc.string(), fc.boolean(), fc.constant(null));
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('$tensor', '$number', '$$', '__proto__', 'a.b')), tie('tree'), {
      maxKeys: 4,
      noNullPrototype: true,
    }),
  ),
}));

describe('checkpoints', () => {
  it('bring back records of numbers, texts and lists as they were', () =>
    fc.assert(fc.property(tree, (value) => expect(readCheckpoint(writeCheckpoint({ value }))).toEqual({ value }))));

  it('bring back tensors of every dtype, a shared one once', () => {
    const shared = randn([3, 2]);
    const bytes = writeCheckpoint({
      model: { 'fc.weight': shared, fc: { weight: tensor([1, 2], { dtype: 'int8' }) } },
      list: [shared, ones([2]).to('bfloat16'), null],
      step: 7,
      absent: undefined,
    });
    const again = readCheckpoint<{ model: Record<string, Tensor>; list: [Tensor, Tensor, null]; step: number }>(bytes);
    expect(again.list[0]).toBe(again.model['fc.weight']);
    expect(again.list[0].toArray()).toEqual(shared.toArray());
    expect(again.list[1].dtype).toBe('bfloat16');
    expect([again.step, 'absent' in again]).toEqual([7, false]);
    expect(Object.keys(readSafetensors(bytes)).sort()).toEqual(['list.1', 'model.fc.weight', 'model.fc.weight#2']);
  });

  it('refuse what has no place in a file, and say where it is', () => {
    const circle: Record<string, unknown> = {};
    circle.next = { circle };
    for (const [value, message] of [
      [{ a: [1, () => 1] }, /'a.1' must be a tensor.*got a function/],
      [{ when: new Date(0) }, /'when' must be a tensor/],
      [circle, /contains itself/],
    ] as const) {
      expect(() => writeCheckpoint(value)).toThrow(ArgumentError);
      expect(() => writeCheckpoint(value)).toThrow(message);
    }
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ['of another format', { format: 'onnx' }, /no checkpoint of version 1 but 'onnx'/],
    ['of another version', { version: '2' }, /version 2/],
    ['without values', { value: '' }, /not JSON/],
    ['that hold no record', { value: '3' }, /no record/],
    ['that name a tensor they lack', { value: '{"a":{"$tensor":"b"}}' }, /no tensor "b"/],
    ['that name a tensor by a number', { value: '{"a":{"$tensor":1}}' }, /no tensor 1/],
    ['with a number that is none', { value: '{"a":{"$number":"7"}}' }, /"7" is no number/],
    ['with a mark nobody knows', { value: '{"a":{"$date":"7"}}' }, /unknown mark '\$date'/],
    ['deeper than any record', { value: `${'['.repeat(20_000)}${']'.repeat(20_000)}` }, /levels deep/],
  ])('refuse files %s', (_kind, change, message) => {
    const bytes = writeCheckpoint({ a: ones([1]) });
    const changed = writeSafetensors(readSafetensors(bytes), {
      metadata: { ...readSafetensorsMetadata(bytes), ...change },
    });
    expect(() => readCheckpoint(changed)).toThrow(FormatError);
    expect(() => readCheckpoint(changed)).toThrow(message);
  });
});
