import {
  ArgumentError,
  batchNorm,
  conv2d,
  convInteger,
  histograms,
  layerNorm,
  layerNormInteger,
  leastErrorGrid,
  matmulInteger,
  rand,
  randint,
  randn,
  setNumThreads,
  softmaxScaled,
  stack,
  threadStatus,
  type Tensor,
} from '@q/tensor';
import { workersFor } from '../../../src/kernels/threads/threads.js';

/** Milliseconds. */
const PATIENCE = 60_000;

// A test may wait twice.
jest.setTimeout(3 * PATIENCE);

afterAll(() => setNumThreads(1));

/** Waits until `count` workers have started, as long as a busy machine takes. */
async function started(count: number): Promise<void> {
  const deadline = Date.now() + PATIENCE;
  while ((workersFor(Infinity)?.ready.length ?? 0) < count) {
    if (Date.now() > deadline) throw new Error('the workers did not start');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const [a, b] = [randn([301, 260]), randn([260, 303])];
const stacks = randn([16, 60, 120]);
const byteStacks = randint(-128, 128, [64, 60, 100], { dtype: 'int8' });
const byteRows = randint(-128, 128, [2000, 253], { dtype: 'int8' });
const long = randn([700_001]);
const wide = randn([1111, 1003]);
const scales = rand([1111, 20]);
const images = randn([5, 7, 81, 83]);
const smallImages = randn([70, 4, 23, 21]);
const channels = rand([7]);
const channels9 = rand([9]);
const bytes = randint(-128, 128, [260, 300], { dtype: 'int8' });
const wideBytes = randint(-128, 128, [300, 1500], { dtype: 'int8' });
const byteImages = randint(0, 256, [7, 12, 41, 43], { dtype: 'uint8' });
const byteFilters = randint(-128, 128, [30, 12, 3, 3], { dtype: 'int8' });
const manyByteFilters = randint(-128, 128, [400, 12, 3, 3], { dtype: 'int8' });
const filters = randn([9, 7, 3, 3]);
const deep = randn([1, 32, 70, 71]);
const deepFilters = randn([32, 32, 3, 3]);

const operations: Record<string, () => Tensor> = {
  'a matrix product': () => a.matmul(b),
  'products of small matrices': () => stacks.matmul(stacks.transpose(1, 2)),
  'products of small matrices of integers': () =>
    matmulInteger(byteStacks, byteStacks.transpose(1, 2), { aZeroPoint: 3, bZeroPoint: -5 }),
  'a matrix product with a vector': () => wide.matmul(wide.select(0, 3)),
  'a product of integers': () => matmulInteger(bytes, bytes.transpose(0, 1)),
  'a wide product of integers': () => matmulInteger(bytes, wideBytes, { aZeroPoint: 3, bZeroPoint: -5 }),
  'a wide matrix product': () => a.narrow(0, 0, 40).matmul(wide.narrow(0, 0, 260)),
  'a convolution of few products': () => conv2d(images, filters, null, { padding: 1 }),
  'a convolution with a stride': () => conv2d(images, filters, null, { stride: 2 }),
  'convolutions of small images': () => conv2d(smallImages, filters.narrow(1, 0, 4), channels9, { padding: 1 }),
  'convolutions of small images with a stride': () => conv2d(smallImages, filters.narrow(1, 0, 4), null, { stride: 2 }),
  'convolutions of small images one by one in their channels': () =>
    conv2d(smallImages, filters.narrow(0, 0, 4).narrow(1, 0, 1), null, { groups: 4 }),
  'a convolution of many channels': () =>
    conv2d(deep, deepFilters, channels.narrow(0, 0, 1).expand([32]), { padding: 1 }),
  'a depthwise convolution': () => conv2d(deep, deepFilters.narrow(1, 0, 1), null, { groups: 32 }),
  'a convolution of integers': () => convInteger(byteImages, byteFilters, { xZeroPoint: 3, padding: 1 }),
  'a convolution of integers with a stride': () => convInteger(byteImages, byteFilters, { padding: 1, stride: 2 }),
  'a convolution of integers with many filters and few positions': () =>
    convInteger(byteImages.narrow(0, 0, 1).slice([], [], [0, 12], [0, 12]), manyByteFilters),
  'a depthwise convolution of integers': () =>
    convInteger(byteImages, byteFilters.narrow(0, 0, 12).narrow(1, 0, 1), { xZeroPoint: 3, padding: 1, groups: 12 }),
  addition: () => long.add(long),
  'multiplication by a number': () => long.mul(0.3),
  exponentials: () => long.exp(),
  'sums of lines': () => wide.sum(-1),
  'the largest of lines': () => wide.amax(-1),
  softmax: () => wide.softmax(-1),
  'layer normalization': () => layerNorm(wide, [1003]),
  'softmax of integers': () => softmaxScaled({ values: byteRows, scale: 0.1 }, -1, { scale: 1 / 255, dtype: 'uint8' }),
  'layer normalization of integers': () => layerNormInteger(byteRows, { scale: 0.1, requantize: { multiplier: 30 } }),
  'batch normalization': () => batchNorm(images, null, null, { training: true, weight: channels, bias: channels }),
  'histograms of lines': () => histograms(wide, 500, wide.amin(-1), 2, { clip: true }),
  'the extremes of everything': () => stack([long.aminmax().min, long.aminmax().max]),
  'a histogram of everything': () => histograms(long.reshape([1, -1]), 2048, -4, 4),
  'the search for a grid': () => leastErrorGrid(wide, scales, -7, 0, 15).values,
};

/** The bytes of a result: equal values in long arrays are found at once. */
function bytesOf({ data }: Tensor): Buffer {
  return Buffer.from(data.slice().buffer);
}

describe('setNumThreads', () => {
  it.each(Object.entries(operations))('%s gives the same bits with 1, 2 and 3 threads', async (_name, operation) => {
    setNumThreads(1);
    const expected = bytesOf(operation());
    for (const threads of [2, 3]) {
      setNumThreads(threads);
      await started(threads - 1);
      expect(bytesOf(operation()).equals(expected)).toBe(true);
    }
  });

  it('tells how many threads there are', () => {
    setNumThreads(2);
    expect(threadStatus()).toEqual({ threads: 2, reason: null });
  });

  it.each<unknown>([0, -1, 1.5, NaN, 65, Symbol('two'), Object.create(null), '2'])('rejects %p threads', (count) => {
    expect(() => setNumThreads(count as number)).toThrow(ArgumentError);
  });
});
