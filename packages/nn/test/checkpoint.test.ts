import {
  BatchNorm1d,
  Embedding,
  Linear,
  LSTM,
  Module,
  ModuleDict,
  ModuleError,
  Sequential,
  Tanh,
  TransformerEncoder,
  TransformerEncoderLayer,
} from '@q/nn';
import { zeros, type Tensor } from '@q/tensor';
import { readSafetensors } from '@q/tensor/io';

class Tagger extends Module {
  embed = new Embedding(5, 8);
  encoder = new TransformerEncoder(new TransformerEncoderLayer(8, 2, { dimFeedforward: 16 }), 2);
  lstm = new LSTM(8, 4, { bidirectional: true });
  norm = new BatchNorm1d(8);
  heads = new ModuleDict({
    tag: new Sequential(new Linear(8, 3), new Tanh()),
    score: new Linear(8, 1, { bias: false }),
  });

  forward(): null {
    return null;
  }
}

/** What `state_dict()` of the same modules has in PyTorch. */
const checkpoint: Readonly<Record<string, readonly number[]>> = {
  'embed.weight': [5, 8],
  ...Object.fromEntries(
    [0, 1].flatMap((i) =>
      Object.entries({
        'self_attn.in_proj_weight': [24, 8],
        'self_attn.in_proj_bias': [24],
        'self_attn.out_proj.weight': [8, 8],
        'self_attn.out_proj.bias': [8],
        'linear1.weight': [16, 8],
        'linear1.bias': [16],
        'linear2.weight': [8, 16],
        'linear2.bias': [8],
        'norm1.weight': [8],
        'norm1.bias': [8],
        'norm2.weight': [8],
        'norm2.bias': [8],
      }).map(([name, shape]) => [`encoder.layers.${i}.${name}`, shape]),
    ),
  ),
  ...Object.fromEntries(
    ['', '_reverse'].flatMap((direction) => [
      [`lstm.weight_ih_l0${direction}`, [16, 8]],
      [`lstm.weight_hh_l0${direction}`, [16, 4]],
      [`lstm.bias_ih_l0${direction}`, [16]],
      [`lstm.bias_hh_l0${direction}`, [16]],
    ]),
  ),
  'norm.weight': [8],
  'norm.bias': [8],
  'norm.running_mean': [8],
  'norm.running_var': [8],
  'norm.num_batches_tracked': [],
  'heads.tag.0.weight': [3, 8],
  'heads.tag.0.bias': [3],
  'heads.score.weight': [1, 8],
};

const numel = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** The checkpoint as `safetensors.torch.save_file` writes it, counters in int64; entry number `i` is full of `i + 1`. */
function file(): Uint8Array {
  const header: Record<string, unknown> = {};
  const parts: Uint8Array[] = [];
  let at = 0;
  Object.entries(checkpoint).forEach(([name, shape], i) => {
    const counter = name.endsWith('num_batches_tracked');
    const values = counter ? BigInt64Array.of(BigInt(i + 1)) : new Float32Array(numel(shape)).fill(i + 1);
    const bytes = new Uint8Array(values.buffer);
    header[name] = { dtype: counter ? 'I64' : 'F32', shape, data_offsets: [at, (at += bytes.length)] };
    parts.push(bytes);
  });
  const text = new TextEncoder().encode(JSON.stringify(header));
  const length = new Uint8Array(BigUint64Array.of(BigInt(text.length)).buffer);
  return Uint8Array.from([length, text, ...parts].flatMap((part) => [...part]));
}

describe('a checkpoint of PyTorch with nested names', () => {
  it('loads strictly, every entry into its place', () => {
    const model = new Tagger();
    expect(model.loadStateDict(readSafetensors(file()))).toEqual({ missingKeys: [], unexpectedKeys: [] });
    const state = model.stateDict();
    expect(Object.fromEntries(Object.entries(state).map(([name, { shape }]) => [name, [...shape]]))).toEqual(
      checkpoint,
    );
    Object.keys(checkpoint).forEach((name, i) => expect(new Set(state[name]!.data)).toEqual(new Set([i + 1])));
  });

  it('that misses entries, has others and some of other shapes is refused with all of them named, and changes nothing', () => {
    const model = new Tagger();
    const before = Object.values(model.stateDict()).map((value) => value.clone());
    const state: Record<string, Tensor> = { ...readSafetensors(file()) };
    delete state['encoder.layers.1.self_attn.in_proj_bias'];
    delete state['lstm.bias_hh_l0_reverse'];
    state['encoder.layers.2.linear1.weight'] = zeros([16, 8]);
    state['module.embed.weight'] = zeros([5, 8]);
    state['heads.tag.0.weight'] = zeros([8, 3]);
    state['norm.running_var'] = zeros([9]);
    let message = '';
    try {
      model.loadStateDict(state);
    } catch (cause) {
      expect(cause).toBeInstanceOf(ModuleError);
      message = (cause as Error).message;
    }
    expect(message).toContain('missing: encoder.layers.1.self_attn.in_proj_bias, lstm.bias_hh_l0_reverse');
    expect(message).toContain('unexpected: encoder.layers.2.linear1.weight, module.embed.weight');
    expect(message).toContain('heads.tag.0.weight has shape [8, 3], the module wants [3, 8]');
    expect(message).toContain('norm.running_var has shape [9], the module wants [8]');
    Object.values(model.stateDict()).forEach((value, i) => expect(value.equal(before[i]!)).toBe(true));
  });
});
