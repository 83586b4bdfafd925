import { Generator, randn, ShapeError, zeros, type Tensor } from '@q/tensor';
import { GRUCell, LSTMCell, RNNCell } from '@q/nn';

const generator = new Generator(2);
const random = (...shape: number[]): Tensor => randn(shape, { generator });

describe('recurrent cells', () => {
  it('compute tanh(W x + b + U h + c)', () => {
    const cell = new RNNCell(3, 4);
    const [x, h] = [random(2, 3), random(2, 4)];
    const wanted = x
      .matmul(cell.weightIh.t())
      .add(cell.biasIh!)
      .add(h.matmul(cell.weightHh.t()))
      .add(cell.biasHh!)
      .tanh();
    expect(cell.forward(x, h).allclose(wanted, { atol: 1e-6 })).toBe(true);
  });

  it('start from zeros', () => {
    const x = random(2, 3);
    const cell = new GRUCell(3, 4);
    expect(cell.forward(x).equal(cell.forward(x, zeros([2, 4])))).toBe(true);
    const [h, c] = new LSTMCell(3, 4).forward(x);
    expect([h.shape, c.shape]).toEqual([
      [2, 4],
      [2, 4],
    ]);
  });

  it('take a sample without a batch', () => {
    const x = random(2, 3);
    const cell = new LSTMCell(3, 4);
    const [h] = cell.forward(x.select(0, 1));
    expect(h.allclose(cell.forward(x)[0].select(0, 1), { atol: 1e-6 })).toBe(true);
  });

  it('refuse inputs and states that do not fit', () => {
    expect(() => new GRUCell(3, 4).forward(random(2, 4))).toThrow(/GRUCell: wants \[N, 3\] or \[3\]/);
    expect(() => new GRUCell(3, 4).forward(random(2, 3), random(4))).toThrow(ShapeError);
  });

  it('call their parameters and print as in PyTorch', () => {
    expect(Object.keys(new LSTMCell(3, 4).stateDict())).toEqual(['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh']);
    expect(new RNNCell(3, 4, { bias: false, nonlinearity: 'relu' }).toString()).toBe(
      'RNNCell(3, 4, bias=False, nonlinearity=relu)',
    );
  });
});
