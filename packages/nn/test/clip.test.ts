import { ArgumentError, tensor, type Tensor } from '@q/tensor';
import { clipGradNorm, clipGradValue, Parameter } from '@q/nn';

function withGrads(...grads: readonly number[][]): { params: Tensor[]; grads: () => unknown[] } {
  const params = grads.map((values) => {
    const param = new Parameter(tensor(values.map(() => 0)));
    param.grad = tensor(values);
    return param;
  });
  return { params, grads: () => params.map(({ grad }) => grad?.toArray()) };
}

describe('clipGradNorm', () => {
  it('scales all gradients by one factor and returns the norm before', () => {
    const { params, grads } = withGrads([3, 0], [0, 4]);
    expect(clipGradNorm(params, 1).item()).toBe(5);
    const [[a], [, b]] = grads() as [[number, number], [number, number]];
    expect(a).toBeCloseTo(0.6, 5);
    expect(b).toBeCloseTo(0.8, 5);
  });

  it('leaves smaller gradients alone, and parameters without one', () => {
    const { params, grads } = withGrads([3, 4]);
    clipGradNorm([...params, new Parameter(tensor([1]))], 10);
    expect(grads()).toEqual([[3, 4]]);
    expect(clipGradNorm([], 1).item()).toBe(0);
  });

  it('refuses a negative norm, which would turn gradients around', () => {
    const { params, grads } = withGrads([3, 4]);
    for (const norm of [-1, NaN]) expect(() => clipGradNorm(params, norm)).toThrow(ArgumentError);
    expect(grads()).toEqual([[3, 4]]);
  });

  it('takes a single parameter', () => {
    const { params, grads } = withGrads([3, 4]);
    expect(clipGradNorm(params[0]!, 1).item()).toBe(5);
    expect((grads()[0] as number[])[0]).toBeCloseTo(0.6, 5);
    expect(() => clipGradNorm(5 as unknown as Tensor, 1)).toThrow(/wants a parameter or an array of them, got 5/);
    expect(() => clipGradNorm(params, 1, { errorIfNonfinite: 'false' as unknown as boolean })).toThrow(ArgumentError);
  });

  it('takes other norms, and reports one that is not finite where asked', () => {
    expect(clipGradNorm(withGrads([1, -7], [2]).params, 100, { normType: Infinity }).item()).toBe(7);
    expect(() => clipGradNorm(withGrads([NaN]).params, 1, { errorIfNonfinite: true })).toThrow(ArgumentError);
  });
});

describe('clipGradValue', () => {
  it('limits every element', () => {
    const { params, grads } = withGrads([-5, 0.5, 9]);
    clipGradValue(params, 2);
    expect(grads()).toEqual([[-2, 0.5, 2]]);
    clipGradValue(params[0]!, 1);
    expect(grads()).toEqual([[-1, 0.5, 1]]);
  });
});
