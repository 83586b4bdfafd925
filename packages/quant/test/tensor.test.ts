import fc from 'fast-check';
import { DTypeError, memoryUsage, noGrad, ones, rand, scope, Tensor, tensor, zeros } from '@q/tensor';
import { AffineEncoding } from '../src/encodings/affine.js';
import { EncodingError } from '../src/errors.js';
import { Quantize, QuantizeDequantize } from '../src/quantizers/affine.js';
import { DequantizedTensor, EncodedTensor, QuantizedTensor } from '../src/tensor.js';

const int8 = new AffineEncoding(tensor(0.5), tensor(0), { bitwidth: 8, signed: true });
const perChannel = new AffineEncoding(tensor([[0.5], [2]]), zeros([2, 1]), { bitwidth: 8, signed: true });
const grid = (): QuantizedTensor =>
  new QuantizedTensor(
    tensor([
      [1, -2, 3],
      [4, 5, -6],
    ]),
    int8,
  );
const encodingOf = (x: Tensor): AffineEncoding | null | undefined =>
  x instanceof EncodedTensor ? x.encoding : undefined;

describe('QuantizedTensor', () => {
  it('refuses positions that no integer dtype holds', () => {
    const wide = new Quantize({ shape: [], bitwidth: 32, symmetric: false });
    wide.setRange(0, 4);
    const positions = (value: number) => wide.forward(tensor([value], { dtype: 'float64' })) as QuantizedTensor;
    expect(Array.from(positions(0.5).quantizedRepr().data)).toEqual([536870912]);
    expect(() => positions(3.5).quantizedRepr()).toThrow(EncodingError);
    expect(() => positions(3.5).dequantize().quantizedRepr()).toThrow(/int32.*does not hold/);
  });

  it('shows floats and gives integers', () => {
    const q = grid();
    expect([q.dtype, q.toArray()]).toEqual([
      'float32',
      [
        [1, -2, 3],
        [4, 5, -6],
      ],
    ]);
    expect([q.quantizedRepr().dtype, q.quantizedRepr().toArray()]).toEqual([
      'int8',
      [
        [1, -2, 3],
        [4, 5, -6],
      ],
    ]);
  });

  it('takes integers as they are', () => {
    const integers = tensor([1, -2], { dtype: 'int8' });
    const q = new QuantizedTensor(integers, int8);
    expect(q.integers().storage).toBe(integers.storage);
    expect(q.dequantize().toArray()).toEqual([0.5, -1]);
  });

  it('keeps integers that the dtype of its grid does not hold', () => {
    const byte = new AffineEncoding(tensor(1), tensor(0), { qmin: 0, qmax: 255, symmetry: false });
    for (const values of [tensor([300, -5], { dtype: 'int32' }), tensor([300, -5])]) {
      const q = new QuantizedTensor(values, byte);
      expect([q.toArray(), q.dequantize().toArray()]).toEqual([
        [300, -5],
        [300, -5],
      ]);
    }
    expect(new QuantizedTensor(tensor([200, 5], { dtype: 'int32' }), byte).integers().dtype).toBe('uint8');
  });

  it('gives its integers as a copy', () => {
    const q = new QuantizedTensor(tensor([1, -2]), int8);
    q.quantizedRepr().fill_(7);
    expect([q.toArray(), q.dequantize().toArray(), q.quantizedRepr().toArray()]).toEqual([
      [1, -2],
      [0.5, -1],
      [1, -2],
    ]);
  });

  it('keeps what integers cannot say: the sign of zero and NaN', () => {
    expect(new QuantizedTensor(tensor([-0, 0, 3]), int8).toArray()).toEqual([-0, 0, 3]);
    expect(new QuantizedTensor(tensor([NaN, 3]), int8).toArray()).toEqual([NaN, 3]);
    expect(new QuantizedTensor(tensor([NaN, 3]), int8).dequantize().toArray()).toEqual([NaN, 1.5]);
  });

  it('loses nothing on the way there and back, any number of times', () =>
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -128, max: 127 }), { minLength: 1, maxLength: 40 }),
        fc.float({ min: Math.fround(0.001), max: 10, noNaN: true }),
        (values, scale) => {
          const q = new QuantizedTensor(
            tensor(values),
            new AffineEncoding(tensor(scale), tensor(0), { bitwidth: 8, signed: true }),
          );
          const once = q.dequantize();
          const again = once.quantize().dequantize();
          expect(again.toArray()).toEqual(once.toArray());
          expect(Array.from(again.quantizedRepr().data)).toEqual(values);
        },
      ),
    ));

  it('lives as long as a scope() gives it: the integers of its result stay, all others go', () => {
    const large = () => new QuantizedTensor(ones([100_000]).mul(3).to('int8'), int8);
    const before = memoryUsage().used;
    const result = scope(() => {
      large().dequantize();
      return large().dequantize();
    });
    expect(memoryUsage().used - before).toBeLessThan(150_000);
    expect(result.quantizedRepr().sum().item()).toBe(300_000);
    expect(result.sum().item()).toBe(150_000);
  });

  it('gives the same numbers to data and to operations, however many they are', () => {
    const positions = Array.from({ length: 10_000 }, (_, i) => ((i * 37) % 256) - 128);
    const encoding = new AffineEncoding(tensor(0.1), tensor(7), { bitwidth: 8, signed: true });
    const make = () =>
      new QuantizedTensor(tensor(positions, { dtype: 'int8', shape: [100, 100] }).T, encoding).dequantize();
    const wanted = make().add(0).toArray();
    expect(make().contiguous().toArray()).toEqual(wanted);
    const x = make();
    expect(tensor(x.data, { shape: [100, 100] }).toArray()).toEqual(wanted);
    expect(x.quantizedRepr().T.flatten().toArray()).toEqual(positions);
  });

  it('moves integers as views where one scale serves all: their numbers are read through the same view', () => {
    const integers = tensor(
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      { dtype: 'int8' },
    ).T;
    const x = new QuantizedTensor(integers, int8).dequantize();
    expect(x.integers().storage).toBe(integers.storage);
    expect(x.toArray()).toEqual([
      [0.5, 2],
      [1, 2.5],
      [1.5, 3],
    ]);
    const slice = new QuantizedTensor(integers.slice([1, 3]), int8).dequantize();
    expect(slice.toArray()).toEqual([
      [1, 2.5],
      [1.5, 3],
    ]);
    const channels = new QuantizedTensor(
      tensor(
        [
          [1, 2],
          [3, 4],
        ],
        { dtype: 'int8' },
      ).T,
      perChannel,
    ).dequantize();
    expect(channels.toArray()).toEqual([
      [0.5, 1.5],
      [4, 8],
    ]);
  });

  it('quantize() and dequantize() give themselves where there is nothing to do', () => {
    const q = grid();
    const x = q.dequantize();
    expect(q.quantize()).toBe(q);
    expect(x.dequantize()).toBe(x);
    expect(x).toBeInstanceOf(DequantizedTensor);
  });

  it('carries the gradient to the input and to the range', () => {
    const quantizer = new Quantize({ shape: [], bitwidth: 8, symmetric: false });
    quantizer.setRange(-1, 1);
    const x = tensor([0.3, 5], { requiresGrad: true });
    quantizer.quantize(x).dequantize().sum().backward();
    expect(x.grad?.toArray()).toEqual([expect.closeTo(1, 6), 0]);
    expect(quantizer.max.grad?.item()).not.toBe(0);
  });
});

describe('what happens to an encoding', () => {
  const cases: [string, (q: Tensor) => Tensor, boolean][] = [
    ['clone', (q) => q.clone(), true],
    ['detach', (q) => q.detach(), true],
    ['contiguous', (q) => q.transpose(0, 1).transpose(0, 1).contiguous(), true],
    ['to float64', (q) => q.to('float64'), true],
    ['reshape', (q) => q.reshape([3, 2]), false],
    ['transpose', (q) => q.transpose(0, 1), false],
    ['slice', (q) => q.slice([0, 1]), false],
  ];

  it.each(cases)('%s keeps it where it is per tensor', (_name, run) => {
    const result = run(grid()) as QuantizedTensor;
    expect(result).toBeInstanceOf(QuantizedTensor);
    expect(encodingOf(result)?.granularity).toBe('pertensor');
    expect(result.dequantize().toArray()).toEqual(run(grid().mul(0.5)).toArray());
  });

  it.each(cases.filter(([name]) => name !== 'contiguous'))(
    '%s keeps a per-channel one only where it still fits',
    (_name, run, always) => {
      const result = run(
        new QuantizedTensor(
          tensor([
            [1, 2, 3],
            [4, 5, 6],
          ]),
          perChannel,
        ),
      );
      expect(result).toBeInstanceOf(QuantizedTensor);
      expect(encodingOf(result) !== null).toBe(always);
    },
  );

  it.each([
    ['add', (q: Tensor) => q.add(1)],
    ['mul', (q: Tensor) => q.mul(q)],
    ['sum', (q: Tensor) => q.sum()],
    ['matmul', (q: Tensor) => q.matmul(q.transpose(0, 1))],
  ])('%s gives a plain tensor', (_name, run) => expect(run(grid())).not.toBeInstanceOf(EncodedTensor));

  it('is dropped by writing in place', () => {
    const q = grid();
    noGrad(() => q.add_(1));
    expect(q.encoding).toBeNull();
    expect(q.toArray()).toEqual([
      [2, -1, 4],
      [5, 6, -5],
    ]);
    expect(() => q.dequantize()).toThrow(EncodingError);
    expect(() => q.quantizedRepr()).toThrow(/has no encoding any more/);
    expect(q.quantize()).toBe(q);
  });

  it.each<[string, (x: Tensor) => Tensor]>([
    ['select', (x) => x.select(0, 0)],
    ['slice', (x) => x.slice([0, 1])],
    ['T', (x) => x.T],
    ['reshape', (x) => x.reshape([6])],
    ['detach', (x) => x.detach()],
    ['a plain view', (x) => new Tensor(x.storage, x.layout)],
  ])('is dropped by writing through %s, for the base and for every other view', (_name, viewOf) => {
    const quantizer = new QuantizeDequantize({ shape: [], bitwidth: 8, symmetric: false });
    quantizer.setRange(-1, 1);
    for (const x of [grid(), grid().dequantize(), quantizer.forward(rand([2, 3])) as DequantizedTensor]) {
      const others = [x, x.reshape([6]), x.detach()] as EncodedTensor[];
      expect(others.map(({ encoding }) => encoding !== null)).toEqual([true, true, true]);
      noGrad(() => viewOf(x).fill_(5));
      expect(others.map(({ encoding }) => encoding)).toEqual([null, null, null]);
      expect(encodingOf(x.clone()) ?? null).toBeNull();
      expect(encodingOf(x.select(0, 0)) ?? null).toBeNull();
      for (const other of others) expect(() => other.quantizedRepr()).toThrow(/a view of it was written to/);
      const back = x instanceof QuantizedTensor ? () => x.dequantize() : () => x.quantize();
      expect(back).toThrow(EncodingError);
      expect(
        viewOf(x)
          .add(0)
          .data.every((value) => value === 5),
      ).toBe(true);
    }
  });

  it('is dropped by writing to integers that it was made of', () => {
    const integers = tensor([1, -2], { dtype: 'int8' });
    const q = new QuantizedTensor(integers, int8);
    const x = q.dequantize();
    expect(x.toArray()).toEqual([0.5, -1]);
    integers.fill_(7);
    expect([q.encoding, x.encoding]).toEqual([null, null]);
    expect(() => x.quantizedRepr()).toThrow(EncodingError);
  });

  it('forbids casts to integers, which would forget what they mean', () => {
    expect(() => grid().to('int8')).toThrow(DTypeError);
    expect(() => grid().to('bool')).toThrow(/Use quantizedRepr\(\)/);
    expect(grid().bool().toArray()).toEqual([
      [1, 1, 1],
      [1, 1, 1],
    ]);
    expect(grid().byte()).not.toBeInstanceOf(EncodedTensor);
  });
});

describe('DequantizedTensor', () => {
  it('holds floats: integers and truths are refused, not shown as if they were', () => {
    expect(() => new DequantizedTensor(tensor([1, 0], { dtype: 'int32' }), int8)).toThrow(DTypeError);
    expect(() => new DequantizedTensor(tensor([true]), int8)).toThrow(
      /DequantizedTensor: values must be a floating tensor, got bool/,
    );
    expect(() => new QuantizedTensor(tensor([true]), int8)).toThrow(DTypeError);
  });

  it('finds its integers', () => {
    const quantizer = new QuantizeDequantize({ shape: [], bitwidth: 4, symmetric: true });
    quantizer.setRange(-8, 7);
    const x = quantizer.quantize(tensor([1.2, -9, 3.5]));
    expect(x.toArray()).toEqual([1, -8, 4]);
    expect(x.quantizedRepr().toArray()).toEqual([1, -8, 4]);
  });

  it.each<[string, (x: Tensor) => Tensor, copies: boolean]>([
    ['clone', (x) => x.clone(), true],
    ['reshape of rows', (x) => x.reshape([6]), false],
    ['reshape of columns', (x) => x.T.reshape([6]), true],
    ['contiguous columns', (x) => x.T.contiguous(), true],
    ['indexSelect', (x) => x.indexSelect(1, tensor([2, 0, 2], { dtype: 'int32' })), true],
    ['gather', (x) => x.gather(1, tensor([[2], [1]], { dtype: 'int32' })), true],
    ['slice', (x) => x.slice([], [1, 3]), false],
    ['unbind', (x) => x.unbind(1)[1]!, false],
  ])('%s moves its integers, and is a copy or not as of any tensor', (_name, move, copies) => {
    const source = grid().dequantize();
    const y = move(source) as DequantizedTensor;
    const wanted = move(grid().dequantize().add(0));
    expect(y).toBeInstanceOf(DequantizedTensor);
    expect([source.storage.isPending, y.storage.isPending]).toEqual([true, true]);
    expect(y.quantizedRepr().toArray()).toEqual(move(source.quantizedRepr()).toArray());
    expect(y.toArray()).toEqual(wanted.toArray());
    source.mul_(2);
    expect(y.toArray()).toEqual((copies ? wanted : wanted.mul(2)).toArray());
    expect(encodingOf(y)).toBe(copies ? int8 : null);
  });

  it('copied with a gradient, or with a grid per channel, is copied as floats', () => {
    const x = grid().dequantize();
    x.requiresGrad = true;
    const y = x.T.reshape([6]);
    y.sum().backward();
    expect(x.grad!.toArray()).toEqual([
      [1, 1, 1],
      [1, 1, 1],
    ]);
    const channels = new QuantizedTensor(grid().quantizedRepr(), perChannel).dequantize();
    expect(encodingOf(channels.T.reshape([6]))).toBeNull();
    expect(channels.T.reshape([6]).toArray()).toEqual([0.5, 8, -1, 10, 1.5, -12]);
  });
});
