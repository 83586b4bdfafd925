import { ArgumentError, tensor } from '@q/tensor';
import { SGD, type SGDOptions } from '@q/nn/optim';
import { course, courseOf, expectSame, param } from './steps.js';

/** The update as PyTorch's documentation states it. */
function wanted(options: Partial<SGDOptions> & { readonly lr: number }): number[] {
  const { lr, momentum = 0, dampening = 0, weightDecay = 0, nesterov = false, maximize = false } = options;
  let b = 0;
  return courseOf((value, gradient, t) => {
    const g = (maximize ? -gradient : gradient) + weightDecay * value;
    b = t === 1 ? g : momentum * b + (1 - dampening) * g;
    return value - lr * (momentum === 0 ? g : nesterov ? g + momentum * b : b);
  });
}

describe('SGD', () => {
  it.each([
    { lr: 0.1 },
    { lr: 0.1, momentum: 0.9 },
    { lr: 0.1, momentum: 0.9, dampening: 0.5, weightDecay: 0.2 },
    { lr: 0.1, momentum: 0.9, nesterov: true, maximize: true },
  ])('takes the steps of the formula with %j', (options) =>
    expectSame(
      course((parameter) => new SGD([parameter], options)),
      wanted(options),
    ),
  );

  it('maximizes where asked', () => {
    const p = param(0);
    p.grad = tensor([1]);
    new SGD([p], { lr: 1, maximize: true }).step();
    expect(p.item()).toBe(1);
  });

  it.each([
    [{ lr: 1, nesterov: true }, /nesterov needs a momentum/],
    [
      { lr: 1, nesterov: true, momentum: 0.9, dampening: 0.1 },
      /nesterov needs a momentum above 0 and a dampening of 0/,
    ],
    [{ lr: 1, dampening: NaN }, /dampening must be a finite number, got NaN/],
    [{ lr: 1, momentum: -1 }, /momentum must be a finite number of at least 0, got -1/],
  ])('refuses %j', (options, message) => {
    expect(() => new SGD([param(1)], options)).toThrow(ArgumentError);
    expect(() => new SGD([param(1)], options)).toThrow(message);
  });
});
