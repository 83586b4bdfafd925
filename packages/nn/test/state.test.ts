import { full, ones, scope, tensor, zeros, type Tensor } from '@q/tensor';
import { BatchNorm1d, Linear, Module, ModuleError, ModuleList, Parameter, Sequential } from '@q/nn';

class Counter extends Module {
  weight = new Parameter(zeros([2]));
  count = 0;
  forward(): null {
    return null;
  }
  override getExtraState(): Tensor {
    return tensor([this.count], { dtype: 'int32' });
  }
  override setExtraState(state: Tensor | null): void {
    if (state !== null && state.data[0]! < 0) throw new ModuleError('Counter: cannot count below 0.');
    this.count = state === null ? -1 : state.data[0]!;
  }
}

const error = (fn: () => unknown): string => {
  try {
    fn();
  } catch (cause) {
    expect(cause).toBeInstanceOf(ModuleError);
    return (cause as Error).message;
  }
  throw new Error('nothing was thrown');
};

describe('stateDict', () => {
  it('shares storage with the module and stands outside the graph', () => {
    const linear = new Linear(2, 1);
    const { weight } = linear.stateDict();
    expect(weight!.requiresGrad).toBe(false);
    expect(weight!.storage).toBe(linear.weight.storage);
  });

  it('lists shared parameters under each of their names', () => {
    const first = new Linear(2, 2);
    const second = new Linear(2, 2);
    second.weight = first.weight;
    expect(Object.keys(new Sequential(first, second).stateDict())).toEqual([
      '0.weight',
      '0.bias',
      '1.weight',
      '1.bias',
    ]);
  });

  it('contains extra states', () => {
    expect(Object.keys(new Counter().stateDict())).toEqual(['weight', '_extra_state']);
  });

  it('refuses two entries of one name', () => {
    class Clash extends Module {
      static override readonly stateNames: Record<string, string> = { a: 'b' };
      a = zeros([1]);
      b = zeros([1]);
      forward(): null {
        return null;
      }
    }
    expect(error(() => new Clash().stateDict())).toMatch(/two entries are called 'b'/);
  });
});

describe('loadStateDict', () => {
  it('copies into the tensors that are there', () => {
    const linear = new Linear(2, 1);
    const { weight } = linear;
    const source = ones([1, 2]);
    expect(linear.loadStateDict({ weight: source, bias: full([1], 3, { dtype: 'float32' }) })).toEqual({
      missingKeys: [],
      unexpectedKeys: [],
    });
    expect(linear.weight).toBe(weight);
    expect(weight.toArray()).toEqual([[1, 1]]);
    expect(weight.storage).not.toBe(source.storage);
    expect(linear.weight.requiresGrad).toBe(true);
  });

  it('takes a map, and a state of another floating dtype', () => {
    const linear = new Linear(2, 1, { bias: false });
    linear.loadStateDict(new Map([['weight', full([1, 2], 0.5, { dtype: 'float16' })]]));
    expect(linear.weight.dtype).toBe('float32');
    expect(linear.weight.toArray()).toEqual([[0.5, 0.5]]);
  });

  it('lists everything that does not fit at once and changes nothing', () => {
    const model = new Sequential(new Linear(2, 2), new Linear(2, 1), new Linear(1, 1));
    const before = JSON.stringify(Object.values(model.stateDict()).map((value) => value.toArray()));
    const message = error(() =>
      model.loadStateDict({
        '0.weight': ones([2, 2]),
        '0.bias': ones([3]),
        '1.weight': ones([1, 2], { dtype: 'int32' }),
        '2.weight': 'x' as unknown as Tensor,
        '2.bias': ones([1]),
        '9.weight': ones([1]),
      }),
    );
    expect(message).toMatch(/missing: 1\.bias/);
    expect(message).toMatch(/unexpected: 9\.weight/);
    expect(message).toMatch(/0\.bias has shape \[3\], the module wants \[2\]/);
    expect(message).toMatch(/1\.weight has dtype int32, the module wants float32/);
    expect(message).toMatch(/2\.weight is not a tensor but string/);
    expect(JSON.stringify(Object.values(model.stateDict()).map((value) => value.toArray()))).toBe(before);
  });

  it('changes nothing where an entry, or a tensor of the module, was freed', () => {
    const second = new Linear(20, 20);
    const model = new ModuleList(new Linear(20, 20), second, new Counter());
    const state = new ModuleList(new Linear(20, 20), new Linear(20, 20), new Counter()).stateDict();
    const before = JSON.stringify(model.stateDict());
    const freed: Tensor[] = [];
    scope(() => void freed.push(ones([20, 20]), ones([100])));
    const [weight, extra] = freed as [Tensor, Tensor];
    const message = error(() => model.loadStateDict({ ...state, '1.weight': weight, '2._extra_state': extra }));
    expect(message).toMatch(/1\.weight was freed when its scope\(\) ended: return it from the scope, or keep\(\) it/);
    expect(message).toMatch(/2\._extra_state was freed/);
    expect(JSON.stringify(model.stateDict())).toBe(before);
    second.weight = new Parameter(weight);
    expect(error(() => model.loadStateDict(state))).toMatch(
      /1\.weight cannot be written: the module's tensor was freed/,
    );
  });

  it('wants to be told with a boolean whether to be strict', () =>
    expect(() => new Linear(1, 1).loadStateDict({}, { strict: 'false' as unknown as boolean })).toThrow(
      /loadStateDict: strict must be true or false, got "false"/,
    ));

  it('without strict, loads what matches and tells what does not', () => {
    const linear = new Linear(2, 1);
    const result = linear.loadStateDict({ weight: ones([1, 2]), other: ones([1]) }, { strict: false });
    expect(result).toEqual({ missingKeys: ['bias'], unexpectedKeys: ['other'] });
    expect(linear.weight.toArray()).toEqual([[1, 1]]);
    expect(() => linear.loadStateDict({ weight: ones([5]) }, { strict: false })).toThrow(ModuleError);
  });

  it('reads hostile names as names', () => {
    const linear = new Linear(1, 1, { bias: false });
    const state = JSON.parse('{"__proto__": 1, "constructor": 2}') as Record<string, Tensor>;
    expect(error(() => linear.loadStateDict(state))).toMatch(/unexpected: __proto__, constructor/);
    expect(({} as Record<string, unknown>).weight).toBeUndefined();
  });

  it('exchanges entries of the module itself', () => {
    const model = new Sequential(new Linear(1, 1, { bias: false }), new Linear(1, 1, { bias: false }));
    model.loadStateDict({ '0.weight': tensor([[1]]), '1.weight': tensor([[2]]) });
    const state = model.stateDict();
    model.loadStateDict({ '0.weight': state['1.weight']!, '1.weight': state['0.weight']! });
    expect(model.parameters().map((parameter) => parameter.item())).toEqual([2, 1]);
  });

  it('hands extra states over, and null where there is none', () => {
    const [from, to] = [new Counter(), new Counter()];
    from.count = 7;
    to.loadStateDict(from.stateDict());
    expect(to.count).toBe(7);
    to.loadStateDict({ weight: zeros([2]) });
    expect(to.count).toBe(-1);
  });

  it('puts extra states back where a later one is refused', () => {
    class Pair extends Module {
      a = new Counter();
      b = new Counter();
      forward(): null {
        return null;
      }
    }
    const pair = new Pair();
    const state = pair.stateDict();
    state['a._extra_state'] = tensor([5], { dtype: 'int32' });
    state['b._extra_state'] = tensor([-5], { dtype: 'int32' });
    state['a.weight'] = ones([2]);
    expect(error(() => pair.loadStateDict(state))).toMatch(/cannot count below 0/);
    expect(pair.a.count).toBe(0);
    expect(pair.a.weight.toArray()).toEqual([0, 0]);
  });

  it('refuses to write into an expanded tensor, whose elements share places', () => {
    class Wide extends Module {
      table = zeros([1]).expand([3]);
      forward(): null {
        return null;
      }
    }
    expect(error(() => new Wide().loadStateDict({ table: ones([3]) }))).toMatch(/table cannot be written/);
  });
});

it('a batch norm keeps its count where a checkpoint has none', () => {
  const norm = new BatchNorm1d(3);
  const state = Object.fromEntries(Object.entries(norm.stateDict()).filter(([name]) => name !== 'num_batches_tracked'));
  expect(norm.loadStateDict(state).missingKeys).toEqual([]);
  expect(norm.stateDict().num_batches_tracked!.item()).toBe(0);
});

describe('the way out of names that do not fit', () => {
  const net = () => new Sequential(new Linear(2, 2));
  const renamed = (rename: (name: string) => string): Record<string, Tensor> =>
    Object.fromEntries(Object.entries(net().stateDict()).map(([name, value]) => [rename(name), value]));

  it('is to take off what a wrapper has put before them', () => {
    const state = renamed((name) => `module.${name}`);
    expect(error(() => net().loadStateDict(state))).toMatch(
      /The names fit without 'module\.' before them: take it off\.$/,
    );
    expect(error(() => net().loadStateDict({ ...state, 'module.other': zeros([1]) }))).toMatch(/strict: false/);
  });

  it('is to say how a property is called in state dicts', () => {
    class Block extends Module {
      layerNorm = new Linear(2, 2);
      forward(): null {
        return null;
      }
    }
    const state = { 'layer_norm.weight': zeros([2, 2]), 'layer_norm.bias': zeros([2]) };
    expect(error(() => new Block().loadStateDict(state))).toMatch(
      /Its 'layer_norm' is a property 'layerNorm' here: .* \{ layerNorm: 'layer_norm' \}\.$/,
    );
  });

  it('is otherwise to load what matches', () =>
    expect(error(() => net().loadStateDict(renamed((name) => `${name}2`)))).toMatch(/Pass \{ strict: false \}/));
});
