import { randn, ShapeError, tensor, zeros } from '@q/tensor';
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
