import { cat, conv2d, fakeQuantize, matmulInteger, maxPool2d, noGrad, randint, randn, tensor } from '@q/tensor';
import type { Cases } from './suite.js';

/** Operations of `@q/tensor`, small ones for their overhead and large ones for their kernels. */
export function tensorCases(): Cases {
  const small = randn([16]);
  const recorded = randn([16], { requiresGrad: true });
  const million = randn([1_000_000]);
  const matrix = randn([1024, 1024]);
  const half = randn([512, 512]);
  const row = randn([1, 1024]);
  const image = randn([1, 64, 56, 56]);
  const weight = randn([64, 64, 3, 3]);
  const depthwise = randn([64, 1, 3, 3]);
  const bytes = randint(0, 256, [512, 512], { dtype: 'uint8' });
  const signedBytes = randint(-128, 128, [512, 512], { dtype: 'int8' });
  const scale = tensor(0.05);
  const offset = tensor(0);
  const index = randint(0, 1024, [4096]);
  const leaf = randn([256, 256], { requiresGrad: true });
  return {
    'add [16]': () => small.add(small),
    'add [16], recorded': () => recorded.add(recorded),
    'slice [16]': () => small.slice([2, 10]),
    'add [1M]': () => million.add(million),
    'add [1024, 1024] + [1, 1024]': () => matrix.add(row),
    'exp [1M]': () => million.exp(),
    'tanh [1M]': () => million.tanh(),
    'gelu [1M]': () => million.gelu(),
    'matmul [512, 512]': () => half.matmul(half),
    'matmul [512, 512] with a transpose': () => half.matmul(half.T),
    'matmulInteger [512, 512]': () => matmulInteger(bytes, signedBytes),
    'conv2d 3x3 [1, 64, 56, 56]': () => conv2d(image, weight, null, { padding: 1 }),
    'conv2d 3x3 depthwise [1, 64, 56, 56]': () => conv2d(image, depthwise, null, { padding: 1, groups: 64 }),
    'maxPool2d 2x2 [1, 64, 56, 56]': () => maxPool2d(image, 2),
    'sum [1024, 1024], last dim': () => matrix.sum(1),
    'sum [1024, 1024], first dim': () => matrix.sum(0),
    'amax [1024, 1024]': () => matrix.amax(1),
    'softmax [1024, 1024]': () => matrix.softmax(1),
    'transposed copy [1024, 1024]': () => matrix.T.contiguous(),
    'cat two of [1024, 1024]': () => cat([matrix, matrix]),
    'indexSelect 4096 of [1024, 1024]': () => matrix.indexSelect(0, index),
    'sort [1024, 1024]': () => matrix.sort(),
    'topk 5 of [1024, 1024]': () => matrix.topk(5),
    'fakeQuantize [1M]': () => fakeQuantize(million, scale, offset, -128, 127),
    'aminmax [1M]': () => million.aminmax(),
    'histc [1M], 2048 bins': () => million.histc(2048, { min: -4, max: 4 }),
    'matmul, relu, sum and backward [256, 256]': () => {
      leaf.grad = null;
      leaf.matmul(leaf).relu().sum().backward();
    },
    'the same without a graph': () => noGrad(() => leaf.matmul(leaf).relu().sum()),
  };
}
