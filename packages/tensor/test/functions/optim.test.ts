import {
  adamStep,
  AutogradError,
  DTypeError,
  noGrad,
  randn,
  sgdStep,
  ShapeError,
  tensor,
  zeros,
  type DType,
  type Tensor,
} from '@q/tensor';

const options = { step: 3, lr: 0.01, betas: [0.9, 0.999], eps: 1e-8 } as const;

/** The same by single operations, as PyTorch writes it. */
function adamByOperations(param: Tensor, grad: Tensor, m: Tensor, v: Tensor, most: Tensor | null): void {
  m.mul_(0.9).add_(grad, { alpha: 1 - 0.9 });
  v.mul_(0.999).addcmul_(grad, grad, { value: 1 - 0.999 });
  if (most) most.maximum_(v);
  const denominator = (most ?? v)
    .sqrt()
    .div_(Math.sqrt(1 - 0.999 ** 3))
    .add_(1e-8);
  param.addcdiv_(m, denominator, { value: -0.01 / (1 - 0.9 ** 3) });
}

const copies = (tensors: readonly Tensor[]) => tensors.map((t) => t.clone());
const states = (count: number, shape: number[], dtype: DType): Tensor[] =>
  Array.from({ length: count }, (_, i) => (i < 3 ? randn(shape) : randn(shape).square()).to(dtype));

describe.each([
  ['float32', [40, 33]],
  ['float32', [7]],
  ['float64', [5, 3]],
] as const)('on %s of shape %j', (dtype, shape) => {
  it.each([true, false])('adamStep equals single operations bit for bit (AMSGrad: %s)', (amsgrad) => {
    const [param, grad, expAvg, expAvgSq, most] = states(5, [...shape], dtype) as [
      Tensor,
      Tensor,
      Tensor,
      Tensor,
      Tensor,
    ];
    const mine = copies([param, expAvg, expAvgSq, most]);
    adamStep(mine[0]!, grad, { expAvg: mine[1]!, expAvgSq: mine[2]!, maxExpAvgSq: amsgrad ? mine[3]! : null }, options);
    adamByOperations(param, grad, expAvg, expAvgSq, amsgrad ? most : null);
    [param, expAvg, expAvgSq, most].forEach((wanted, i) => expect(mine[i]!.data).toEqual(wanted.data));
  });

  it.each([true, false])('sgdStep equals single operations bit for bit (Nesterov: %s)', (nesterov) => {
    const [param, grad, buffer] = states(3, [...shape], dtype) as [Tensor, Tensor, Tensor];
    const [p, b] = copies([param, buffer]) as [Tensor, Tensor];
    sgdStep(p, grad, b, { lr: 0.1, momentum: 0.8, dampening: 0.3, nesterov });
    buffer.mul_(0.8).add_(grad, { alpha: 1 - 0.3 });
    param.add_(nesterov ? grad.add(buffer, { alpha: 0.8 }) : buffer, { alpha: -0.1 });
    expect([p.data, b.data]).toEqual([param.data, buffer.data]);
  });
});

describe('steps of optimizers', () => {
  it('write through views and round half precision once', () => {
    const base = randn([4, 6]);
    const view = base.T;
    const [grad, buffer] = [randn([6, 4]), zeros([6, 4])];
    const wanted = view.clone().sub(grad.mul(0.5));
    sgdStep(view, grad, buffer, { lr: 0.5, momentum: 0 });
    expect(base.T.toArray()).toEqual(wanted.toArray());
    const half = tensor([1], { dtype: 'float16' });
    sgdStep(half, tensor([0.1], { dtype: 'float16' }), zeros([1], { dtype: 'float16' }), { lr: 0.01, momentum: 0.9 });
    expect(half.item()).toBe(tensor(1 - 0.01 * tensor(0.1, { dtype: 'float16' }).item(), { dtype: 'float16' }).item());
  });

  it('change nothing where something does not fit', () => {
    const [param, grad] = [randn([3]), randn([3])];
    const before = param.toArray();
    const memory = (shape: number[], dtype: DType = 'float32') => ({
      expAvg: zeros(shape, { dtype }),
      expAvgSq: zeros(shape, { dtype }),
    });
    expect(() => adamStep(param, grad, memory([4]), options)).toThrow(ShapeError);
    expect(() => adamStep(param, grad, memory([3], 'float64'), options)).toThrow(DTypeError);
    expect(() => sgdStep(param, randn([1]), zeros([3]), { lr: 1, momentum: 0.9 })).toThrow(/sgdStep: .*\[3\].*\[1\]/);
    expect(param.toArray()).toEqual(before);
    const wanted = randn([3], { requiresGrad: true });
    expect(() => sgdStep(wanted, grad, zeros([3]), { lr: 1, momentum: 0 })).toThrow(AutogradError);
    noGrad(() => sgdStep(wanted, grad, zeros([3]), { lr: 1, momentum: 0 }));
  });
});
