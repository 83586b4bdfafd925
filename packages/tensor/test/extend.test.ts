import { ArgumentError, AutogradError, ShapeError, apply, defineOp, tensor, type Tensor } from '@q/tensor';

const square = defineOp<readonly [Tensor]>({
  name: 'square',
  forward: ([x]) => x.mul(x),
  backward: (grad, [x]) => [grad.mul(x).mul(2)],
});

describe('defineOp', () => {
  it('makes a differentiable operation that is called like a function', () => {
    const x = tensor([3], { requiresGrad: true });
    square(x).backward();
    expect(x.grad!.item()).toBe(6);
  });

  it('can be read and applied as a record', () => {
    expect(square.name).toBe('square');
    expect(apply(square, [tensor([4])], undefined).item()).toBe(16);
  });

  it('records the operation, not what its forward is made of', () => {
    expect(square(tensor([3], { requiresGrad: true })).node!.op.name).toBe('square');
  });

  it('passes attributes to both directions', () => {
    const scaled = defineOp<readonly [Tensor], { factor: number }>({
      name: 'scaled',
      forward: ([x], { factor }) => x.mul(factor),
      backward: (grad, _inputs, _output, { factor }) => [grad.mul(factor)],
    });
    const x = tensor([2], { requiresGrad: true });
    const y = scaled(x, { factor: 5 });
    y.backward();
    expect([y.item(), x.grad!.item()]).toEqual([10, 5]);
  });

  it('hands several outputs their own upstream gradients, null where one is unused', () => {
    const seen: unknown[] = [];
    const parts = defineOp<readonly [Tensor], void, readonly [Tensor, Tensor]>({
      name: 'parts',
      forward: ([x]) => [x.mul(2), x.mul(3)],
      backward: ([first, second]) => {
        seen.push(second);
        return [first!.mul(2)];
      },
    });
    const x = tensor([1], { requiresGrad: true });
    parts(x)[0].backward();
    expect(x.grad!.item()).toBe(2);
    expect(seen).toEqual([null]);
  });

  it('names an operation whose gradient has the wrong shape', () => {
    const wrong = defineOp<readonly [Tensor]>({
      name: 'wrong',
      forward: ([x]) => x.mul(1),
      backward: (grad) => [grad.sum()],
    });
    const y = wrong(tensor([1, 2], { requiresGrad: true })).sum();
    expect(() => y.backward()).toThrow(ShapeError);
  });

  it.each([
    ['too few', (grad: Tensor) => [grad], 1],
    ['too many', (grad: Tensor) => [grad, grad, grad], 3],
  ])('names an operation that gives %s gradients', (_what, backward, count) => {
    const wrong = defineOp<readonly [Tensor, Tensor]>({
      name: 'wrong',
      forward: ([a, b]) => a.mul(b),
      backward: backward as never,
    });
    const [a, b] = [tensor([1, 2], { requiresGrad: true }), tensor([3, 4], { requiresGrad: true })];
    expect(() => wrong(a, b).sum().backward()).toThrow(AutogradError);
    expect(() => wrong(a, b).sum().backward()).toThrow(`wrong: gave ${count} gradients for 2 inputs`);
  });

  it('wants a backward function, or null', () => {
    expect(() => defineOp({ name: 'half', forward: ([x]: readonly Tensor[]) => x } as never)).toThrow(ArgumentError);
  });
});

describe('apply and defined operations', () => {
  it.each([[undefined], [null], [{}], [{ name: 'f', forward: 1, backward: null }], [{ name: 'f', forward: () => 1 }]])(
    'refuse %p for an operation',
    (record) => {
      expect(() => defineOp(record as never)).toThrow(ArgumentError);
      expect(() => apply(record as never, [tensor(1)], undefined)).toThrow(ArgumentError);
    },
  );

  it('refuse inputs that are no tensors, by name of the operation', () => {
    expect(() => apply(square, [3] as never, undefined)).toThrow(/^square: input 0 must be a tensor, got 3/);
    expect(() => apply(square, [] as never, undefined)).toThrow(ArgumentError);
    expect(() => apply(square, tensor(1) as never, undefined)).toThrow(ArgumentError);
    expect(() => (square as unknown as () => void)()).toThrow(ArgumentError);
  });
});
