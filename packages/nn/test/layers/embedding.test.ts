import { ArgumentError, cat, DTypeError, IndexError, ones, ShapeError, tensor, type Tensor } from '@q/tensor';
import { Embedding, EmbeddingBag, functional } from '@q/nn';

const ids = (...values: number[]): Tensor => tensor(values, { dtype: 'int32' });

describe('Embedding', () => {
  it('looks rows up in any shape', () => {
    const table = new Embedding(5, 2);
    const rows = table.weight.toArray() as number[][];
    expect(table.forward(tensor([[4], [0]], { dtype: 'int32' })).toArray()).toEqual([[rows[4]], [rows[0]]]);
  });

  it('starts its padding row at 0 and never moves it', () => {
    const table = new Embedding(4, 2, { paddingIdx: -2 });
    expect((table.weight.toArray() as number[][])[2]).toEqual([0, 0]);
    table
      .forward(ids(2, 2, 1))
      .sum()
      .backward();
    expect(table.weight.grad!.toArray()).toEqual([
      [0, 0],
      [1, 1],
      [0, 0],
      [0, 0],
    ]);
    expect(() => new Embedding(4, 2, { paddingIdx: 4 })).toThrow(ArgumentError);
  });

  it('takes rows that were learned elsewhere, and trains them where asked to', () => {
    const rows = tensor([
      [1, 2],
      [3, 4],
    ]);
    const frozen = Embedding.fromPretrained(rows, { paddingIdx: 0 });
    expect(frozen.forward(ids(1, 0)).toArray()).toEqual([
      [3, 4],
      [1, 2],
    ]);
    expect([frozen.numEmbeddings, frozen.embeddingDim, frozen.paddingIdx]).toEqual([2, 2, 0]);
    expect(frozen.weight.requiresGrad).toBe(false);
    rows.fill_(7);
    expect(frozen.weight.toArray()).toEqual([
      [7, 7],
      [7, 7],
    ]);
    const bag = EmbeddingBag.fromPretrained(rows, { freeze: false, mode: 'sum' });
    bag
      .forward(tensor([[0, 0]], { dtype: 'int32' }))
      .sum()
      .backward();
    expect(bag.weight.grad!.toArray()).toEqual([
      [2, 2],
      [0, 0],
    ]);
    expect(() => Embedding.fromPretrained(tensor([1, 2]))).toThrow(ShapeError);
    expect(() => new Embedding(3, 2, {}, frozen.weight)).toThrow(ShapeError);
    for (const rows of [ones([3, 2]) as never, [] as never, 0 as never])
      expect(() => new EmbeddingBag(3, 2, {}, rows)).toThrow(/must be a Parameter or null.*fromPretrained/);
    expect(() => Embedding.fromPretrained(rows, { paddingIdx: 2 })).toThrow(ArgumentError);
  });

  it('with maxNorm, shortens the rows it looks up, in place', () => {
    const table = new Embedding(3, 2, { maxNorm: 1 });
    table.loadStateDict({
      weight: tensor([
        [3, 4],
        [30, 40],
        [0.1, 0.1],
      ]),
    });
    table.forward(ids(0, 2, 0));
    const rows = table.weight.toArray() as [number, number][];
    expect(rows[0]![0]).toBeCloseTo(0.6, 5);
    expect(rows[1]).toEqual([30, 40]);
    expect(rows[2]![0]).toBeCloseTo(0.1, 6);
  });

  it('with maxNorm, writes to the rows that are too long only', () => {
    const table = new Embedding(3, 1, { maxNorm: 1 });
    table.loadStateDict({ weight: tensor([[8], [0.5], [9]]) });
    // A row that stays as it is may be read again before the first gradient is computed.
    const [first, second] = [table.forward(ids(1)), table.forward(ids(1, 1))];
    cat([first, second]).sum().backward();
    expect([table.weight.toArray(), table.weight.grad!.toArray()]).toEqual([
      [[8], [0.5], [9]],
      [[0], [3], [0]],
    ]);
    table.forward(
      tensor(
        [
          [2, 1],
          [2, 2],
        ],
        { dtype: 'uint8' },
      ),
    );
    const [[a], [b], [c]] = table.weight.toArray() as [[number], [number], [number]];
    expect([a, b]).toEqual([8, 0.5]);
    expect(c).toBeCloseTo(1, 6);
  });

  it('refuses indices that are no integers or no rows', () => {
    const table = new Embedding(3, 2);
    expect(() => table.forward(tensor([1]))).toThrow(DTypeError);
    expect(() => table.forward(ids(3))).toThrow(IndexError);
  });
});

describe('EmbeddingBag', () => {
  const weight = tensor([
    [1, 10],
    [2, 20],
    [3, 30],
  ]);

  it.each([
    [
      'sum',
      [
        [3, 30],
        [0, 0],
        [3, 30],
      ],
    ],
    [
      'mean',
      [
        [1.5, 15],
        [0, 0],
        [3, 30],
      ],
    ],
    [
      'max',
      [
        [2, 20],
        [0, 0],
        [3, 30],
      ],
    ],
  ] as const)('reduces bags by %s; empty ones are 0', (mode, wanted) =>
    expect(functional.embeddingBag(ids(0, 1, 2), weight, ids(0, 2, 2), { mode }).toArray()).toEqual(wanted),
  );

  it('leaves out the padding index', () =>
    expect(
      functional
        .embeddingBag(
          tensor(
            [
              [0, 1],
              [0, 0],
            ],
            { dtype: 'int32' },
          ),
          weight,
          null,
          { paddingIdx: 0 },
        )
        .toArray(),
    ).toEqual([
      [2, 20],
      [0, 0],
    ]));

  it('weighs samples in a sum only', () => {
    const bag = new EmbeddingBag(3, 2, { mode: 'sum' });
    bag.loadStateDict({ weight });
    const index = tensor([[0, 2]], { dtype: 'int32' });
    expect(bag.forward(index, { perSampleWeights: tensor([[2, -1]]) }).toArray()).toEqual([[-1, -10]]);
    expect(() => new EmbeddingBag(3, 2).forward(index, { perSampleWeights: tensor([[2, -1]]) })).toThrow(ArgumentError);
  });

  it.each([[ids(1, 2)], [ids(0, 4)], [ids(0, 2, 1)]])('refuses offsets that are no partition (%#)', (offsets) =>
    expect(() => functional.embeddingBag(ids(0, 1, 2), weight, offsets)).toThrow(ArgumentError),
  );
});
