import * as nn from '@q/nn';
import * as optim from '@q/nn/optim';
import { optimizerCase } from './optimizers.js';

const vector = (...data: number[]) => ({ shape: [data.length], dtype: 'float32', data });

/** One step of size 1 from 0 along the gradient (3, -4). */
const stepped = (clipping: object, ...after: number[]) =>
  optimizerCase(
    {
      name: JSON.stringify(clipping),
      mode: 'given_grads',
      optimizer: 'SGD',
      options: { lr: 1 },
      params: { p: vector(0, 0) },
      grads: [{ p: vector(3, -4) }],
      expected: { params_after_step: [{ p: vector(...after) }] },
      tol: [1e-6, 0],
      ...clipping,
    },
    optim,
    { ...nn },
  );

describe('optimizerCase', () => {
  it.each([
    stepped({}, -3, 4),
    stepped({ clip_grad_value: 2 }, -2, 2),
    stepped({ clip_grad_norm: 1 }, -0.6, 0.8),
    stepped({ clip_grad_norm: 2, norm_type: 'Infinity' }, -1.5, 2),
    stepped({ clip_grad_norm: { max_norm: 3.5, norm_type: 1 } }, -1.5, 2),
  ])('clips gradients: $name', ({ run }) => expect(() => void run()).not.toThrow());
});
