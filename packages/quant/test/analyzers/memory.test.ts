import { manualSeed, randn, Tensor } from '@q/tensor';
import { kinds } from './kinds.js';

/** What is reachable from a value: objects and numbers in arrays, and tensors. */
function reachable(root: object): { readonly objects: number; readonly numbers: number; readonly tensors: Tensor[] } {
  const seen = new Set<object>([root]);
  const tensors: Tensor[] = [];
  let numbers = 0;
  for (const value of seen) {
    if (value instanceof Tensor) tensors.push(value);
    if (ArrayBuffer.isView(value)) {
      numbers += (value as Float32Array).length;
      continue;
    }
    const parts: unknown[] = value instanceof Map || value instanceof Set ? [...value].flat() : Object.values(value);
    numbers += parts.filter((part) => typeof part === 'number').length;
    for (const part of parts) if (typeof part === 'object' && part !== null) seen.add(part);
  }
  return { objects: seen.size, numbers, tensors };
}

describe.each(Object.entries(kinds))('%s', (_name, { make }) => {
  it('holds as much after fifty batches as after two, and no batch', () => {
    manualSeed(0);
    const analyzer = make([2, 1]);
    const batches = Array.from({ length: 50 }, () => randn([2, 64]));
    const after = batches.map((batch) => {
      analyzer.updateStats(batch);
      const { objects, numbers, tensors } = reachable(analyzer);
      expect(tensors.some(({ storage }) => storage === batch.storage)).toBe(false);
      return { objects, numbers };
    });
    expect(after[1]!.numbers).toBeGreaterThanOrEqual(4);
    expect(after[49]).toEqual(after[1]);
  });
});
