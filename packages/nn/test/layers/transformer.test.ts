import { ArgumentError, Generator, randn, tensor, type Tensor } from '@q/tensor';
import {
  LayerNorm,
  Tanh,
  Transformer,
  TransformerDecoder,
  TransformerDecoderLayer,
  TransformerEncoder,
  TransformerEncoderLayer,
} from '@q/nn';

const generator = new Generator(8);
const random = (...shape: number[]): Tensor => randn(shape, { generator });
const small = { dimFeedforward: 5, dropout: 0 } as const;

describe('transformer layers', () => {
  it('normalize behind each part, or before with normFirst', () => {
    const x = random(4, 2, 6);
    const post = new TransformerEncoderLayer(6, 2, small).forward(x);
    expect(post.mean(-1).allclose(tensor(0), { atol: 1e-6 })).toBe(true);
    const pre = new TransformerEncoderLayer(6, 2, { ...small, normFirst: true });
    pre.linear2.loadStateDict({ weight: pre.linear2.weight.mul(0), bias: pre.linear2.bias!.mul(0) });
    pre.selfAttn.outProj.loadStateDict({
      weight: pre.selfAttn.outProj.weight.mul(0),
      bias: pre.selfAttn.outProj.bias!.mul(0),
    });
    expect(pre.forward(x).equal(x)).toBe(true);
  });

  it('take any module as activation', () => {
    const layer = new TransformerEncoderLayer(6, 2, { ...small, activation: new Tanh() });
    expect(layer.activation).toBeInstanceOf(Tanh);
    expect(layer.forward(random(4, 2, 6)).shape).toEqual([4, 2, 6]);
    expect(() => new TransformerEncoderLayer(6, 2, { activation: 'tanh' as 'relu' })).toThrow(/"relu", "gelu"/);
  });

  it('without bias have weights only', () =>
    expect(Object.keys(new TransformerEncoderLayer(6, 2, { ...small, bias: false }).stateDict())).toEqual([
      'self_attn.in_proj_weight',
      'self_attn.out_proj.weight',
      'linear1.weight',
      'linear2.weight',
      'norm1.weight',
      'norm2.weight',
    ]));

  it('list what a decoder has in the order of PyTorch', () => {
    const layer = new TransformerDecoderLayer(6, 2, small);
    const order = ['self_attn', 'multihead_attn', 'linear1', 'linear2', 'norm1', 'norm2', 'norm3'];
    for (const list of [layer, layer.clone()]) {
      const names = [...list.namedParameters().map(([name]) => name), ...Object.keys(list.stateDict())];
      const found = names.map((name) => name.split('.')[0]!);
      expect(found.filter((part, i) => part !== found[i - 1])).toEqual([...order, ...order]);
    }
  });

  it('keep what a decoder makes of a position from the later ones by a causal mask', () => {
    const layer = new TransformerDecoderLayer(6, 2, small);
    const [tgt, memory] = [random(4, 1, 6), random(3, 1, 6)];
    const tgtMask = Transformer.generateSquareSubsequentMask(4);
    const whole = layer.forward(tgt, memory, { tgtMask });
    const start = layer.forward(tgt.slice([0, 2]), memory, { tgtMask: tgtMask.slice([0, 2], [0, 2]) });
    expect(whole.slice([0, 2]).allclose(start, { atol: 1e-6 })).toBe(true);
  });

  it('hide padded keys of the memory', () => {
    const layer = new TransformerDecoderLayer(6, 2, small);
    const [tgt, memory] = [random(2, 1, 6), random(3, 1, 6)];
    const memoryKeyPaddingMask = tensor([[0, 0, 1]], { dtype: 'bool' });
    const y = layer.forward(tgt, memory, { memoryKeyPaddingMask });
    expect(y.allclose(layer.forward(tgt, memory.slice([0, 2])), { atol: 1e-6 })).toBe(true);
  });
});

describe('TransformerEncoder and TransformerDecoder', () => {
  it('copy their layer: equal at first, independent then', () => {
    const layer = new TransformerEncoderLayer(6, 2, small);
    const encoder = new TransformerEncoder(layer, 2, { norm: new LayerNorm(6) });
    const [first, second] = [encoder.layers.at(0), encoder.layers.at(1)];
    expect(first.linear1.weight.equal(second.linear1.weight)).toBe(true);
    expect(first.linear1.weight).not.toBe(second.linear1.weight);
    const x = random(4, 2, 6);
    expect(encoder.forward(x).allclose(encoder.norm!.forward(second.forward(first.forward(x))))).toBe(true);
    expect(Object.keys(encoder.stateDict())).toContain('layers.1.self_attn.in_proj_weight');
    expect(() => new TransformerEncoder(layer, 0)).toThrow(ArgumentError);
  });

  it('pass their masks on', () => {
    const decoder = new TransformerDecoder(new TransformerDecoderLayer(6, 2, small), 2);
    const [tgt, memory] = [random(3, 1, 6), random(2, 1, 6)];
    const tgtMask = Transformer.generateSquareSubsequentMask(3);
    const first = decoder.forward(tgt, memory, { tgtMask }).select(0, 0);
    const alone = decoder.forward(tgt.slice([0, 1]), memory).select(0, 0);
    expect(first.allclose(alone, { atol: 1e-5 })).toBe(true);
  });
});

describe('Transformer', () => {
  const options = { dModel: 6, nhead: 2, numEncoderLayers: 1, numDecoderLayers: 2, ...small };

  it('decodes a target on what it encoded of a source, with gradients everywhere', () => {
    const model = new Transformer({ ...options, batchFirst: true });
    const [src, tgt] = [random(2, 5, 6), random(2, 3, 6)];
    const y = model.forward(src, tgt);
    expect(y.shape).toEqual([2, 3, 6]);
    expect(y.allclose(model.decoder.forward(tgt, model.encoder.forward(src)))).toBe(true);
    y.square().sum().backward();
    for (const [name, { grad }] of model.namedParameters()) expect([name, grad === null]).toEqual([name, false]);
  });

  it('makes masks that hide later positions', () =>
    expect(Transformer.generateSquareSubsequentMask(2).toArray()).toEqual([
      [0, -Infinity],
      [0, 0],
    ]));
});
