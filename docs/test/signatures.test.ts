import { Signatures, type Calls } from '../signatures.js';

jest.setTimeout(60_000);

const entry = 'docs/test/signatures.ts';
let signatures: Signatures;
beforeAll(() => (signatures = new Signatures([entry])));

const texts = (calls: Calls, name: string): string[] => calls.get(name)!.map(({ text }) => text);
const call = (name: string) => signatures.functions(entry).get(name)![0]!;

it('writes options as an object with their names, and marks what may be left out', () =>
  expect(call('sum')).toEqual({ text: 'sum(x, dim?, { keepdim, dtype })', isPlain: false, hasOptional: true }));

it('takes arguments that stand by themselves for plain ones, a list of anything but numbers among them', () => {
  expect(call('add')).toEqual({ text: 'add(a, b)', isPlain: true, hasOptional: false });
  expect(call('cat')).toEqual({ text: 'cat(tensors, dim?)', isPlain: true, hasOptional: true });
  expect(call('stack')).toEqual({ text: 'stack(...tensors)', isPlain: true, hasOptional: false });
});

it('shows sizes as a list, which Python also takes one by one', () =>
  expect(call('reshape')).toEqual({ text: 'reshape(x, [...shape])', isPlain: false, hasOptional: false }));

it('joins forms of which one begins the other, and leaves others apart', () => {
  expect(texts(signatures.functions(entry), 'range')).toEqual([
    'range(end, { keepdim, dtype })',
    'range(start, end, step?, { keepdim, dtype })',
  ]);
  expect(texts(signatures.methods(entry, 'Layer'), 'max')).toEqual(['max(dim?, { keepdim, dtype })']);
});

it('leaves out options that are refused, and what stands behind the options', () =>
  expect(texts(signatures.classes(entry), 'Layer')).toEqual(['Layer(size, { keepdim })']));
