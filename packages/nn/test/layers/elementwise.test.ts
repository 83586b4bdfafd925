import { tensor } from '@q/tensor';
import * as nn from '@q/nn';

const x = tensor([1, 4]);
const y = tensor([2, 2]);

describe('operations as modules', () => {
  it.each([
    ['Add', new nn.Add(), [3, 6], [12, 14], [11, 14]],
    ['Subtract', new nn.Subtract(), [-1, 2], [8, 8], [-9, -6]],
    ['Multiply', new nn.Multiply(), [2, 8], [20, 20], [10, 40]],
    ['Divide', new nn.Divide(), [0.5, 2], [5, 5], [0.1, 0.4]],
    ['FloorDivide', new nn.FloorDivide(), [0, 2], [5, 5], [0, 0]],
    ['Remainder', new nn.Remainder(), [1, 0], [0, 0], [1, 4]],
    ['Pow', new nn.Pow(), [1, 16], [100, 100], [1, 1048576]],
    ['Greater', new nn.Greater(), [0, 1], [1, 1], [0, 0]],
    ['LessEqual', new nn.LessEqual(), [1, 0], [0, 0], [1, 1]],
    ['NotEqual', new nn.NotEqual(), [1, 1], [1, 1], [1, 1]],
  ] as const)('%s takes tensors and numbers on either side', (_, module, both, numberFirst, numberSecond) => {
    const close = (found: unknown, wanted: readonly number[]): void =>
      (found as number[]).forEach((value, i) => expect(value).toBeCloseTo(wanted[i]!, 6));
    close(module.forward(x, y).toArray(), both);
    if (_ !== 'Add') close(module.forward(10, y).toArray(), numberFirst);
    else close(module.forward(10, x.mul(1).add(1)).toArray(), [12, 15]);
    close(module.forward(x, 10).toArray(), numberSecond);
  });

  it('two numbers make a 0-d tensor', () => expect(new nn.Subtract().forward(5, 3).item()).toBe(2));

  it('gradients flow to both operands', () => {
    const [a, b] = [tensor([2], { requiresGrad: true }), tensor([5], { requiresGrad: true })];
    new nn.Divide().forward(a, b).backward();
    expect(a.grad!.item()).toBeCloseTo(0.2, 6);
    expect(b.grad!.item()).toBeCloseTo(-0.08, 6);
  });

  it('print their class name only', () => expect(new nn.Exponential().toString()).toBe('Exponential()'));

  it('have a class each', () => {
    expect(new nn.Add()).toBeInstanceOf(nn.Module);
    expect(new nn.Add()).not.toBeInstanceOf(nn.Multiply);
  });
});
