import { ArgumentError, cat, Generator, randn, ShapeError, zeros, type Tensor } from '@q/tensor';
import { GRU, GRUCell, LSTM, LSTMCell, RNN, RNNCell, type Module } from '@q/nn';
import { SGD } from '@q/nn/optim';

const generator = new Generator(11);
const random = (...shape: number[]): Tensor => randn(shape, { generator });

/** A cell with the parameters of a direction of a layer. */
function cellOf<C extends Module>(cell: C, layer: Module, suffix: string): C {
  const state = layer.stateDict();
  cell.loadStateDict(
    Object.fromEntries(['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'].map((name) => [name, state[name + suffix]!])),
  );
  return cell;
}

describe('recurrent layers', () => {
  it.each([0, -1, 1.5, 2 ** 40, '2'])('refuse %p layers before they make any', (count) => {
    const numLayers = count as number;
    for (const Layer of [RNN, LSTM, GRU])
      expect(() => new Layer(3, 4, { numLayers })).toThrow(/numLayers must be an integer from 1 to 65536/);
  });

  it('call their parameters as PyTorch does, in its order', () => {
    const names = Object.keys(new LSTM(3, 4, { numLayers: 2, bidirectional: true, projSize: 2 }).stateDict());
    const ofOne = ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh', 'weight_hr'];
    expect(names).toEqual(
      ['_l0', '_l0_reverse', '_l1', '_l1_reverse'].flatMap((suffix) => ofOne.map((name) => name + suffix)),
    );
    expect(Object.keys(new GRU(3, 4, { bias: false }).stateDict())).toEqual(['weight_ih_l0', 'weight_hh_l0']);
  });

  it('equal their cells, step by step', () => {
    const x = random(5, 2, 3);
    const [rnn, gru, lstm] = [new RNN(3, 4, { nonlinearity: 'relu' }), new GRU(3, 4), new LSTM(3, 4)];
    const plain = cellOf(new RNNCell(3, 4, { nonlinearity: 'relu' }), rnn, '_l0');
    const gated = cellOf(new GRUCell(3, 4), gru, '_l0');
    const long = cellOf(new LSTMCell(3, 4), lstm, '_l0');
    let [h, g]: [Tensor, Tensor] = [zeros([2, 4]), zeros([2, 4])];
    let state: [Tensor, Tensor] = [zeros([2, 4]), zeros([2, 4])];
    for (const step of x.unbind(0)) {
      h = plain.forward(step, h);
      g = gated.forward(step, g);
      state = long.forward(step, state);
    }
    expect(rnn.forward(x)[1].select(0, 0).allclose(h, { atol: 1e-6 })).toBe(true);
    expect(gru.forward(x)[1].select(0, 0).allclose(g, { atol: 1e-6 })).toBe(true);
    lstm.forward(x)[1].forEach((last, i) => expect(last.select(0, 0).allclose(state[i]!, { atol: 1e-6 })).toBe(true));
  });

  it('read backwards with the reverse half of a bidirectional layer', () => {
    const x = random(4, 2, 3);
    const both = new GRU(3, 4, { bidirectional: true });
    const state = both.stateDict();
    const back = new GRU(3, 4);
    back.loadStateDict(
      Object.fromEntries(Object.keys(back.stateDict()).map((name) => [name, state[`${name}_reverse`]!])),
    );
    const [y, h] = both.forward(x);
    const [z, last] = back.forward(x.flip(0));
    expect(y.narrow(2, 4, 4).allclose(z.flip(0), { atol: 1e-6 })).toBe(true);
    expect(h.select(0, 1).allclose(last.select(0, 0), { atol: 1e-6 })).toBe(true);
  });

  it('go on from a state where they stopped', () => {
    const x = random(6, 2, 3);
    const lstm = new LSTM(3, 5, { numLayers: 2, projSize: 2 });
    const [whole, [h, c]] = lstm.forward(x);
    const [first, middle] = lstm.forward(x.slice([0, 4]));
    const [rest, last] = lstm.forward(x.slice([4, 6]), middle);
    expect(cat([first, rest]).allclose(whole, { atol: 1e-6 })).toBe(true);
    expect(last[0].allclose(h, { atol: 1e-6 }) && last[1].allclose(c, { atol: 1e-6 })).toBe(true);
    expect([h.shape, c.shape]).toEqual([
      [2, 2, 2],
      [2, 2, 5],
    ]);
  });

  it('take the batch first, or no batch', () => {
    const x = random(3, 7, 2);
    const options = { numLayers: 2, bidirectional: true } as const;
    const [layer, batchFirst] = [new RNN(2, 3, options), new RNN(2, 3, { ...options, batchFirst: true })];
    batchFirst.loadStateDict(layer.stateDict());
    const [y, h] = layer.forward(x.transpose(0, 1));
    const [z, last] = batchFirst.forward(x);
    expect(z.allclose(y.transpose(0, 1)) && last.allclose(h)).toBe(true);
    const [single, end] = batchFirst.forward(x.select(0, 1), zeros([4, 3]));
    expect(single.allclose(z.select(0, 1), { atol: 1e-6 }) && end.allclose(h.select(1, 1), { atol: 1e-6 })).toBe(true);
  });

  it('drop between layers in training only', () => {
    const lstm = new LSTM(3, 4, { numLayers: 2, dropout: 1 });
    const x = random(4, 1, 3);
    const [withDrop] = lstm.forward(x);
    expect(withDrop.allclose(lstm.forward(random(4, 1, 3))[0])).toBe(true);
    expect(lstm.eval().forward(x)[0].allclose(withDrop)).toBe(false);
  });

  it('learn', () => {
    const gru = new GRU(2, 4);
    const optimizer = new SGD(gru.parameters(), { lr: 0.5 });
    const [x, target] = [random(5, 3, 2), random(5, 3, 4).tanh()];
    const loss = (): Tensor => gru.forward(x)[0].sub(target).square().mean();
    const before = loss().item();
    for (let i = 0; i < 20; i++) {
      optimizer.zeroGrad();
      loss().backward();
      optimizer.step();
    }
    expect(loss().item()).toBeLessThan(0.8 * before);
  });

  it('refuse sizes, inputs and states that do not fit', () => {
    const lstm = new LSTM(3, 4);
    expect(() => new LSTM(3, 4, { projSize: 4 })).toThrow(/projSize must be 0 to 3/);
    expect(() => new RNN(0, 4)).toThrow(ArgumentError);
    expect(() => new RNN(3, 4, { nonlinearity: 'sigmoid' as 'tanh' })).toThrow(/"tanh", "relu"/);
    expect(() => lstm.forward(zeros([5, 2, 4]))).toThrow(/LSTM: wants \[T, N, H\]/);
    expect(() => lstm.forward(zeros([0, 2, 3]))).toThrow(/sequence is empty/);
    expect(() => lstm.forward(zeros([5, 2, 3]), [zeros([1, 2, 4]), zeros([1, 3, 4])])).toThrow(ShapeError);
    expect(() => lstm.forward(zeros([5, 2, 3]), zeros([1, 2, 4]) as unknown as [Tensor, Tensor])).toThrow(/got 1/);
  });

  it.each([RNN, GRU])('%p refuses projections, which only LSTM has', (Layer) => {
    for (const projSize of [0, 2]) {
      const make = (): unknown => new Layer(3, 4, { projSize } as object);
      expect(make).toThrow(ArgumentError);
      expect(make).toThrow(/there is no option 'projSize'/);
    }
  });

  it('print as in PyTorch', () => {
    expect(
      new LSTM(3, 4, { numLayers: 2, batchFirst: true, dropout: 0.5, bidirectional: true, projSize: 2 }).toString(),
    ).toBe('LSTM(3, 4, proj_size=2, num_layers=2, batch_first=True, dropout=0.5, bidirectional=True)');
    expect(new GRU(3, 4, { bias: false }).toString()).toBe('GRU(3, 4, bias=False)');
  });
});
