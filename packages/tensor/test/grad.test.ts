import fc from 'fast-check';
import {
  ArgumentError,
  AutogradError,
  grad,
  noGrad,
  ones,
  scope,
  ShapeError,
  tensor,
  zeros,
  type Tensor,
} from '@q/tensor';

const leaf = (values: number[]) => tensor(values, { dtype: 'float64', requiresGrad: true });

describe('grad', () => {
  it('gives the gradients of leaves in their order and leaves every grad alone', () => {
    const [x, w] = [leaf([1, 2]), leaf([3, 4])];
    x.sum().backward();
    const [dw, dx] = grad(x.mul(w).sum(), [w, x]);
    expect(dw.toArray()).toEqual([1, 2]);
    expect(dx.toArray()).toEqual([3, 4]);
    expect(x.grad!.toArray()).toEqual([1, 1]);
    expect(w.grad).toBeNull();
    expect(dx.requiresGrad).toBe(false);
  });

  it('gives what backward adds to leaves, for any graph', () =>
    fc.assert(
      fc.property(fc.array(fc.nat(5), { minLength: 1, maxLength: 12 }), (steps) => {
        const build = (a: Tensor, b: Tensor): Tensor =>
          steps
            .reduce<Tensor[]>(
              (all, step) => {
                const [x, y] = [all[step % all.length]!, all.at(-1)!];
                return [...all, step % 2 ? x.mul(y).sin() : x.add(y.cos())];
              },
              [a, b],
            )
            .at(-1)!
            .sum();
        const [a, b, c, d] = [leaf([0.3, -1.2]), leaf([0.7, 0.1]), leaf([0.3, -1.2]), leaf([0.7, 0.1])];
        build(a, b).backward();
        const [da, db] = grad(build(c, d), [c, d], { allowUnused: true });
        expect(da?.toArray()).toEqual(a.grad?.toArray());
        expect(db?.toArray()).toEqual(b.grad?.toArray());
      }),
    ));

  it('gives the gradient of a tensor between, whole, and of the output itself', () => {
    const x = leaf([1, 2]);
    const h = x.mul(3);
    const y = h.square().add(h).sum();
    const [dy, dh, dx] = grad(y, [y, h, x]);
    expect(dy.item()).toBe(1);
    expect(dh.toArray()).toEqual([7, 13]);
    expect(dx.toArray()).toEqual([21, 39]);
  });

  it('computes only what lies between: other parts of the graph are kept', () => {
    const [x, w] = [leaf([2]), leaf([3])];
    const [a, b] = [x.square(), w.square()];
    const y = a.add(b).sum();
    const [da] = grad(y, [a]);
    expect(da.item()).toBe(1);
    a.backward();
    expect(x.grad!.item()).toBe(4);
    b.backward();
    expect(w.grad!.item()).toBe(6);
  });

  it('differentiates gradients again with createGraph', () => {
    const x = leaf([1, 2]);
    const [dx] = grad(x.pow(3).sum(), [x], { createGraph: true });
    const [d2x] = grad(dx.sum(), [x], { createGraph: true });
    const [d3x] = grad(d2x.sum(), [x]);
    expect(dx.toArray()).toEqual([3, 12]);
    expect(d2x.toArray()).toEqual([6, 12]);
    expect(d3x.toArray()).toEqual([6, 6]);
  });

  it('multiplies the Hessian and a vector', () => {
    const x = leaf([1, 2]);
    const [dx] = grad(x.prod().mul(x.sum()), [x], { createGraph: true });
    const [product] = grad(dx, [x], { gradOutputs: tensor([1, -1], { dtype: 'float64' }) });
    // f = xy(x + y): the second derivatives are 2y, 2x + 2y and 2x.
    expect(product.toArray()).toEqual([4 - 6, 6 - 2]);
  });

  it('adds up over several outputs with gradients of their own', () => {
    const x = leaf([1, 2]);
    const [dx] = grad([x.mul(2), x.square().sum()], [x], {
      gradOutputs: [tensor([10, 20], { dtype: 'float64' }), null],
    });
    expect(dx.toArray()).toEqual([22, 44]);
  });

  it('runs through the graph again with retainGraph, and not without', () => {
    const x = leaf([3]);
    const y = x.square().sum();
    expect(grad(y, [x], { retainGraph: true })[0].item()).toBe(6);
    expect(grad(y, [x])[0].item()).toBe(6);
    for (const allowUnused of [false, true])
      expect(() => grad(y, [x], { allowUnused })).toThrow(/graph of sum was released/);
  });

  it('needs nothing of what was released behind an input, or beside it', () => {
    const [x, w] = [leaf([2]), leaf([3])];
    const [a, b] = [x.square(), w.square()];
    const y = a.mul(b).sum();
    a.backward();
    const [da, dw] = grad(y, [a, w]);
    expect([da.item(), dw.item()]).toEqual([9, 24]);
  });

  it('gives gradients in storages of their own, that last as long as their scope', () => {
    const [a, b] = [ones([1000], { requiresGrad: true }), ones([1000], { requiresGrad: true })];
    const upstream = ones([1000]);
    const kept = scope(() => {
      const [da, db] = grad(a.add(b), [a, b], { gradOutputs: upstream });
      expect(new Set([da.storage, db.storage, upstream.storage]).size).toBe(3);
      return da;
    });
    expect(kept.sum().item()).toBe(1000);
  });

  it('refuses what does not depend on an input, or gives null for it where asked to', () => {
    const [x, unused] = [leaf([1]), leaf([2])];
    const y = x.mul(2).sum();
    expect(() => grad(y, [x, unused])).toThrow(/do not depend on input 1.*allowUnused/s);
    // It was refused before anything was computed: the graph is there still.
    const [dx, none] = grad(y, [x, unused], { allowUnused: true });
    expect(dx!.item()).toBe(2);
    expect(none).toBeNull();
  });

  it('says what is wrong with its arguments', () => {
    const x = leaf([1, 2]);
    const y = x.mul(2);
    expect(() => grad(y, [x])).toThrow(AutogradError);
    expect(() => grad(y, [x], { gradOutputs: zeros([3]) })).toThrow(ShapeError);
    expect(() => grad([y, y], [x], { gradOutputs: [y] })).toThrow(ArgumentError);
    expect(() => grad(y.sum(), [tensor([1])])).toThrow(/input 0.*does not require a gradient/);
    expect(() =>
      grad(
        noGrad(() => x.sum()),
        [x],
      ),
    ).toThrow(AutogradError);
    expect(() => grad(y.sum(), [])).toThrow(ArgumentError);
    // @ts-expect-error no tensor
    expect(() => grad(y.sum(), [1])).toThrow(ArgumentError);
    // @ts-expect-error no option
    expect(() => grad(y.sum(), [x], { retain_graph: true })).toThrow(/retain_graph/);
    expect(x.grad).toBeNull();
  });

  it('types the gradients as a tuple, null only where unused inputs are allowed', () => {
    const [x, w] = [leaf([1]), leaf([2])];
    const pair: [Tensor, Tensor] = grad(x.mul(w).sum(), [x, w]);
    const open: [Tensor | null, Tensor | null] = grad(x.sum(), [x, w], { allowUnused: true });
    // @ts-expect-error may be null
    const closed: [Tensor, Tensor] = grad(x.sum(), [x, w], { allowUnused: true });
    expect([pair.length, open[1], closed[1]]).toEqual([2, null, null]);
  });
});
