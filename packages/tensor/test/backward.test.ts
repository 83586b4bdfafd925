import fc from 'fast-check';
import { AutogradError, ShapeError, defineOp, noGrad, ones, tensor, type Tensor } from '@q/tensor';

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

describe('a leaf that is read at many places', () => {
  type Step = readonly [name: string, a: number, b: number];
  const names = ['add', 'sub', 'addSelf', 'mul', 'square', 'wave', 'view', 'transposed', 'spread'];
  const step: fc.Arbitrary<Step> = fc.tuple(fc.constantFrom(...names), fc.nat(), fc.nat());

  /** Two leaves, then what each step makes of two earlier tensors; the sum of the last and of some others. */
  function run(steps: readonly Step[], [x, y]: readonly [Tensor, Tensor]): Tensor {
    const made: Tensor[] = [x, y];
    for (const [name, i, j] of steps) {
      const [a, b] = [made[i % made.length]!, made[j % made.length]!];
      made.push(
        {
          add: () => a.add(b),
          sub: () => a.sub(b),
          addSelf: () => a.add(a),
          mul: () => a.mul(b).mul(0.5),
          square: () => a.square().mul(0.25),
          wave: () => a.sin(),
          view: () => a.reshape([4]).reshape([2, 2]),
          transposed: () => a.T,
          spread: () => a.sum(0, { keepdim: true }).mul(0.5).add(b),
        }[name]!(),
      );
    }
    return made
      .slice(-3)
      .reduce((sum, one) => sum.add(one))
      .mul(1)
      .sum();
  }

  it('has the gradient that differences give, whatever waits at the same time', () =>
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), fc.boolean(), (steps, retain) => {
        const at = (values: readonly number[], requiresGrad: boolean): Tensor =>
          tensor([...values], { dtype: 'float64', shape: [2, 2], requiresGrad });
        const values = [
          [0.3, -0.7, 0.9, 0.1],
          [-0.2, 0.8, 0.4, -0.5],
        ];
        const leaves = values.map((one) => at(one, true)) as unknown as [Tensor, Tensor];
        const y = run(steps, leaves);
        if (!y.requiresGrad) return;
        y.backward(undefined, { retainGraph: retain });
        if (retain) y.backward();
        leaves.forEach((leaf, l) => {
          expect(leaf.detach().toArray()).toEqual(at(values[l]!, false).toArray());
          const wanted = values[l]!.map((_value, i) => {
            const shifted = (by: number): number => {
              const moved = values.map((one, k) =>
                at(
                  one.map((v, m) => (k === l && m === i ? v + by : v)),
                  false,
                ),
              );
              return run(steps, moved as unknown as [Tensor, Tensor]).item();
            };
            return ((shifted(1e-5) - shifted(-1e-5)) / 2e-5) * (retain ? 2 : 1);
          });
          const got = leaf.grad ? (leaf.grad.flatten().toArray() as number[]) : [0, 0, 0, 0];
          got.forEach((value, i) =>
            expect(Math.abs(value - wanted[i]!)).toBeLessThan(1e-5 * (1 + Math.abs(wanted[i]!))),
          );
        });
      }),
      { numRuns: 300 },
    ));

  it('does not add to a gradient that waits for another use', () => {
    const x = tensor([0.5, 0.5], { dtype: 'float64', requiresGrad: true });
    const [square, wave] = [x.square(), x.exp()];
    x.add(square).add(wave).mul(1).sum().backward();
    for (const value of x.grad!.toArray() as number[]) expect(value).toBeCloseTo(2 + Math.exp(0.5), 12);
  });

  it('takes no tensor over that an operation of somebody else returned', () => {
    const half = defineOp<readonly [Tensor]>({
      name: 'halfOfSquares',
      forward: ([x]) => x.square().sum().mul(0.5),
      backward: (_grad, [x]) => [x],
    });
    const x = leaf([1, 2, 3]);
    half(x).backward();
    half(x).backward();
    expect([x.detach().toArray(), x.grad!.toArray(), x.grad!.requiresGrad]).toEqual([[1, 2, 3], [2, 4, 6], false]);
  });
});

describe('the gradient that backward starts from', () => {
  it.each(['uint8', 'int32', 'bool', 'float32'] as const)('is taken to the dtype of the result, from %s', (dtype) => {
    const x = tensor([1, 2, 4], { dtype: 'float64', requiresGrad: true });
    x.neg().backward(tensor([1, 0, 1], { dtype }));
    expect(x.grad!.dtype).toBe('float64');
    expect(x.grad!.toArray()).toEqual([-1, -0, -1]);
    const y = tensor([1, 2, 4], { requiresGrad: true });
    y.backward(tensor([1, 0, 1], { dtype }));
    expect(y.grad!.dtype).toBe('float32');
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
