import { ArgumentError, AutogradError, ShapeError, apply, defineOp, full, ones, tensor, type Tensor } from '@q/tensor';

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

describe("a derivative of one's own", () => {
  const sized = 1000;

  it('may keep the tensors that it sees, makes and returns', () => {
    const kept: Tensor[] = [];
    let factor: Tensor | undefined;
    const spy = defineOp<readonly [Tensor]>({
      name: 'spy',
      forward: ([x]) => x.mul(1),
      backward: (grad) => {
        factor ??= full([sized], 2);
        const result = grad.mul(factor);
        kept.push(grad, result);
        return [result];
      },
    });
    const w = ones([sized], { requiresGrad: true });
    for (let i = 0; i < 3; i++) spy(w.mul(3)).sum().backward();
    spy(w).sum().backward();
    spy(w).sum().backward();
    expect(factor!.sum().item()).toBe(2 * sized);
    expect(kept.map((tensor) => tensor.sum().item())).toEqual(kept.map((_, i) => (i % 2 === 0 ? sized : 2 * sized)));
    expect(w.grad!.select(0, 0).item()).toBe(3 * 6 + 2 * 2);
  });

  it('that is transient gives its memory back at once', () => {
    const made: Tensor[] = [];
    const twice = defineOp<readonly [Tensor]>({
      name: 'twice',
      transient: true,
      forward: ([x]) => x.mul(2),
      backward: (grad) => {
        made.push(grad.mul(2));
        return [made.at(-1)];
      },
    });
    twice(ones([sized], { requiresGrad: true }).mul(1))
      .sum()
      .backward();
    expect(() => made[0]!.sum()).toThrow(/freed/);
  });

  it.each<[string, unknown, RegExp]>([
    ['a number', [5], /backward of odd: gradient 0 must be a tensor, or null where there is none, got 5/],
    ['no list', 5, /gave 5 gradients for 1 inputs/],
    ['a promise', Promise.resolve([null]), /gradients for 1 inputs/],
    ['nothing', undefined, /gave undefined gradients/],
  ])('that gives %s is an error', (_, result, message) => {
    const record = { name: 'odd', forward: ([x]: readonly [Tensor]) => x.mul(1), backward: () => result as [Tensor] };
    const loss = (run: (x: Tensor) => Tensor): Tensor => run(tensor([1], { requiresGrad: true })).sum();
    expect(() => loss(defineOp<readonly [Tensor]>(record)).backward()).toThrow(message);
    expect(() => loss((x) => apply(record, [x] as const, undefined)).backward()).toThrow(message);
  });

  it.each([undefined, 3, Promise.resolve(1)])('a forward that gives %s is an error', (result) => {
    const odd = defineOp<readonly [Tensor]>({ name: 'odd', forward: () => result as never, backward: null });
    expect(() => odd(tensor([1]))).toThrow(/odd: forward must give a tensor, or several/);
  });
});
