import type { View } from '@q/tensor';
import { Plans, type Problem } from '../../../../src/kernels/simd/conv/conv-problem.js';
import { Layout } from '../../../../src/layout.js';
import { alloc, Storage } from '../../../../src/storage.js';

const spatial = (value: number) => [value, value, value] as const;

/** A convolution of one filter whose vectors are shared by all problems made of the same ones. */
const problem: Problem = {
  x: alloc([1, 2, 1, 8, 8], 'uint8'),
  weight: alloc([1, 2, 1, 3, 3], 'int8'),
  xZero: 3,
  wZero: alloc([1], 'int32'),
  y: alloc([1, 1, 1, 6, 6], 'int8'),
  windows: { kernel: [1, 3, 3], stride: spatial(1), padding: spatial(0), dilation: spatial(1), groups: 1 },
  rescaling: {
    multiplier: alloc([1], 'float32'),
    bias: alloc([1], 'float32'),
    grid: { zeroPoint: 0, qmin: -128, qmax: 127 },
  },
  batch: 1,
  channels: 2,
  filters: 1,
  taps: 9,
  output: [1, 6, 6],
  threads: 1,
};

const rescaling = problem.rescaling!;

describe('Plans', () => {
  /** How often a plan is made for some problems in a row. */
  const made = (...problems: readonly Problem[]): number => {
    const plans = new Plans<Problem>();
    let count = 0;
    for (const one of problems) plans.for(one, (given) => (count++, given));
    return count;
  };
  const again = <V extends View>({ storage, layout }: V): View => ({ storage, layout: new Layout(layout.shape) });

  it('keep a plan for other inputs and results of the same kind', () => {
    const others = { ...problem, x: alloc([1, 2, 1, 8, 8], 'uint8'), y: alloc([1, 1, 1, 6, 6], 'int8') };
    expect(made(problem, others, { ...problem, weight: again(problem.weight) })).toBe(1);
  });

  it.each<[string, Partial<Problem>]>([
    ['the zero point of x', { xZero: 4 }],
    ['the dtype of x', { x: alloc([1, 2, 1, 8, 8], 'int8') }],
    ['the dtype of the result', { y: alloc([1, 1, 1, 6, 6], 'uint8') }],
    ['the number of threads', { threads: 2 }],
    ['a size', { x: alloc([1, 2, 1, 8, 9], 'uint8') }],
    ['how samples lie', { x: { ...problem.x, layout: new Layout([1, 2, 1, 8, 8], [256, 64, 64, 8, 1]) } }],
    ['a padding', { windows: { ...problem.windows, padding: [0, 1, 0] } }],
    ['a dilation', { windows: { ...problem.windows, dilation: [1, 1, 2] } }],
    ['the zero points of the weight', { wZero: alloc([1], 'int32') }],
    ['the rescaling', { rescaling: { ...rescaling, bias: alloc([1], 'float32') } }],
    ['the grid of the result', { rescaling: { ...rescaling, grid: { ...rescaling.grid, qmin: 0 } } }],
    ['whether there is one', { rescaling: null }],
  ])('make another where %s differs', (_what, change) => {
    expect(made(problem, { ...problem, ...change })).toBe(2);
  });

  it.each<[string, (one: Problem) => View]>([
    ['the weight', ({ weight }) => weight],
    ['the zero points', ({ wZero }) => wZero],
    ['the multiplier', (one) => one.rescaling!.multiplier],
  ])('make another after a write to %s', (_what, viewOf) => {
    const plans = new Plans<number>();
    expect(plans.for(problem, () => 1)).toBe(1);
    viewOf(problem).storage.beginWrite();
    expect(plans.for(problem, () => 2)).toBe(2);
    expect(plans.for(problem, () => 3)).toBe(2);
  });

  it('are not kept where somebody may write to an array unseen', () => {
    const storage = new Storage('int32', 1, new Int32Array(1), true);
    const exposed = { ...problem, wZero: { storage, layout: new Layout([1]) } };
    expect(made(exposed, exposed)).toBe(2);
  });
});
