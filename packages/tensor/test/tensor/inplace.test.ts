import {
  ArgumentError,
  AutogradError,
  DTypeError,
  noGrad,
  QError,
  ShapeError,
  tensor,
  zeros,
  type Tensor,
} from '@q/tensor';

const start = (): Tensor => tensor([1, -2, 3, -4], { shape: [2, 2] });

describe('in-place operations', () => {
  it.each<readonly [string, (x: Tensor) => Tensor, (x: Tensor) => Tensor]>([
    ['add_', (x) => x.add_(tensor([1, 2]), { alpha: 3 }), (x) => x.add(tensor([1, 2]), { alpha: 3 })],
    ['sub_', (x) => x.sub_(5), (x) => x.sub(5)],
    ['mul_', (x) => x.mul_(tensor([[2], [0.5]])), (x) => x.mul(tensor([[2], [0.5]]))],
    ['div_', (x) => x.div_(3), (x) => x.div(3)],
    ['div_ floor', (x) => x.div_(3, { roundingMode: 'floor' }), (x) => x.floorDivide(3)],
    ['pow_', (x) => x.pow_(3), (x) => x.pow(3)],
    ['maximum_', (x) => x.maximum_(0.5), (x) => x.maximum(0.5)],
    ['minimum_', (x) => x.minimum_(0.5), (x) => x.minimum(0.5)],
    ['neg_', (x) => x.neg_(), (x) => x.neg()],
    ['abs_', (x) => x.abs_(), (x) => x.abs()],
    ['sqrt_', (x) => x.abs_().sqrt_(), (x) => x.abs().sqrt()],
    ['exp_', (x) => x.exp_(), (x) => x.exp()],
    ['relu_', (x) => x.relu_(), (x) => x.relu()],
    ['clamp_', (x) => x.clamp_({ min: -1, max: 2 }), (x) => x.clamp({ min: -1, max: 2 })],
    ['clamp_ by a tensor', (x) => x.clamp_({ min: tensor([0, -3]) }), (x) => x.clamp({ min: tensor([0, -3]) })],
    [
      'addcmul_',
      (x) => x.addcmul_(tensor([2, 3]), start(), { value: 2 }),
      (x) => x.addcmul(tensor([2, 3]), start(), { value: 2 }),
    ],
    ['addcdiv_', (x) => x.addcdiv_(tensor([2, 3]), start()), (x) => x.addcdiv(tensor([2, 3]), start())],
    ['lerp_', (x) => x.lerp_(tensor([2, 3]), 0.25), (x) => x.lerp(tensor([2, 3]), 0.25)],
    ['maskedFill_', (x) => x.maskedFill_(tensor([true, false]), 9), (x) => x.maskedFill(tensor([true, false]), 9)],
    ['fill_', (x) => x.fill_(7), (x) => x.mul(0).add(7)],
    ['zero_', (x) => x.zero_(), (x) => x.mul(0).abs()],
    ['copy_', (x) => x.copy_(tensor([5, 6], { dtype: 'int8' })), (x) => x.mul(0).add(tensor([5, 6]))],
  ])('%s gives what its other form gives, in the same memory, views included', (_name, inPlace, form) => {
    const x = start();
    const expected = form(start()).toArray();
    expect(inPlace(x)).toBe(x);
    expect(x.toArray()).toEqual(expected);
    const base = zeros([2, 4]);
    const view = base.slice([], [0, 4, 2]).transpose(0, 1);
    view.copy_(start());
    inPlace(view);
    expect(view.toArray()).toEqual(expected);
    expect(base.slice([], [1, 4, 2]).toArray()).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });

  it('read an overlapping operand before they write it', () => {
    const x = start();
    x.add_(x.transpose(0, 1));
    expect(x.toArray()).toEqual([
      [2, 1],
      [1, -8],
    ]);
    const line = tensor([1, 2, 3, 4]);
    line.slice([1, 4]).copy_(line.slice([0, 3]));
    expect(line.toArray()).toEqual([1, 1, 2, 3]);
    expect(start().mul_(start()).toArray()).toEqual([
      [1, 4],
      [9, 16],
    ]);
  });

  it('keep the dtype and reject a result of a higher kind', () => {
    const x = tensor([1, 2], { dtype: 'int8' });
    expect(x.add_(tensor([100, 127], { dtype: 'int32' })).toArray()).toEqual([101, -127]);
    expect(x.dtype).toBe('int8');
    expect(() => x.mul_(0.5)).toThrow(/mul_: the result is float32, which a int8 tensor cannot hold/);
    expect(() => x.div_(2)).toThrow(DTypeError);
    expect(() => x.sqrt_()).toThrow(DTypeError);
    expect(() => tensor([true]).add_(1)).toThrow(DTypeError);
    const half = tensor([1, 2], { dtype: 'float16' });
    expect(half.mul_(1.5).dtype).toBe('float16');
    expect(half.toArray()).toEqual([1.5, 3]);
  });

  it('reject a result of another shape', () => {
    expect(() => tensor([1, 2]).add_(zeros([2, 2]))).toThrow(/add_: the result has shape \[2, 2\]/);
    expect(() => tensor([1, 2]).copy_(zeros([3]))).toThrow(ShapeError);
    expect(() => zeros([1]).copy_(zeros([3]))).toThrow(ShapeError);
  });

  it('change nothing where they throw', () => {
    const x = tensor([1, 2], { dtype: 'int32' });
    for (const f of [
      () => x.mul_(0.5),
      () => x.add_(zeros([3])),
      () => x.div_(0, { roundingMode: 'floor' }),
      () => x.pow_(-1),
    ])
      expect(f).toThrow(QError);
    expect([x.toArray(), x.storage.version]).toEqual([[1, 2], 0]);
  });

  it('do not write to elements that share a place', () =>
    expect(() => zeros([1, 3]).broadcastTo([2, 3]).add_(1)).toThrow(ArgumentError));

  it('are not for tensors that record, nor for operands whose gradient would be lost', () => {
    const w = tensor([1, 2], { requiresGrad: true });
    expect(() => w.add_(1)).toThrow(AutogradError);
    expect(() => zeros([2]).add_(w)).toThrow(/add_: in-place operations are not recorded/);
    noGrad(() => w.add_(w));
    expect(w.toArray()).toEqual([2, 4]);
  });

  it('let autograd notice that a saved tensor changed', () => {
    const w = tensor([1, 2], { requiresGrad: true });
    const x = tensor([3, 4]);
    const y = w.mul(x).sum();
    x.zero_();
    expect(() => y.backward()).toThrow(/changed in place/);
  });
});

it('clamp_ between tensors has the rules of all forms in place', () => {
  const integers = tensor([5, 7], { dtype: 'int32' });
  expect(() => integers.clamp_({ min: tensor([5.5, 6.5]) })).toThrow(DTypeError);
  expect(() => tensor([1, 2]).clamp_({ min: tensor([3, 4], { requiresGrad: true }) })).toThrow(AutogradError);
  expect(() => tensor([1, 2]).clamp_({ min: zeros([3, 2]) })).toThrow(/clamp_: the result has shape \[3, 2\]/);
  expect(integers.clamp_({ min: tensor([6, 6], { dtype: 'int32' }), max: 6 }).toArray()).toEqual([6, 6]);
  expect(
    tensor([1, 9, NaN])
      .clamp_({ min: tensor([3, 3, 3]), max: tensor([4, 4, 4]) })
      .toArray(),
  ).toEqual([3, 4, NaN]);
});
