import { ArgumentError, DTypeError, Generator, randn, ShapeError, tensor, zeros, type Tensor } from '@q/tensor';
import { functional, MultiheadAttention } from '@q/nn';

const generator = new Generator(4);
const random = (...shape: number[]): Tensor => randn(shape, { generator });
const bools = (values: number[][]): Tensor => tensor(values, { dtype: 'bool' });

describe('MultiheadAttention', () => {
  it('is scaled dot product attention per head between linear layers', () => {
    const layer = new MultiheadAttention(6, 2, { batchFirst: true });
    const x = random(3, 4, 6);
    const [q, k, v] = functional
      .linear(x, layer.inProjWeight!, layer.inProjBias)
      .reshape([3, 4, 3, 2, 3])
      .permute([2, 0, 3, 1, 4])
      .unbind(0) as [Tensor, Tensor, Tensor];
    const heads = functional.scaledDotProductAttention(q, k, v).transpose(1, 2).reshape([3, 4, 6]);
    const [y] = layer.forward(x, x, x);
    expect(y.allclose(layer.outProj.forward(heads), { atol: 1e-6 })).toBe(true);
  });

  it('gives weights that sum to 1, averaged over the heads or not, or none', () => {
    const layer = new MultiheadAttention(6, 2);
    const [x, m] = [random(4, 3, 6), random(5, 3, 6)];
    const [, mean] = layer.forward(x, m, m);
    const [, each] = layer.forward(x, m, m, { averageAttnWeights: false });
    expect([mean!.shape, each!.shape]).toEqual([
      [3, 4, 5],
      [3, 2, 4, 5],
    ]);
    expect(each!.mean(1).allclose(mean!, { atol: 1e-6 })).toBe(true);
    expect(mean!.sum(-1).allclose(tensor(1), { atol: 1e-5 })).toBe(true);
    expect(layer.forward(x, m, m, { needWeights: false })[1]).toBeNull();
  });

  it('hides keys by bool masks as by -Infinity', () => {
    const layer = new MultiheadAttention(4, 2);
    const x = random(3, 2, 4);
    const attnMask = bools([
      [0, 1, 1],
      [0, 0, 1],
      [0, 0, 0],
    ]);
    const keyPaddingMask = bools([
      [0, 0, 1],
      [0, 0, 0],
    ]);
    const [y, weights] = layer.forward(x, x, x, { attnMask, keyPaddingMask });
    const additive = (mask: Tensor): Tensor => zeros(mask.shape).maskedFill(mask, -Infinity);
    const [z] = layer.forward(x, x, x, {
      attnMask: additive(attnMask),
      keyPaddingMask: additive(keyPaddingMask),
    });
    expect(y.equal(z)).toBe(true);
    expect(
      weights!
        .maskedSelect(attnMask.logicalOr(keyPaddingMask.unsqueeze(1)))
        .abs()
        .sum()
        .item(),
    ).toBe(0);
  });

  it('takes a mask per sample and head', () => {
    const layer = new MultiheadAttention(4, 2);
    const x = random(3, 1, 4);
    const masks = zeros([2, 3, 3], { dtype: 'bool' });
    masks.set_([1, 0, 2], 1);
    const [, weights] = layer.forward(x, x, x, { attnMask: masks, averageAttnWeights: false });
    expect(weights!.select(0, 0).eq(0).toArray()).toEqual(masks.toArray());
  });

  it('appends a learned key and one of zeros, which no mask hides', () => {
    const layer = new MultiheadAttention(4, 2, { addBiasKv: true, addZeroAttn: true });
    const x = random(3, 2, 4);
    const hidden = {
      attnMask: zeros([3, 3]).add(-Infinity),
      keyPaddingMask: bools([
        [1, 1, 1],
        [0, 0, 0],
      ]),
    };
    const [, weights] = layer.forward(x, x, x, hidden);
    expect(weights!.shape).toEqual([2, 3, 5]);
    expect(weights!.narrow(2, 0, 3).sum().item()).toBe(0);
    expect(weights!.narrow(2, 3, 2).sum(-1).allclose(tensor(1))).toBe(true);
  });

  it('takes a sequence without a batch, with its padding mask', () => {
    const layer = new MultiheadAttention(4, 2, { batchFirst: true });
    const x = random(3, 4);
    const keyPaddingMask = tensor([0, 1, 0], { dtype: 'bool' });
    const [y, weights] = layer.forward(x, x, x, { keyPaddingMask });
    const batch = x.unsqueeze(0);
    const [z] = layer.forward(batch, batch, batch, { keyPaddingMask: keyPaddingMask.unsqueeze(0) });
    expect(y.allclose(z.squeeze(0))).toBe(true);
    expect(weights!.shape).toEqual([3, 3]);
  });

  it.each([
    ['no samples', [3, 0, 4], [5, 0, 4], [0, 3, 5]],
    ['no queries', [0, 2, 4], [5, 2, 4], [2, 0, 5]],
  ])('takes %s', (_, query, key, weights) => {
    const layer = new MultiheadAttention(4, 2);
    const memory = zeros(key);
    const [y, mean] = layer.forward(zeros(query), memory, memory);
    const [, each] = layer.forward(zeros(query), memory, memory, { averageAttnWeights: false });
    y.sum().backward();
    expect([y.shape, mean!.shape, each!.shape]).toEqual([query, weights, [weights[0], 2, ...weights.slice(1)]]);
    expect(layer.inProjWeight!.grad!.abs().sum().item()).toBe(0);
  });

  it('drops weights in training only', () => {
    const layer = new MultiheadAttention(4, 1, { dropout: 1 });
    const x = random(3, 2, 4);
    expect(layer.forward(x, x, x)[1]!.sum().item()).toBe(0);
    expect(layer.eval().forward(x, x, x)[1]!.sum().item()).toBeCloseTo(6, 5);
  });

  it('has the parameters of PyTorch', () => {
    expect(Object.keys(new MultiheadAttention(4, 2, { addBiasKv: true }).stateDict())).toEqual([
      'in_proj_weight',
      'in_proj_bias',
      'bias_k',
      'bias_v',
      'out_proj.weight',
      'out_proj.bias',
    ]);
    expect(Object.keys(new MultiheadAttention(4, 2, { kdim: 3, bias: false }).stateDict())).toEqual([
      'q_proj_weight',
      'k_proj_weight',
      'v_proj_weight',
      'out_proj.weight',
    ]);
  });

  it('refuses sizes and masks that do not fit', () => {
    const layer = new MultiheadAttention(4, 2, { kdim: 3 });
    const [x, key] = [random(3, 2, 4), random(5, 2, 3)];
    expect(() => new MultiheadAttention(4, 3)).toThrow(ArgumentError);
    expect(() => layer.forward(x, x, x)).toThrow(ShapeError);
    expect(() => layer.forward(x, key, random(4, 2, 4))).toThrow(ShapeError);
    expect(() => layer.forward(x.select(1, 0), key, random(5, 2, 4))).toThrow(ShapeError);
    const value = random(5, 2, 4);
    expect(() => layer.forward(x, key, value, { attnMask: zeros([5, 3]) })).toThrow(
      /attnMask must be \[3, 5\] or \[4, 3, 5\]/,
    );
    expect(() => layer.forward(x, key, value, { keyPaddingMask: zeros([5, 2]) })).toThrow(
      /keyPaddingMask must be \[2, 5\]/,
    );
    expect(() => layer.forward(x, key, value, { attnMask: zeros([3, 5], { dtype: 'int32' }) })).toThrow(DTypeError);
  });
});
