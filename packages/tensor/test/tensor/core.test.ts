import { ones, ShapeError, tensor } from '@q/tensor';

describe('a tensor where a number is wanted', () => {
  it('is its only element', () => {
    const loss = tensor([[0.5]]);
    expect([Number(loss), Number(tensor(true))]).toEqual([0.5, 1]);
    expect([(loss as unknown as number) < 1, 1 + (loss as unknown as number)]).toEqual([true, 1.5]);
    // eslint-disable-next-line eqeqeq -- what plain JavaScript writes
    expect((loss as unknown) == 0.5).toBe(true);
  });

  it('is an error where there are several', () => {
    expect(() => Number(ones([2]))).toThrow(ShapeError);
    expect(() => (ones([2, 3]) as unknown as number) < 1).toThrow(/a tensor of shape \[2, 3\] is no number\. .*lt\(\)/);
  });

  it('is a text in a text', () => {
    const x = tensor([1, 2]);
    expect(`${x}`).toBe(String(x));
    expect('x = ' + (x as unknown as string)).toBe(`x = ${String(x)}`);
    expect(`${tensor(3)}`).toBe(String(tensor(3)));
  });
});
