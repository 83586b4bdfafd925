import { ArgumentError } from '@q/tensor';
import { Adam, Adamax, AdamW, NAdam, RAdam } from '@q/nn/optim';
import { param } from './steps.js';

describe.each(Object.entries({ Adam, AdamW, Adamax, NAdam, RAdam }))('the betas of %s', (name, Class) => {
  it.each([
    [[0.9, 1], `${name}: betas[1] must be a finite number of at least 0 and below 1, got 1`],
    [[-0.1, 0.9], `${name}: betas[0] must be`],
    [[NaN, 0.9], `${name}: betas[0] must be`],
    [[0.9], `${name}: betas must be two numbers, got [0.9]`],
    [0.9, `${name}: betas must be two numbers, got 0.9`],
  ])('are not %j', (betas, message) => {
    const make = (): unknown => new Class([param(1)], { betas: betas as [number, number] });
    expect(make).toThrow(ArgumentError);
    expect(make).toThrow(message);
  });
});
