import * as library from '@q/tensor';
import { operationCase } from './cases.js';
import { Torch } from './torch.js';

const torch = new Torch({ tensor: library });
const float = (shape: number[], data: number[]) => ({ shape, dtype: 'float32', data });

/** Stands for an engine that quantizes x to `x / scale` rounded; the file may expect a neighbour of that. */
const quantized = (sensitive: number[], expected: number[]) =>
  operationCase(
    {
      name: 'sensitive',
      op: 'fake_quantize_per_channel_affine',
      args: { axis: 0, sensitive_indices: sensitive },
      expr: 'torch.fake_quantize_per_channel_affine(x, scales, zero_points, args["axis"], -8, 7)',
      inputs: {
        x: float([2, 2], [1, 2, 1, 2]),
        scales: float([2], [0.5, 1]),
        zero_points: { shape: [2], dtype: 'int32', data: [0, 0] },
      },
      expected: { output: float([2, 2], expected) },
      tol: 'exact',
    },
    torch,
  );

describe('operationCase', () => {
  it('takes one step of the scale more or less where the file says so', () => {
    expect(() => void quantized([0, 3], [1.5, 2, 1, 1]).run()).not.toThrow();
    expect(() => void quantized([0, 3], [1, 2, 1, 3]).run()).not.toThrow();
  });

  it.each([
    ['elsewhere', [1, 2.5, 1, 2]],
    ['two steps', [2, 2, 1, 2]],
    ['half a step', [1, 2, 1, 2.5]],
  ])('takes no other difference: %s', (_, expected) =>
    expect(() => void quantized([0, 3], expected).run()).toThrow(/output/),
  );
});
