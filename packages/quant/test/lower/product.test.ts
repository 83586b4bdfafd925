import * as nn from '@q/nn';
import { manualSeed, noGrad, randn, ShapeError, type Tensor } from '@q/tensor';
import { lowerToInteger, toQuantized } from '../../src/index.js';
import { activation, apart, calibrated, compared, simulated, slots, stepOf, weights } from './layers.js';

beforeEach(() => manualSeed(7));

const image = () => randn([3, 8, 11, 9]);

describe('products on integers are the simulation but for ties: one step in at most 0.1 % of the elements', () => {
  it.each<[string, () => nn.Module, () => Tensor, Parameters<typeof simulated>[2]]>([
    ['Linear per tensor', () => new nn.Linear(64, 50), () => randn([40, 64]), { weight: [] }],
    ['Linear per channel', () => new nn.Linear(64, 50), () => randn([40, 64]), { weight: [50, 1] }],
    ['Linear with leading dims', () => new nn.Linear(64, 50), () => randn([2, 20, 64]), { weight: [50, 1] }],
    ['Linear of int4', () => new nn.Linear(64, 50), () => randn([40, 64]), { weight: [50, 1], weightBits: 4 }],
    [
      'Linear of an asymmetric weight',
      () => new nn.Linear(64, 50),
      () => randn([40, 64]),
      { weight: [50, 1], weightSymmetric: false },
    ],
    [
      'Linear of signed activations',
      () => new nn.Linear(64, 50),
      () => randn([40, 64]),
      { weight: [50, 1], symmetric: true },
    ],
    [
      'Conv1d',
      () => new nn.Conv1d(8, 12, 3, { padding: 1, dilation: 2 }),
      () => randn([3, 8, 40]),
      { weight: [12, 1, 1] },
    ],
    ['Conv2d', () => new nn.Conv2d(8, 12, 3, { padding: 1 }), image, { weight: [12, 1, 1, 1] }],
    ['Conv2d pointwise', () => new nn.Conv2d(8, 12, 1), image, { weight: [12, 1, 1, 1] }],
    [
      'Conv2d with stride and groups',
      () => new nn.Conv2d(8, 12, 3, { stride: [2, 1], groups: 4, padding: [1, 2] }),
      image,
      { weight: [12, 1, 1, 1] },
    ],
    [
      'Conv2d depthwise',
      () => new nn.Conv2d(8, 16, 3, { groups: 8, padding: 'same' }),
      image,
      { weight: [16, 1, 1, 1] },
    ],
    ['Conv3d', () => new nn.Conv3d(2, 4, 2), () => randn([2, 2, 5, 6, 7]), { weight: [4, 1, 1, 1, 1] }],
    [
      'ConvTranspose1d',
      () => new nn.ConvTranspose1d(8, 6, 4, { stride: 2 }),
      () => randn([3, 8, 20]),
      { weight: [1, 6, 1] },
    ],
    [
      'ConvTranspose2d with all options',
      () =>
        new nn.ConvTranspose2d(8, 6, 3, { stride: [2, 3], padding: [1, 2], outputPadding: [1, 2], dilation: [2, 1] }),
      image,
      { weight: [1, 6, 1, 1] },
    ],
    [
      'ConvTranspose2d with groups',
      () => new nn.ConvTranspose2d(8, 6, 3, { stride: 2, groups: 2 }),
      image,
      { weight: [1, 3, 1, 1] },
    ],
  ])('%s', (_name, make, input, setting) => {
    const x = input();
    const { route, most, share } = compared(simulated(make(), [x], setting), x);
    expect(route).toBe('integer');
    expect(most).toBeLessThanOrEqual(1);
    expect(share).toBeLessThanOrEqual(0.001);
  });

  it.each<[string, () => nn.Module, () => [Tensor, Tensor]]>([
    ['MatMul', () => new nn.MatMul(), () => [randn([2, 3, 20, 30]), randn([30, 25])]],
    ['Bmm', () => new nn.Bmm(), () => [randn([3, 20, 30]), randn([3, 30, 25])]],
  ])('%s', (_name, make, operands) => {
    const inputs = operands();
    const { most, share } = compared(simulated(make(), inputs), ...inputs);
    expect(most).toBeLessThanOrEqual(1);
    expect(share).toBeLessThanOrEqual(0.001);
  });

  it.each([false, true])(
    'Linear and Conv2d of 16-bit activations, symmetric %s: within two steps of 65536',
    (symmetric) => {
      for (const [make, x, weight] of [
        [() => new nn.Linear(64, 50), randn([40, 64]), [50, 1]],
        [() => new nn.Conv2d(8, 12, 3, { padding: 1 }), image(), [12, 1, 1, 1]],
      ] as const) {
        const { route, most } = compared(simulated(make(), [x], { weight: [...weight], bits: 16, symmetric }), x);
        expect(route).toBe('integer');
        expect(most).toBeLessThanOrEqual(2);
      }
    },
  );

  it('DynamicLinear of 12-bit operands, whose bytes are multiplied apart', () => {
    const inputs = [randn([4, 9]), randn([6, 9]), randn([6])];
    const model = slots(toQuantized(new nn.DynamicLinear()));
    model.inputQuantizers = [activation(12, true), activation(12, true), null];
    const lowered = lowerToInteger(calibrated(model, ...inputs), inputs);
    expect(lowered.report.floats).toEqual([]);
    expect(apart(lowered.model, model, ...inputs)[0]).toBeLessThan(1e-4);
  });

  it('DynamicLinear sees that its bias or weight was written to, is another or is not there', () => {
    const inputs = [randn([4, 9]), randn([6, 9]), randn([6])] as const;
    const model = slots(toQuantized(new nn.DynamicLinear()));
    model.inputQuantizers = [activation(), activation(), null];
    model.outputQuantizers = [activation()];
    const { model: integer } = lowerToInteger(calibrated(model, ...inputs), [...inputs]);
    const [x, weight, bias] = inputs;
    const step = stepOf(model);
    const check = (...added: readonly Tensor[]): void =>
      expect(apart(integer, model, x, weight, ...added)[0]).toBeLessThanOrEqual(1.01 * step);
    check(bias);
    noGrad(() => bias.mul_(-1));
    check(bias);
    check(bias.flip([0]));
    check();
    check(bias);
    check(bias);
    // Whoever holds the array may write to it at any time.
    for (const parameter of [bias, weight]) {
      const { data } = parameter;
      check(bias);
      data.fill(0.5);
      check(bias);
    }
  });

  it('sums that could leave 32 bits remain floats, and the report says so', () => {
    const wide = randn([2, 70000]);
    const layer = simulated(new nn.Linear(70000, 1), [wide], { weight: [], bits: 16 });
    layer.paramQuantizers.weight!.requiresGrad_(false);
    const { report } = lowerToInteger(layer, wide);
    expect(report.floats[0]!.why).toMatch(
      /do not fit accumulators of 32 bits. Its weights allow inputs up to \d+ steps/,
    );
  });
});

/** A transposed convolution that is asked for the sizes of its result. */
class Sized extends nn.Module {
  up = new nn.ConvTranspose1d(2, 3, 3, { stride: 2, padding: 1 });
  size: number | null = null;

  forward(x: Tensor): Tensor {
    return this.up.forward(x, { outputSize: this.size === null ? null : [this.size] });
  }
}

it('a transposed convolution gives the sizes that its call asks for', () => {
  const model = toQuantized(new Sized());
  Object.assign(slots(model.up), { inputQuantizers: [activation()], outputQuantizers: [activation()] });
  slots(model.up).paramQuantizers.weight = weights();
  const x = randn([2, 2, 5]);
  model.size = 10;
  const { model: integer, report } = lowerToInteger(calibrated(model, x), x);
  expect(report.floats).toEqual([]);
  const step = stepOf(model.up);
  for (const size of [10, 9, null]) {
    integer.size = model.size = size;
    expect(noGrad(() => integer.forward(x)).shape).toEqual([2, 3, size ?? 9]);
    expect(apart(integer, model, x)[0]).toBeLessThanOrEqual(1.01 * step);
  }
  integer.size = 11;
  expect(() => integer.forward(x)).toThrow(ShapeError);
  expect(() => integer.forward(x)).toThrow(/'up'.*\[11\] is impossible; it can be \[9\] to \[10\]/);
});
