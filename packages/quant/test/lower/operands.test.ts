import { noGrad, randn, scope } from '@q/tensor';
import { AffineEncoding, DequantizedTensor, lowerToInteger } from '../../src/index.js';
import { Gate } from '../../src/lower/operands.js';
import { calibratedMlp } from './layers.js';

const encoding = (scale: number) => new AffineEncoding(scale, -10, { bitwidth: 8, signed: false });

describe('a gate', () => {
  it('gives what another gate of the same grid made of the same floats', () => {
    const x = randn([40, 50]);
    const [first, second, other] = [new Gate(encoding(0.1)), new Gate(encoding(0.1)), new Gate(encoding(0.2))];
    const { values } = first.enter(x);
    expect(second.enter(x).values).toBe(values);
    expect(other.enter(x).values.toArray()).toEqual(encoding(0.2).quantize(x).toArray());
  });

  it('takes it once: the next time is another call, which divides anew', () => {
    const x = randn([40, 50]);
    const [first, second] = [new Gate(encoding(0.1)), new Gate(encoding(0.1))];
    const { values } = first.enter(x);
    const again = first.enter(x).values;
    expect(again).not.toBe(values);
    expect(second.enter(x).values).toBe(again);
  });

  it('sees that the floats were written to, or that the integers are gone', () => {
    const x = randn([40, 50]);
    const gates = Array.from({ length: 4 }, () => new Gate(encoding(0.1)));
    gates[0]!.enter(x);
    x.mul_(2);
    expect(gates[1]!.enter(x).values.toArray()).toEqual(encoding(0.1).quantize(x).toArray());
    x.add_(1);
    scope(() => void gates[2]!.enter(x));
    expect(gates[3]!.enter(x).values.toArray()).toEqual(encoding(0.1).quantize(x).toArray());
    // Whoever holds the array may write to it at any time.
    x.data[0] = 5;
    gates[0]!.enter(x);
    x.data[0] = 0;
    expect(gates[1]!.enter(x).values.toArray()).toEqual(encoding(0.1).quantize(x).toArray());
  });
});

it('integers pass between layers: nothing makes their floats', () => {
  const x = randn([4, 16]);
  const { model } = lowerToInteger(calibratedMlp(x), x);
  const hidden = noGrad(() => model.relu.forward(model.first.forward(x)));
  expect(hidden).toBeInstanceOf(DequantizedTensor);
  expect(hidden.storage.isPending).toBe(true);
  noGrad(() => model.second.forward(hidden));
  expect(hidden.storage.isPending).toBe(true);
  expect(hidden.data.length).toBe(4 * 32);
  expect(hidden.storage.isPending).toBe(false);
});
