import { tensor, type Tensor } from '@q/tensor';
import { Parameter } from '@q/nn';
import { SGD } from '@q/nn/optim';

/** A parameter of float32. */
export const param = (...values: number[]): Parameter => new Parameter(tensor(values));

/** Steps under a fixed sequence of gradients, so that two runs can be compared. */
export function run(optimizer: { step(): unknown }, parameter: Tensor, from: number, to: number): void {
  for (let i = from; i < to; i++) {
    parameter.grad = tensor([Math.sin(i), Math.cos(2 * i)]);
    optimizer.step();
  }
}

/** Throws unless an optimizer that loads its own state after a step, and then is given options, goes on as one that does not load. */
export function expectOwnStateLoads<
  S,
  O extends { step(): unknown; stateDict(): S; loadStateDict(state: S): void; paramGroups: object[] },
>(make: (param: Parameter) => O, later: object): void {
  const [a, b] = [param(1, 2), param(1, 2)];
  const [whole, loaded] = [make(a), make(b)];
  run(whole, a, 0, 1);
  run(loaded, b, 0, 1);
  for (const optimizer of [whole, loaded]) Object.assign(optimizer.paramGroups[0]!, later);
  loaded.loadStateDict(loaded.stateDict());
  run(whole, a, 1, 3);
  run(loaded, b, 1, 3);
  expect(b.toArray()).toEqual(a.toArray());
}

/** The gradient of a step: of changing sign and size. */
export const gradientAt = (step: number): number => Math.sin(3 * step) * (1 + (step % 4));

/** Where 20 steps of an optimizer take a float64 parameter from 0.7, step by step. */
export function course(make: (param: Tensor) => { step(): unknown }): number[] {
  const param = new Parameter(tensor([0.7], { dtype: 'float64' }));
  const optimizer = make(param);
  return Array.from({ length: 20 }, (_, i) => {
    param.grad = tensor([gradientAt(i + 1)], { dtype: 'float64' });
    optimizer.step();
    return param.item();
  });
}

/** The same by a formula for the next value, given the number of the step from 1 on. */
export function courseOf(next: (value: number, gradient: number, step: number) => number): number[] {
  let value = 0.7;
  return Array.from({ length: 20 }, (_, i) => (value = next(value, gradientAt(i + 1), i + 1)));
}

/** Throws unless two courses agree. */
export function expectSame(found: readonly number[], wanted: readonly number[]): void {
  found.forEach((value, i) => expect([i, value]).toEqual([i, expect.closeTo(wanted[i]!, 12)]));
}

/** An optimizer with a group for each rate. */
export const sgdOf = (...lrs: readonly number[]): SGD =>
  new SGD(
    lrs.map((lr) => ({ params: [param(0)], lr })),
    { lr: 1, momentum: 0.9 },
  );
