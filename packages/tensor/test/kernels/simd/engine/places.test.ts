import { addressOf, byteStrides, lineOf } from '../../../../src/kernels/simd/engine/places.js';
import { kernelMemory } from '../../../../src/memory.js';
import { elements, viewOf } from '../views.js';

const memory = kernelMemory!;

const read = (at: number, count: number): number[] => [...memory.heap('float32').subarray(at / 4, at / 4 + count)];

describe('places of views in kernel memory', () => {
  beforeEach(() => memory.beginKernel());
  afterEach(() => memory.endKernel());

  it('are the address of the first element and strides in bytes', () => {
    const view = viewOf([2, 3, 4], { shift: 2 });
    const [first] = elements(viewOf([2, 3, 4], { shift: 2 }));
    expect(read(addressOf(memory, view), 1)).toEqual([first]);
    expect(byteStrides(view)).toEqual([48, 16, 4]);
    expect(byteStrides({ storage: view.storage, layout: view.layout.transpose(1, 2) })).toEqual([48, 4, 16]);
  });

  it.each([
    ['in order', {}],
    ['from an offset', { shift: 3 }],
    ['backwards', { flipped: true }],
    ['all one element', { broadcast: 0 }],
    ["in its owner's array", { exposed: true }],
  ])('give a vector as a line, whether it lies %s', (_how, how) => {
    const view = viewOf([7], how, false);
    const { array, base } = view.storage;
    const wanted = Array.from({ length: 7 }, (_, i) => array[base + view.layout.offset + i * view.layout.strides[0]!]);
    expect(read(lineOf(memory, view), 7)).toEqual(wanted);
  });
});
