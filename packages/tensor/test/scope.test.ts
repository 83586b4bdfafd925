import { ArgumentError, MemoryError, Storage, Tensor, keep, memoryUsage, ones, randn, scope, tensor } from '@q/tensor';
import { Layout } from '@q/tensor/internal';

const large = () => ones([100_000]);

describe('scope', () => {
  it('frees what is made inside and keeps the result', () => {
    const x = large();
    const before = memoryUsage().used;
    const y = scope(() => x.mul(2).add(1).mul(3));
    expect(memoryUsage().used - before).toBeLessThan(500_000);
    expect(y.sum().item()).toBe(900_000);
  });

  it('keeps tensors in arrays, objects and maps of the result', () => {
    const x = large();
    const result = scope(() => ({ list: [x.add(1)], map: new Map([['y', x.add(2)]]) }));
    expect(result.list[0]!.sum().item()).toBe(200_000);
    expect(result.map.get('y')!.sum().item()).toBe(300_000);
  });

  it('keeps the graph of a result that requires a gradient', () => {
    const x = randn([100_000], { requiresGrad: true });
    const y = scope(() => x.mul(x).exp().sum());
    y.backward();
    expect(x.grad!.numel).toBe(100_000);
  });

  it('keeps the gradients of tensors from outside', () => {
    const x = randn([100_000], { requiresGrad: true });
    scope(() => x.mul(x).sum().backward());
    expect(x.grad!.allclose(x.detach().mul(2))).toBe(true);
  });

  it('says so when a freed tensor is read, and how to keep it', () => {
    let lost: Tensor | undefined;
    let kept: Tensor | undefined;
    scope(() => {
      lost = large().add(1);
      kept = keep(large().add(1));
    });
    expect(() => lost!.sum()).toThrow(MemoryError);
    expect(() => lost!.sum()).toThrow(/keep\(\)/);
    expect(kept!.sum().item()).toBe(200_000);
  });

  it('hands what an inner scope returns to the outer one', () => {
    const x = large();
    const before = memoryUsage().used;
    scope(() => {
      const inner = scope(() => x.add(1));
      expect(inner.sum().item()).toBe(200_000);
    });
    expect(memoryUsage().used - before).toBeLessThan(1000);
  });

  it('keeps what the elements of a result will be made of, and frees it where nothing in the result needs it', () => {
    const deferred = (): Tensor => {
      const source = large().mul(3);
      const read = (): Float32Array<ArrayBuffer> => Float32Array.from(source.data);
      return new Tensor(new Storage('float32', source.numel, read, false, source.storage), new Layout(source.shape));
    };
    let lost: Tensor | undefined;
    let kept: Tensor | undefined;
    const result = scope(() => {
      lost = deferred();
      kept = keep(deferred());
      return { view: deferred().reshape([10, 10_000]) };
    });
    expect(result.view.sum().item()).toBe(300_000);
    expect(kept!.sum().item()).toBe(300_000);
    expect(() => lost!.sum()).toThrow(MemoryError);
  });

  it('rejects an async function', () => {
    expect(() => scope(async () => 1)).toThrow(ArgumentError);
  });

  it('leaves small tensors alone, which the garbage collector owns', () => {
    let small: Tensor | undefined;
    scope(() => void (small = tensor([1, 2]).add(1)));
    expect(small!.toArray()).toEqual([2, 3]);
  });
});

describe('backward', () => {
  it('frees the temporaries it makes', () => {
    const x = randn([100_000], { requiresGrad: true });
    const y = x.mul(x).mul(x).exp().sum();
    const before = memoryUsage().used;
    y.backward();
    // Nothing but the gradient of x is new.
    expect(memoryUsage().used - before).toBeLessThan(500_000);
  });
});
