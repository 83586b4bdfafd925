import {
  AutogradError,
  ArgumentError,
  ShapeError,
  defineOp,
  enableGrad,
  isGradEnabled,
  noGrad,
  ones,
  tensor,
  zeros,
  type Tensor,
} from '@q/tensor';

const leaf = (values: number[]) => tensor(values, { requiresGrad: true });

describe('backward', () => {
  it('adds up over every use of a tensor', () => {
    const x = leaf([2, 3]);
    x.mul(x).add(x).sum().backward();
    expect(x.grad!.toArray()).toEqual([5, 7]);
  });

  it('accumulates over calls', () => {
    const x = leaf([1, 2]);
    x.mul(3).sum().backward();
    x.mul(3).sum().backward();
    expect(x.grad!.toArray()).toEqual([6, 6]);
  });

  it('reduces the gradient of a broadcast operand to its shape', () => {
    const row = leaf([1, 2, 3]);
    const column = tensor([[1], [2]], { requiresGrad: true });
    row.mul(column).sum().backward();
    expect(row.grad!.toArray()).toEqual([3, 3, 3]);
    expect(column.grad!.toArray()).toEqual([[6], [6]]);
  });

  it('follows a deep chain without recursion', () => {
    const x = leaf([1]);
    let y = x.add(0);
    for (let i = 0; i < 20_000; i++) y = y.add(1);
    y.backward();
    expect(x.grad!.item()).toBe(1);
  });

  it('gives two leaves of one operation gradients in separate storages', () => {
    const a = leaf([1, 2]);
    const b = leaf([3, 4]);
    const upstream = tensor([5, 6]);
    a.add(b).backward(upstream);
    expect(a.grad!.storage).not.toBe(b.grad!.storage);
    expect(a.grad!.storage).not.toBe(upstream.storage);
  });

  it('makes gradients that can be dropped without taking memory from anybody else', () => {
    const [a, b] = [ones([1000], { requiresGrad: true }), ones([1000], { requiresGrad: true })];
    const [upstream, saved] = [ones([1000]).mul(2), ones([1000]).mul(3)];
    const passes = defineOp<readonly [Tensor]>({ name: 'passes', forward: ([x]) => x.mul(1), backward: () => [saved] });
    a.add(b).backward(upstream);
    passes(a).sum().backward();
    const c = ones([1000], { requiresGrad: true });
    passes(c).sum().backward();
    const product = ones([1000], { requiresGrad: true });
    product.mul(product).sum().backward(undefined, { createGraph: true });
    const second = product.grad!.sum();
    for (const leaf of [a, b, c, product]) leaf.dropGradient();
    expect([upstream.sum().item(), saved.sum().item()]).toEqual([2000, 3000]);
    second.backward();
    expect(product.grad!.sum().item()).toBe(2000);
  });

  it('starts at a leaf itself', () => {
    const x = leaf([4]);
    x.backward();
    expect(x.grad!.toArray()).toEqual([1]);
  });

  it('casts gradients to the dtype of their input', () => {
    const x = tensor([1, 2], { requiresGrad: true });
    x.mul(tensor([3, 4], { dtype: 'float64' }))
      .sum()
      .backward();
    expect(x.grad!.dtype).toBe('float32');
  });

  it('releases the graph and says so the second time', () => {
    const y = leaf([1, 2]).mul(2).sum();
    y.backward();
    expect(() => y.backward()).toThrow(AutogradError);
    expect(() => y.backward()).toThrow(/retainGraph/);
  });

  it('runs again with retainGraph', () => {
    const x = leaf([1, 2]);
    const y = x.mul(2).sum();
    y.backward(undefined, { retainGraph: true });
    y.backward();
    expect(x.grad!.toArray()).toEqual([4, 4]);
  });

  it('differentiates a gradient recorded by createGraph', () => {
    const x = leaf([3]);
    x.mul(x).mul(x).backward(undefined, { createGraph: true });
    const first = x.grad!;
    x.grad = null;
    first.backward();
    expect(first.item()).toBe(27);
    expect(x.grad!.item()).toBe(18);
  });

  it('keeps the gradient of an intermediate result on request', () => {
    const y = leaf([1, 2]).mul(3);
    y.retainGrad();
    y.mul(y).sum().backward();
    expect(y.grad!.toArray()).toEqual([6, 12]);
  });

  it('wants the gradient of a result with several elements', () => {
    expect(() => leaf([1, 2]).mul(2).backward()).toThrow(/shape \[2\] needs the gradient/);
  });

  it('rejects a gradient of another shape', () => {
    expect(() =>
      leaf([1, 2])
        .mul(2)
        .backward(ones([3])),
    ).toThrow(ShapeError);
  });

  it('rejects a tensor that nothing was recorded for', () => {
    expect(() => ones([1]).backward()).toThrow(/does not require a gradient/);
  });

  it('notices that a saved tensor was changed in place', () => {
    const x = leaf([1, 2]);
    const factor = tensor([3, 4]);
    const y = x.mul(factor).sum();
    factor.fill_(0);
    expect(() => y.backward()).toThrow(/input 1 of mul .* changed in place/);
    expect(x.grad).toBeNull();
  });

  it('does not mind a change of a tensor that the derivative never reads', () => {
    const x = leaf([1, 2]);
    const term = tensor([3, 4]);
    const y = x.add(term).sum();
    term.fill_(0);
    y.backward();
    expect(x.grad!.toArray()).toEqual([1, 1]);
  });
});

describe('noGrad', () => {
  it('records nothing inside and restores the mode after an exception', () => {
    const x = leaf([1]);
    expect(noGrad(() => x.mul(2)).requiresGrad).toBe(false);
    expect(() =>
      noGrad(() => {
        throw new RangeError('inside');
      }),
    ).toThrow(RangeError);
    expect(isGradEnabled()).toBe(true);
  });

  it('is lifted by enableGrad', () => {
    const x = leaf([1]);
    expect(noGrad(() => enableGrad(() => x.mul(2))).requiresGrad).toBe(true);
  });

  it('rejects an async function, whose body would outlive the mode', () => {
    expect(() => noGrad(async () => 1)).toThrow(ArgumentError);
  });
});

describe('requiresGrad', () => {
  it('belongs to floating tensors', () => {
    expect(() => zeros([2], { dtype: 'int32', requiresGrad: true })).toThrow(/int32/);
  });

  it('cannot be taken from a computed tensor', () => {
    const y = leaf([1]).mul(2);
    expect(() => (y.requiresGrad = false)).toThrow(/detach/);
    expect(y.detach().requiresGrad).toBe(false);
  });

  it('forbids writing to a leaf while recording, and allows it under noGrad', () => {
    const x = leaf([1, 2]);
    expect(() => x.fill_(0)).toThrow(/noGrad/);
    noGrad(() => x.fill_(5));
    expect(x.toArray()).toEqual([5, 5]);
  });
});

it('a factor may be written to once nobody needs it: the other one has no gradient', () => {
  const x = tensor([1, 2, 3], { requiresGrad: true });
  const y = x.add(1);
  const z = y.mul(3);
  noGrad(() => y.zero_());
  z.sum().backward();
  expect(x.grad!.toArray()).toEqual([3, 3, 3]);
  const a = x.add(1);
  const product = a.mul(x);
  noGrad(() => a.zero_());
  expect(() => product.sum().backward()).toThrow(/input 0 of mul .* was changed in place/);
});
