import { ArgumentError, DTypeError, ones, tensor, zeros, type Tensor } from '@q/tensor';
import {
  BatchNorm1d,
  Dropout,
  Linear,
  Module,
  ModuleError,
  ModuleList,
  Parameter,
  ReLU,
  Sequential,
  slots,
  Tanh,
} from '@q/nn';

class Scale extends Module {
  factor = new Parameter(ones([3]));
  forward(x: Tensor): Tensor {
    return x.mul(this.factor);
  }
}

class Net extends Module {
  hidden = new Linear(4, 3);
  scales = [new Scale(), new Scale()];
  heads = { left: new Linear(3, 2, { bias: false }), right: null };
  table = zeros([2]);
  steps = 0;
  forward(x: Tensor): Tensor {
    return this.heads.left.forward(this.hidden.forward(x));
  }
}

const names = (pairs: readonly (readonly [string, unknown])[]): string[] => pairs.map(([name]) => name);

describe('walking a module', () => {
  it('finds parameters in properties, arrays and plain records, in the order of the properties', () => {
    expect(names(new Net().namedParameters())).toEqual([
      'hidden.weight',
      'hidden.bias',
      'scales.0.factor',
      'scales.1.factor',
      'heads.left.weight',
    ]);
  });

  it('tells buffers from parameters', () => {
    const net = new Net();
    expect(names(net.namedBuffers())).toEqual(['table']);
    expect(net.buffers()[0]).toBe(net.table);
    expect(net.parameters()).not.toContain(net.table);
  });

  it('lists modules parents first, and only direct children as children', () => {
    const net = new Net();
    expect(names(net.namedModules())).toEqual(['', 'hidden', 'scales.0', 'scales.1', 'heads.left']);
    expect(net.children()).toEqual([net.hidden, ...net.scales, net.heads.left]);
  });

  it('sees what was assigned after construction', () => {
    const net = new Net();
    const extra = new Parameter(zeros([1]));
    Object.assign(net, { extra });
    expect(net.parameters()).toContain(extra);
  });

  it('reports what stands in several places once', () => {
    class Tied extends Module {
      a = new Linear(2, 2);
      b = new Linear(2, 2);
      again = this.a;
      constructor() {
        super();
        this.b.weight = this.a.weight;
      }
      forward(): null {
        return null;
      }
    }
    const tied = new Tied();
    expect(names(tied.namedParameters())).toEqual(['a.weight', 'a.bias', 'b.bias']);
    expect(tied.children()).toEqual([tied.a, tied.b]);
  });

  it('ends where a module is reachable from itself', () => {
    class Child extends Module {
      constructor(readonly parent: Module) {
        super();
      }
      forward(): null {
        return null;
      }
    }
    class Parent extends Module {
      child = new Child(this);
      loop: unknown[] = [];
      constructor() {
        super();
        this.loop.push(this.loop);
      }
      forward(): null {
        return null;
      }
    }
    const parent = new Parent();
    expect(parent.modules()).toEqual([parent, parent.child]);
    expect(Object.keys(parent.stateDict())).toEqual([]);
  });

  it('uses the names a class declares for its properties, and those of the classes it extends', () => {
    class Renamed extends Module {
      static override readonly stateNames: Record<string, string | null> = {
        runningMean: 'running_mean',
        weights: '',
        cache: null,
      };
      runningMean = zeros([1]);
      weights = { weight_ih_l0: new Parameter(zeros([1])) };
      cache = zeros([1]);
      forward(): null {
        return null;
      }
    }
    class Further extends Renamed {
      static override readonly stateNames: Record<string, string | null> = { more: 'more_state' };
      more = zeros([1]);
    }
    const module = new Further();
    expect(names(module.namedBuffers())).toEqual(['running_mean', 'cache', 'more_state']);
    expect(names(module.namedParameters())).toEqual(['weight_ih_l0']);
    expect(Object.keys(module.stateDict()).sort()).toEqual(['more_state', 'running_mean', 'weight_ih_l0']);
  });

  it('says where each thing stands, so that it can be replaced and put back', () => {
    const linear = new Linear(2, 2);
    const { weight } = linear;
    const other = new Parameter(zeros([2, 2]));
    const slot = [...slots(linear)].find(({ name }) => name === 'weight')!;
    slot.owner[slot.key] = other;
    expect(linear.weight).toBe(other);
    slot.owner[slot.key] = slot.value;
    expect(linear.weight).toBe(weight);
  });
});

describe('modes and gradients', () => {
  it('switches all descendants between training and evaluation', () => {
    const model = new Sequential(new Linear(2, 2), new Sequential(new Dropout(0.5)));
    expect(model.eval()).toBe(model);
    expect(model.modules().map(({ training }) => training)).toEqual([false, false, false, false]);
    model.train();
    expect(model.modules().every(({ training }) => training)).toBe(true);
    for (const mode of ['eval', 0, null])
      expect(() => model.train(mode as unknown as boolean)).toThrow(/Module.train: mode must be true or false/);
    expect(model.modules().every(({ training }) => training)).toBe(true);
  });

  it('drops gradients and freezes parameters', () => {
    const linear = new Linear(2, 1);
    linear
      .forward(ones([1, 2]))
      .sum()
      .backward();
    expect(linear.weight.grad?.toArray()).toEqual([[1, 1]]);
    linear.zeroGrad();
    expect(linear.weight.grad).toBeNull();
    linear.requiresGrad_(false);
    expect(linear.forward(ones([1, 2])).requiresGrad).toBe(false);
  });

  it('changes no mode where a descendant is frozen', () => {
    const model = new Sequential(new Dropout(0.5), Object.freeze(new Dropout(0.5)));
    expect(() => model.eval()).toThrow(ModuleError);
    expect(() => model.eval()).toThrow(/Module.train: '1.training' cannot be assigned: what holds it is frozen/);
    expect(model.modules().every(({ training }) => training)).toBe(true);
  });

  it('gives no parameter a gradient where one cannot have any', () => {
    const counts = Object.assign(new Linear(1, 1), {
      table: new Parameter(zeros([2], { dtype: 'int32' }), { requiresGrad: false }),
    });
    const model = new Sequential(new Linear(1, 1), counts).requiresGrad_(false);
    expect(() => model.requiresGrad_(true)).toThrow(DTypeError);
    expect(() => model.requiresGrad_()).toThrow(/only floating parameters have gradients, '1.table' is int32/);
    expect(() => model.requiresGrad_('false' as unknown as boolean)).toThrow(ArgumentError);
    expect(model.parameters().some(({ requiresGrad }) => requiresGrad)).toBe(false);
  });

  it('applies a function to children in their order, then to their parent, each once', () => {
    const relu = new ReLU();
    const model = new Sequential(new Linear(1, 1), relu, new Sequential(new Tanh(), relu));
    const seen: string[] = [];
    model.apply((module) => seen.push(module.constructor.name));
    expect(seen).toEqual(['Linear', 'ReLU', 'Tanh', 'Sequential', 'Sequential']);
  });
});

describe('to', () => {
  it('replaces floating tensors, keeps shared ones shared and leaves integers alone', () => {
    const norm = new BatchNorm1d(2);
    const model = new ModuleList(norm, norm).to('float64');
    expect(model.parameters().map(({ dtype }) => dtype)).toEqual(['float64', 'float64']);
    expect(norm.numBatchesTracked?.dtype).toBe('int32');
    expect(model.at(0)).toBe(model.at(1));
    expect(norm.weight?.requiresGrad).toBe(true);
    expect(() => model.to('int8')).toThrow(DTypeError);
  });

  it('replaces nothing where something stands in a frozen object', () => {
    const model = new Sequential(new Linear(1, 1), Object.freeze(new Linear(1, 1)));
    expect(() => model.to('float64')).toThrow(ModuleError);
    expect(() => model.to('float64')).toThrow(/Module.to: '1.weight' cannot be assigned: what holds it is frozen/);
    expect(model.parameters().map(({ dtype }) => dtype)).toEqual(['float32', 'float32', 'float32', 'float32']);
    expect(model.to('float32')).toBe(model);
  });
});

describe('clone', () => {
  it('has parameters of its own, of equal values, with sharing preserved', () => {
    const model = new Net();
    model.scales[1] = model.scales[0]!;
    const copy = model.clone();
    expect(copy).toBeInstanceOf(Net);
    expect(copy.scales[0]).toBe(copy.scales[1]);
    expect(copy.scales[0]).not.toBe(model.scales[0]);
    expect(copy.hidden.weight).toBeInstanceOf(Parameter);
    expect(copy.hidden.weight.toArray()).toEqual(model.hidden.weight.toArray());
    copy.hidden.loadStateDict({ weight: zeros([3, 4]), bias: zeros([3]) });
    expect(model.hidden.weight.toArray()).not.toEqual(zeros([3, 4]).toArray());
  });
});

describe('toString', () => {
  it('prints the tree as PyTorch does', () => {
    class Model extends Module {
      body = new Sequential(new Linear(5, 10), new ReLU(), new Sequential(new Dropout(0.2)));
      head = new Linear(10, 2, { bias: false });
      forward(x: Tensor): Tensor {
        return this.head.forward(this.body.forward(x));
      }
    }
    expect(new Model().toString()).toBe(`Model(
  (body): Sequential(
    (0): Linear(in_features=5, out_features=10, bias=True)
    (1): ReLU()
    (2): Sequential(
      (0): Dropout(p=0.2, inplace=False)
    )
  )
  (head): Linear(in_features=10, out_features=2, bias=False)
)`);
    expect(tensor([1]) instanceof Module).toBe(false);
  });

  it('prints a module that stands inside itself once, one that stands in several places in each', () => {
    class Knot extends Module {
      body: Module[] = [];
      own = new ReLU();
      again = this.own;
      override extraRepr(): string {
        return 'knotted';
      }
      forward(): null {
        return null;
      }
    }
    const knot = new Knot();
    const inside = new Sequential(new ReLU());
    Object.assign(inside, { parent: knot });
    knot.body.push(inside);
    expect(String(knot)).toBe(`Knot(
  knotted
  (body.0): Sequential(
    (0): ReLU()
    (parent): Knot(...)
  )
  (own): ReLU()
  (again): ReLU()
)`);
  });
});
