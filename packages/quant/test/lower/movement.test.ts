import * as nn from '@q/nn';
import { manualSeed, noGrad, randn, type Tensor } from '@q/tensor';
import { lowerToInteger, QuantizationMixin, toQuantized } from '../../src/index.js';
import { activation, apart, calibrated, compared, simulated, slots, weights } from './layers.js';

beforeEach(() => manualSeed(7));

it.each<[string, () => nn.Module]>([
  ['MaxPool2d', () => new nn.MaxPool2d(3, { padding: 1, stride: 2 })],
  ['Flatten', () => new nn.Flatten()],
])('%s is the simulation bit for bit', (_name, make) => {
  const x = randn([3, 8, 11, 9]);
  const { route, most } = compared(simulated(make(), [x]), x);
  expect([route, most]).toEqual(['integer', 0]);
});

it('a pool that gives indices, too, stays as it is', () => {
  const pool = QuantizationMixin.fromModule(new nn.MaxPool2d(2, { returnIndices: true }));
  pool.inputQuantizers = [activation()];
  const x = randn([1, 2, 6, 6]);
  expect(lowerToInteger(calibrated(pool, x), x).report.floats[0]!.why).toMatch(/more than the integers/);
});

describe('what is written in place to a tensor is seen in its views, as in the simulation', () => {
  /** A layer that moves elements between two products, and what somebody does with its input and its result. */
  class Written extends nn.Module {
    first: nn.Layer;
    last = new nn.Linear(8, 3);
    constructor(
      readonly move: nn.Layer,
      image: boolean,
      readonly write: (h: Tensor, v: Tensor, moved: (x: Tensor) => Tensor) => Tensor,
    ) {
      super();
      this.first = image ? new nn.Conv2d(3, 2, 2) : new nn.Linear(8, 8);
    }
    forward(x: Tensor): Tensor {
      const h = this.first.forward(x);
      const v = this.move.forward(h);
      return this.last.forward(this.write(h, v, (x) => this.move.forward(x)));
    }
  }
  const back = (h: Tensor): Tensor => h.reshape([h.shape[0]!, 8]);
  const writes: readonly (readonly [string, (h: Tensor, v: Tensor) => Tensor])[] = [
    ['its input, and the result read', (h, v) => (h.mul_(2), back(v))],
    ['its result, and the input read', (h, v) => (v.mul_(2), back(h))],
    ['a view of its input, and the result read', (h, v) => (h.narrow(0, 0, 1).mul_(2), back(v))],
  ];
  const moves: readonly (readonly [string, () => nn.Layer, boolean])[] = [
    ['Flatten', () => new nn.Flatten(), false],
    ['Dropout', () => new nn.Dropout(0.5), false],
    ['Unflatten', () => new nn.Unflatten(1, [2, 4]), false],
  ];

  it.each(
    moves.flatMap(([move, make, image]) => writes.map(([what, write]) => [move, what, make, image, write] as const)),
  )('%s: to %s', (_move, _what, make, image, write) => {
    const x = image ? randn([5, 3, 3, 3]) : randn([5, 8]);
    const model = toQuantized(new Written(make(), image, write).eval());
    slots(model.first).inputQuantizers = [activation()];
    slots(model.first).outputQuantizers = [activation()];
    for (const layer of [model.first, model.last]) slots(layer).paramQuantizers.weight = weights();
    const { model: lowered, report } = lowerToInteger(calibrated(model, x), x);
    expect(report.floats.map(({ path }) => path)).toEqual(['last']);
    expect(report.floats[0]!.why).toMatch(/was written to in place/);
    const [difference, largest] = [apart(lowered, model, x)[0]!, noGrad(() => model.forward(x).abs().max().item())];
    expect(difference).toBeLessThan(largest / 50);
  });

  it.each<[string, Written['write']]>([
    ['its input, and a layer reads the result', (h, v) => (h.mul_(2), v)],
    ['its result, and a layer reads the input', (h, v, moved) => (v.mul_(2), moved(h))],
  ])('%s: throws where the integers of a convolution had to be copied', (_what, write) => {
    const x = randn([5, 3, 3, 3]);
    const model = toQuantized(new Written(new nn.Flatten(), true, write));
    slots(model.first).inputQuantizers = [activation()];
    slots(model.first).outputQuantizers = [activation()];
    for (const layer of [model.first, model.last]) slots(layer).paramQuantizers.weight = weights();
    expect(() => lowerToInteger(calibrated(model, x), x)).toThrow(
      /Flatten 'move': integers in this memory order are copied, .* written to in place, and the other is read/,
    );
  });

  it('a write to what nobody reads again does not matter', () => {
    const x = randn([5, 3, 3, 3]);
    const net = new Written(new nn.Flatten(), true, (h) => (h.mul_(2), h.reshape([5, 8])));
    const model = toQuantized(net);
    slots(model.first).inputQuantizers = [activation()];
    slots(model.first).outputQuantizers = [activation()];
    slots(model.last).inputQuantizers = [activation()];
    for (const layer of [model.first, model.last]) slots(layer).paramQuantizers.weight = weights();
    const { model: lowered, report } = lowerToInteger(calibrated(model, x), x);
    expect(report.floats).toEqual([]);
    expect(apart(lowered, model, x)[0]).toBeLessThan(0.05);
  });

  it('a write that only a later call makes is refused there', () => {
    let factor = 1;
    const net = new Written(new nn.Flatten(), false, (h, v) => (factor === 1 ? v : (h.mul_(factor), v)));
    const x = randn([5, 8]);
    const model = toQuantized(net);
    slots(model.first).inputQuantizers = [activation()];
    slots(model.first).outputQuantizers = [activation()];
    for (const layer of [model.first, model.last]) slots(layer).paramQuantizers.weight = weights();
    const { model: lowered, report } = lowerToInteger(calibrated(model, x), x);
    expect(report.floats).toEqual([]);
    factor = 2;
    expect(() => lowered.forward(x)).toThrow(/Linear 'last': its input arrives as floats: .* was written to in place/);
  });
});

it.each<[string, (x: Tensor, net: Record<'permute' | 'slice' | 'select' | 'expand', nn.Module>) => unknown]>([
  ['Permute', (x, { permute }) => permute.forward(x, [1, 0])],
  ['Slice', (x, { slice }) => slice.forward(x, [1, 4])],
  ['Select', (x, { select }) => select.forward(x, 0, 2)],
  ['Expand', (x, { expand }) => expand.forward(x, [3, 5, 8])],
])('%s gives a view, and what reads it computes on integers', (name, move) => {
  class Net extends nn.Module {
    tanh = new nn.Tanh();
    permute = new nn.Permute();
    slice = new nn.Slice();
    select = new nn.Select();
    expand = new nn.Expand();
    sum = new nn.Add();
    forward(x: Tensor): Tensor {
      const v = move(this.tanh.forward(x), this) as Tensor;
      return this.sum.forward(v, v);
    }
  }
  const x = randn([5, 8]);
  const model = toQuantized(new Net());
  slots(model.tanh).inputQuantizers = [activation()];
  for (const layer of [model.tanh, model.sum]) slots(layer).outputQuantizers = [activation()];
  const { model: lowered, report } = lowerToInteger(calibrated(model, x), x);
  const reached = report.layers.filter(({ why }) => why !== 'the sample did not reach it');
  expect(reached.map(({ kind, route }) => `${kind} ${route}`)).toEqual([
    'Tanh integer',
    `${name} integer`,
    'Add integer',
  ]);
  expect(apart(lowered, model, x)).toEqual([0]);
});
