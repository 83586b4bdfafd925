import { ArgumentError } from '@q/tensor';
import { AvgPool1d, BatchNorm1d, CELU, ConstantPad1d, LayerNorm, Linear } from '@q/nn';
import { Adam, StepLR } from '@q/nn/optim';

describe('options from JSON', () => {
  it.each(['__proto__', 'constructor', 'forward'])('%s is no option of a layer', (name) => {
    const options = JSON.parse(`{ "${name}": { "polluted": true }, "alpha": 2 }`) as { alpha: number };
    expect(() => new CELU(options)).toThrow(`CELU: there is no option '${name}'. Known: alpha.`);
  });

  it('__proto__ in the state of an optimizer leaves its groups what they are', () => {
    const optimizer = new Adam(new Linear(2, 2).parameters(), { lr: 0.1 });
    const text = JSON.stringify(optimizer.stateDict()).replace('"lr":', '"__proto__":{"polluted":1},"lr":');
    optimizer.loadStateDict(JSON.parse(text) as ReturnType<typeof optimizer.stateDict>);
    expect(Object.getPrototypeOf(optimizer.paramGroups[0])).toBe(Object.prototype);
    expect(optimizer.paramGroups[0]!.lr).toBe(0.1);
  });
});

const nobody = Object.create(null) as never;

it.each<[string, () => unknown]>([
  ['BatchNorm1d', () => new BatchNorm1d(nobody)],
  ['AvgPool1d', () => new AvgPool1d(nobody)],
  ['ConstantPad1d', () => new ConstantPad1d(nobody, 0)],
  ['LayerNorm', () => new LayerNorm(undefined as never)],
  ['StepLR', () => new StepLR(undefined as never, 1)],
  ['Adam', () => new Adam(undefined as never, { lr: 1 })],
  ['Adam of groups', () => new Adam([null] as never, { lr: 1 })],
])('%s names what it cannot take, whatever it is', (_name, make) => expect(make).toThrow(ArgumentError));
