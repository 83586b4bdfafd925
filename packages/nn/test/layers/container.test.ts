import { IndexError, ones, randn, type Tensor } from '@q/tensor';
import { Identity, Linear, ModuleDict, ModuleError, ModuleList, ReLU, Sequential, type Module } from '@q/nn';

describe('Sequential', () => {
  it('runs its layers in order, given one by one or as an array', () => {
    const layers = [new Linear(2, 3), new ReLU(), new Linear(3, 1)];
    const x = ones([4, 2]);
    expect(new Sequential(...layers).forward(x).toArray()).toEqual(new Sequential(layers).forward(x).toArray());
    expect(new Sequential(layers).forward(x).shape).toEqual([4, 1]);
    expect(new Sequential().forward(x)).toBe(x);
  });

  it('takes a linear layer and a ReLU in one pass, unless one of them computes something else', () => {
    const layers = [new Linear(8, 6), new ReLU(), new ReLU(), new Linear(6, 6), new Linear(6, 2), new ReLU()];
    const x = randn([5, 8], { requiresGrad: true });
    const one = new Sequential(layers).forward(x);
    expect(one.node!.op.name).toBe('linearRelu');
    const steps = layers.reduce((y, layer) => layer.forward(y), x as Tensor);
    expect(one.toArray()).toEqual(steps.toArray());
    class Doubled extends Linear {
      override forward(y: Tensor): Tensor {
        return super.forward(y).mul(2);
      }
    }
    const doubled = new Doubled(8, 3);
    expect(new Sequential(doubled, new ReLU()).forward(x).toArray()).toEqual(doubled.forward(x).relu().toArray());
  });

  it('names its layers by their index', () => {
    const model = new Sequential(new ReLU(), new Linear(1, 1)).append(new Linear(1, 1, { bias: false }));
    expect(Object.keys(model.stateDict())).toEqual(['1.weight', '1.bias', '2.weight']);
    expect(model.at(-1)).toBe([...model][2]);
    expect(model.length).toBe(3);
    expect(() => model.at(3)).toThrow(IndexError);
  });

  it('refuses what is no module', () =>
    expect(() => new Sequential(null as unknown as ReLU)).toThrow(/entry 0 is not a module but null/));
});

describe('ModuleList and ModuleDict', () => {
  it('hold modules that are found, and have no forward of their own', () => {
    const list = new ModuleList(new Linear(1, 1), new Identity());
    const dict = new ModuleDict({ a: new Linear(1, 1), list });
    expect(dict.namedParameters().map(([name]) => name)).toEqual([
      'a.weight',
      'a.bias',
      'list.0.weight',
      'list.0.bias',
    ]);
    expect(() => list.forward()).toThrow(ModuleError);
    expect(() => dict.forward()).toThrow(ModuleError);
  });

  it('a dict keeps the order in which names were set, numbers among them', () => {
    const dict = new ModuleDict<Module>([
      ['10', new Linear(1, 1, { bias: false })],
      ['b', new ReLU()],
      ['2', new Linear(1, 1, { bias: false })],
    ]);
    dict.set('b', new Linear(1, 1, { bias: false })).set('1', new Identity());
    const keys = ['10', 'b', '2', '1'];
    for (const one of [dict, dict.clone()]) {
      expect([...one].map(([name]) => name)).toEqual(keys);
      expect(one.namedChildren().map(([name]) => name)).toEqual(keys);
      expect(Object.keys(one.stateDict())).toEqual(['10.weight', 'b.weight', '2.weight']);
      expect(one.get('2')).toBe([...one][2]![1]);
    }
    expect(() => dict.get('x')).toThrow(/There are: 10, b, 2, 1/);
  });

  it('a dict is read by name', () => {
    const relu = new ReLU();
    const dict = new ModuleDict([['act', relu]]);
    expect(dict.get('act')).toBe(relu);
    expect(dict.has('__proto__')).toBe(false);
    expect(dict.size).toBe(1);
    expect([...dict]).toEqual([['act', relu]]);
    expect(() => dict.get('missing')).toThrow(/no module "missing". There are: act/);
    expect(() => dict.set('a.b', relu)).toThrow(/must not be empty or contain a dot/);
  });
});
