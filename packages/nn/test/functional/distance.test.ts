import { Generator, randn, ShapeError, tensor, zeros } from '@q/tensor';
import { functional } from '@q/nn';

describe('distances', () => {
  it('pdist lists what cdist has above its diagonal', () => {
    const x = randn([4, 3]);
    const all = functional.cdist(x, x, { p: 1 }).toArray() as number[][];
    expect(functional.pdist(x, { p: 1 }).toArray()).toEqual([
      all[0]![1],
      all[0]![2],
      all[0]![3],
      all[1]![2],
      all[1]![3],
      all[2]![3],
    ]);
    expect(functional.pdist(zeros([1, 3])).shape).toEqual([0]);
  });

  it('cdist of many rows gives the distances and gradients of few, and 0 for equal rows', () => {
    const generator = new Generator(5);
    for (const [first, second, away] of [
      [[30, 7], [4, 7], 0],
      [[2, 3, 7], [1, 40, 7], 1000],
      [[3, 1, 27, 7], [2, 5, 7], 0],
    ] as const) {
      const [x, y] = [first, second].map((shape) => randn(shape, { generator, dtype: 'float64' }).add(away));
      y!.narrow(-2, 0, 1).copy_(x!.select(0, 0).reshape([-1, 7]).narrow(0, 0, 1));
      const grads = [false, true].map((many) => {
        const [a, b] = [x!.clone(), y!.clone()];
        a.requiresGrad = b.requiresGrad = true;
        const distances = many ? functional.cdist(a, b) : a.unsqueeze(-2).sub(b.unsqueeze(-3)).norm({ dim: -1 });
        distances.mul(distances.detach().cos()).sum().backward();
        return [distances.detach(), a.grad!, b.grad!];
      });
      grads[0]!.forEach((wanted, i) => expect(grads[1]![i]!.allclose(wanted, { atol: 1e-9 })).toBe(true));
    }
    const rows = randn([50, 300], { generator }).add(100);
    rows.requiresGrad = true;
    const all = functional.cdist(rows, rows);
    expect(all.node!.op.name).toBe('cdist');
    expect(all.diagonal().toArray()).toEqual(new Array(50).fill(0));
    all.diagonal().sum().backward();
    expect(rows.grad!.abs().max().item()).toBe(0);
  });

  it('cdist of many rows keeps infinity and NaN to their own rows', () => {
    const rows = randn([30, 2]);
    rows.set_([3, 0], Infinity);
    const wanted = rows.unsqueeze(-2).sub(rows.unsqueeze(-3)).norm({ dim: -1 });
    expect(functional.cdist(rows, rows).allclose(wanted, { atol: 1e-5, equalNan: true })).toBe(true);
  });

  it('cosineSimilarity broadcasts, also between ranks', () => {
    const y = functional.cosineSimilarity(
      tensor([
        [1, 0],
        [0, 2],
      ]),
      tensor([3, 0]),
    );
    expect(y.toArray()).toEqual([1, 0]);
  });

  it('normalize leaves zeros at zero', () =>
    expect(
      functional
        .normalize(
          tensor([
            [0, 0],
            [0, 2],
          ]),
        )
        .toArray(),
    ).toEqual([
      [0, 0],
      [0, 1],
    ]));

  it('name the shapes they want', () => {
    expect(() => functional.cdist(zeros([2, 3]), zeros([2, 4]))).toThrow(ShapeError);
    expect(() => functional.pdist(zeros([2]))).toThrow(/wants \[N, M\]/);
  });
});
