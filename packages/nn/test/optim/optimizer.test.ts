import { ArgumentError, memoryUsage, ones, QError, randn, scope, tensor, zeros, type Tensor } from '@q/tensor';
import { Linear, ModuleError, Parameter } from '@q/nn';
import { Adadelta, Adagrad, Adam, Adamax, AdamW, NAdam, RAdam, RMSprop, SGD, type Optimizer } from '@q/nn/optim';
import { param, run } from './steps.js';

const makers = {
  SGD: (p: Tensor) => new SGD([p], { lr: 0.1, momentum: 0.9, nesterov: true }),
  Adam: (p: Tensor) => new Adam([p], { lr: 0.1, amsgrad: true }),
  AdamW: (p: Tensor) => new AdamW([p], { lr: 0.1 }),
  RMSprop: (p: Tensor) => new RMSprop([p], { lr: 0.1, momentum: 0.5, centered: true }),
  Adagrad: (p: Tensor) => new Adagrad([p], { lr: 0.1 }),
  Adadelta: (p: Tensor) => new Adadelta([p], { lr: 10 }),
  Adamax: (p: Tensor) => new Adamax([p], { lr: 0.1 }),
  NAdam: (p: Tensor) => new NAdam([p], { lr: 0.1 }),
  RAdam: (p: Tensor) => new RAdam([p], { lr: 0.1 }),
};

describe.each(Object.entries(makers))('%s', (_, make) => {
  it('updates in place and keeps the parameter a leaf', () => {
    const p = param(1, 2);
    const { storage } = p;
    run(make(p), p, 0, 2);
    expect(p.storage).toBe(storage);
    expect(p.isLeaf && p.requiresGrad).toBe(true);
    expect(p.toArray()).not.toEqual([1, 2]);
  });

  it('goes on exactly where a saved state was taken', () => {
    const [a, b] = [param(1, 2), param(1, 2)];
    const whole = make(a);
    run(whole, a, 0, 6);
    const first = make(b);
    run(first, b, 0, 3);
    const saved = first.stateDict();
    const second = make(b);
    (second as { loadStateDict(state: unknown): void }).loadStateDict(saved);
    run(second, b, 3, 6);
    expect(b.toArray()).toEqual(a.toArray());
  });

  it('gives the memory of gradients that nobody has asked for back at once, and of no others', () => {
    const p = new Parameter(randn([20_000]));
    const optimizer = make(p);
    const pass = (): void => {
      p.mul(p).sum().backward();
      optimizer.step();
    };
    pass();
    optimizer.zeroGrad();
    pass();
    const held = memoryUsage().used;
    optimizer.zeroGrad();
    expect(held - memoryUsage().used).toBeGreaterThanOrEqual(80_000);
    pass();
    const seen = p.grad!;
    const values = seen.toArray();
    optimizer.zeroGrad();
    pass();
    expect(p.grad).not.toBe(seen);
    expect(seen.toArray()).toEqual(values);
  });

  it.each(['float16', 'bfloat16', 'float64'] as const)('moves parameters of %s, whatever the options', (dtype) => {
    const p = new Parameter(tensor([1, 2], { dtype }));
    const optimizer = make(p);
    for (const options of [{}, { weightDecay: 0.1 }, { maximize: true }, { weightDecay: 0.1, maximize: true }]) {
      Object.assign(optimizer.paramGroups[0]!, { weightDecay: 0, maximize: false }, options);
      const before = p.toArray();
      p.grad = tensor([0.5, -0.5], { dtype });
      optimizer.step();
      expect(p.toArray()).not.toEqual(before);
    }
    const memory = Object.values(optimizer.state.get(p)!).filter((value) => typeof value !== 'number');
    expect(memory.map((value) => value.dtype)).toEqual(memory.map(() => dtype));
  });

  it('takes what it remembers to the dtype of the parameter it is loaded for', () => {
    const [a, b] = [param(1, 2), new Parameter(tensor([1, 2], { dtype: 'float64' }))];
    const [first, second] = [make(a), make(b)];
    run(first, a, 0, 1);
    (second as { loadStateDict(state: unknown): void }).loadStateDict(first.stateDict());
    for (const value of Object.values(second.state.get(b)!))
      if (typeof value !== 'number') expect(value.dtype).toBe('float64');
    b.grad = tensor([1, 1], { dtype: 'float64' });
    second.step();
    expect(b.toArray()).not.toEqual([1, 2]);
  });

  it('keeps what is loaded within a scope', () => {
    const [a, b] = [param(1, 2), param(1, 2)];
    const [first, second] = [make(a), make(b)];
    run(first, a, 0, 1);
    scope(() => (second as { loadStateDict(state: unknown): void }).loadStateDict(first.stateDict()));
    run(second, b, 1, 2);
    expect(b.toArray()).not.toEqual([1, 2]);
  });

  describe('where a step cannot be finished, moves nothing', () => {
    const large = (): Parameter => new Parameter(zeros([100]));
    const counts = (): Tensor => zeros([1], { dtype: 'int32' });
    const graded = (parameter: Parameter, grad: Tensor): Parameter => Object.assign(parameter, { grad });
    const freed = <T extends Tensor>(makes: () => T): T => {
      let found!: T;
      scope(() => void (found = makes()));
      return found;
    };

    /** The optimizer with a first group that could move; `breaks` spoils the second one. */
    function expectNothingMoves(breaks: (second: Record<string, unknown>) => void): void {
      const first = param(1, 2);
      const optimizer = make(first) as Optimizer;
      run(optimizer, first, 0, 1);
      optimizer.addParamGroup({ params: [graded(param(3), tensor([1]))] });
      const seen = (): unknown => [
        first.toArray(),
        [...optimizer.state.values()].map((state) => JSON.stringify(state)),
      ];
      const before = seen();
      breaks(optimizer.paramGroups[1] as object as Record<string, unknown>);
      expect(() => optimizer.step()).toThrow(QError);
      expect(seen()).toEqual(before);
    }

    it.each<[string, () => unknown]>([
      ['is no tensor', () => 5],
      ['counts', () => graded(new Parameter(counts(), { requiresGrad: false }), counts())],
      ['was freed', () => graded(freed(large), zeros([100]))],
      ['has a gradient that was freed', () => graded(large(), freed(large).detach())],
      ['is expanded', () => graded(new Parameter(zeros([1]).expand([3])), zeros([3]))],
    ])('for a parameter that %s', (_what, makes) => expectNothingMoves((second) => (second.params = [makes()])));

    it('for a group without a list of parameters', () => expectNothingMoves((second) => (second.params = null)));

    it('for a first rate that is no number', () => expectNothingMoves((second) => (second.initialLr = 'x')));

    it.each(Object.keys(make(param(1)).defaults))('for %s out of range', (name) => {
      const wrong = (usual: unknown): readonly unknown[] => {
        if (typeof usual === 'boolean') return ['false', 0, null];
        return typeof usual === 'number' ? ['x', NaN, Infinity] : [[2, 2], [0.9], 'xy'];
      };
      for (const i of [0, 1, 2]) expectNothingMoves((second) => (second[name] = wrong(second[name])[i]));
    });
  });

  it('leaves parameters without a gradient alone', () => {
    const p = param(1, 2);
    make(p).step();
    expect(p.toArray()).toEqual([1, 2]);
  });
});

describe('Optimizer', () => {
  it('leaves gradients to subclasses that remember them', () => {
    const seen: Tensor[] = [];
    class Recorder extends SGD {
      protected override update(...args: Parameters<SGD['update']>): void {
        seen.push(args[1]);
        super.update(...args);
      }
    }
    const p = new Parameter(randn([1000]));
    const optimizer = new Recorder([p], { lr: 0.1 });
    for (let i = 0; i < 2; i++) {
      optimizer.zeroGrad();
      p.mul(2).sum().backward();
      optimizer.step();
    }
    optimizer.zeroGrad();
    expect(seen.map((grad) => grad.sum().item())).toEqual([2000, 2000]);
  });

  it('lets a closure compute loss and gradients', () => {
    const linear = new Linear(2, 1);
    const optimizer = new SGD(linear.parameters(), { lr: 0.01 });
    const loss = optimizer.step(() => {
      optimizer.zeroGrad();
      const value = linear
        .forward(ones([4, 2]))
        .square()
        .mean();
      value.backward();
      return value;
    });
    const after = linear
      .forward(ones([4, 2]))
      .square()
      .mean()
      .item();
    expect(after).toBeLessThan(loss!.item());
  });

  it.each([
    ['maxExpAvgSq', new Adam([param(1, 2)], { amsgrad: true })],
    ['gradAvg', new RMSprop([param(1, 2)], { centered: true })],
    ['momentumBuffer', new SGD([param(1, 2)], { lr: 0.1, momentum: 0.9 })],
  ])('refuses a %s that is no tensor', (key, optimizer: { paramGroups: { params: Tensor[] }[]; step(): unknown }) => {
    run(optimizer, optimizer.paramGroups[0]!.params[0]!, 0, 1);
    const { stateDict, loadStateDict } = optimizer as SGD;
    const saved = stateDict.call(optimizer);
    const bad = { ...saved, state: { 0: { ...saved.state[0], [key]: -1 } } };
    expect(() => loadStateDict.call(optimizer, bad)).toThrow(`${key} of parameter 0 must be a tensor, got -1`);
  });

  it('takes the options of a loaded group over its own', () => {
    const [a, b] = [param(1, 2), param(1, 2)];
    const [plain, centered] = [new RMSprop([a]), new RMSprop([b], { centered: true })];
    run(plain, a, 0, 1);
    centered.loadStateDict(plain.stateDict());
    expect(centered.paramGroups[0]!.centered).toBe(false);
    run(centered, b, 1, 2);
    expect(Object.keys(centered.state.get(b)!)).toEqual(['squareAvg']);
  });

  it('takes a tensor as a group of one', () => {
    const [a, b] = [param(0), param(0)];
    const optimizer = new SGD([{ params: a }, { params: [b], lr: 1 }], { lr: 0.5 });
    expect(optimizer.paramGroups.map(({ params }) => params)).toEqual([[a], [b]]);
    expect(() => optimizer.addParamGroup({ params: a })).toThrow(/given twice/);
  });

  it('takes options that are undefined as absent', () => {
    const options = { lr: undefined, betas: undefined, weightDecay: undefined } as object;
    expect(new Adam([param(1)], options).defaults).toEqual(new Adam([param(1)]).defaults);
    expect(new AdamW([param(1)], options).defaults).toEqual(new AdamW([param(1)]).defaults);
    const undef = { weightDecay: undefined, maximize: undefined } as object;
    expect(new RMSprop([param(1)], undef).defaults).toEqual(new RMSprop([param(1)]).defaults);
    expect(new Adagrad([param(1)], undef).defaults).toEqual(new Adagrad([param(1)]).defaults);
    expect(new SGD([param(1)], { lr: 1, ...undef }).defaults).toEqual(new SGD([param(1)], { lr: 1 }).defaults);
    expect(() => new SGD([param(1)], { lr: undefined as unknown as number })).toThrow(
      /lr must be a finite number of at least 0, got undefined/,
    );
  });

  it.each([{ weight_decay: 1 }, { learningRate: 1 }])('refuses the misspelt option of %j', (options) => {
    const params = [param(1)];
    expect(() => new Adam(params, options as object)).toThrow(/Adam: there is no option '\w+'. Known: lr, betas,/);
    expect(() => new SGD([{ params, ...options } as { params: Parameter[] }], { lr: 1 })).toThrow(/SGD: there is no/);
  });

  it('gives groups their own options and the rest the defaults', () => {
    const [a, b] = [param(0), param(0)];
    const optimizer = new SGD([{ params: [a] }, { params: [b], lr: 1 }], { lr: 0.5 });
    a.grad = tensor([1]);
    b.grad = tensor([1]);
    optimizer.step();
    expect([a.item(), b.item()]).toEqual([-0.5, -1]);
    optimizer.zeroGrad();
    expect(a.grad).toBeNull();
  });

  it.each([
    ['no parameters', () => new SGD([], { lr: 1 }), /no parameters/],
    ['a parameter twice', () => new SGD([{ params: [shared] }, { params: [shared] }], { lr: 1 }), /given twice/],
    ['a computed tensor', () => new SGD([param(1).mul(2)], { lr: 1 }), /computed from other tensors/],
    [
      'groups and parameters together',
      () => new SGD([param(1), { params: [param(1)] }] as Parameter[], { lr: 1 }),
      /not both/,
    ],
    ['a negative rate', () => new SGD([param(1)], { lr: -1 }), /lr must be a finite number of at least 0/],
  ])('refuses %s', (_, make, message) => {
    expect(make).toThrow(ArgumentError);
    expect(make).toThrow(message);
  });
  const shared = param(1);

  describe('refuses a broken state, and stays as it was,', () => {
    type Saved = ReturnType<Adam['stateDict']>;

    function expectRefused(spoiled: (saved: Saved) => object): void {
      const p = param(1, 2);
      const optimizer = new Adam([p]);
      run(optimizer, p, 0, 1);
      const seen = (): string => JSON.stringify([optimizer.stateDict(), [...optimizer.state.values()]]);
      const before = seen();
      expect(() => optimizer.loadStateDict(spoiled(optimizer.stateDict()) as Saved)).toThrow(QError);
      expect(seen()).toBe(before);
    }

    it.each([-1, 1.5, NaN, Infinity])('with %p steps', (step) =>
      expectRefused(({ state, paramGroups }) => ({ paramGroups, state: { 0: { ...state[0], step } } })),
    );

    it.each([
      { maximize: 'false' },
      { lr: Infinity },
      { lr: null },
      { betas: [2, 2] },
      { initialLr: 'x' },
      { initialLr: null },
    ])('with the options %p', (options) =>
      expectRefused(({ state, paramGroups }) => ({ state, paramGroups: [{ ...paramGroups[0]!, ...options }] })),
    );

    it.each(['', ' 0 ', '0.0', '0e0', '-0', '1'])('with a parameter %p', (key) =>
      expectRefused(({ state, paramGroups }) => ({ paramGroups, state: { [key]: state[0] } })),
    );
  });

  it('refuses a state whose groups give two parameters one number', () => {
    const optimizer = new SGD([param(1), param(2)], { lr: 1 });
    const { state, paramGroups } = optimizer.stateDict();
    const bad = { state, paramGroups: [{ ...paramGroups[0]!, params: [0, 0] }] };
    expect(() => optimizer.loadStateDict(bad)).toThrow(/two parameters have one number/);
  });

  it('refuses a state of other groups or shapes and stays as it was', () => {
    const p = param(1, 2);
    const optimizer = new Adam([p]);
    run(optimizer, p, 0, 1);
    const before = optimizer.state.get(p)!.expAvg.toArray();
    const [state] = [optimizer.stateDict()];
    expect(() => optimizer.loadStateDict({ ...state, paramGroups: [] })).toThrow(ModuleError);
    expect(() =>
      optimizer.loadStateDict({ ...state, state: { 0: { ...state.state[0]!, expAvg: zeros([3]) } } }),
    ).toThrow(/expAvg of parameter 0 has shape \[3\]/);
    expect(() => optimizer.loadStateDict({ ...state, state: { 0: { step: 1 } } })).toThrow(/parameter 0 has no expAvg/);
    expect(optimizer.state.get(p)!.expAvg.toArray()).toEqual(before);
  });
});
