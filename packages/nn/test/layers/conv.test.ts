import { ArgumentError, conv2d, randn, ShapeError, zeros } from '@q/tensor';
import { Conv1d, Conv2d, ConvTranspose2d } from '@q/nn';

describe('convolutions', () => {
  it('take batches and single samples alike', () => {
    const conv = new Conv2d(3, 4, 3, { padding: 1, paddingMode: 'circular' });
    const x = randn([3, 5, 6]);
    expect(conv.forward(x).shape).toEqual([4, 5, 6]);
    expect(conv.forward(x.unsqueeze(0)).squeeze(0).allclose(conv.forward(x), { atol: 1e-6 })).toBe(true);
  });

  it.each(['reflect', 'replicate', 'circular'] as const)(
    "pad 'same' with %s to the size of the input",
    (paddingMode) => {
      const conv = new Conv1d(2, 2, 4, { padding: 'same', dilation: 2, paddingMode });
      expect(conv.forward(randn([1, 2, 9])).shape).toEqual([1, 2, 9]);
    },
  );

  it('take sizes as the functions do: one number, a list of one, or one per dim', () => {
    const options = { stride: [2], padding: [1], dilation: [1] };
    const conv = new Conv2d(3, 4, [3], options);
    expect([conv.kernelSize, conv.stride, conv.padding]).toEqual([[3, 3], [2, 2], [1, 1]]); // prettier-ignore
    const x = randn([1, 3, 6, 6]);
    expect(conv.forward(x).toArray()).toEqual(conv2d(x, conv.weight, conv.bias, options).toArray());
    expect(new ConvTranspose2d(3, 4, 3, { stride: [2], outputPadding: [1] }).outputPadding).toEqual([1, 1]);
  });

  it('keep sizes of their own', () => {
    const stride = [1, 2];
    const conv = new Conv2d(3, 4, 3, { stride });
    stride[0] = 5;
    expect(conv.stride).toEqual([1, 2]);
  });

  it('circular padding sees the other end', () => {
    const conv = new Conv1d(1, 1, 3, { padding: 1, paddingMode: 'circular', bias: false });
    conv.loadStateDict({ weight: zeros([1, 1, 3]).add(1) });
    const x = zeros([1, 1, 4]);
    x.data[3] = 5;
    expect(conv.forward(x).toArray()).toEqual([[[5, 0, 5, 5]]]);
  });

  it.each([
    [() => new Conv2d(3, 4, 3, { groups: 2 }), /must be divisible by groups \(2\)/],
    [() => new Conv2d(3, 4, [3, 3, 3]), /Conv2d: kernelSize must be one integer or 2 of them, at least 1/],
    [() => new Conv2d(3, 4, 3, { stride: 0 }), /stride/],
    [() => new Conv2d(3, 4, 3, { padding: -1 }), /padding/],
    [() => new Conv2d(3, 4, 3, { padding: 'same', stride: 2 }), /only possible with a stride of 1/],
    [() => new Conv2d(3, 4, 3, { paddingMode: 'mirror' as 'reflect' }), /paddingMode must be one of/],
    [
      () => new Conv2d(3, 4, 3, { outputPadding: 0 } as object),
      /Conv2d: outputPadding is for transposed convolutions, got 0. Leave it out, or take ConvTranspose2d/,
    ],
    [() => new ConvTranspose2d(3, 4, 3, { paddingMode: 'reflect' as 'zeros' }), /paddingMode must be one of "zeros"/],
    [
      () => new ConvTranspose2d(3, 4, 3, { padding: 'same' as unknown as number }),
      /padding 'same' is for convolutions/,
    ],
  ])('refuse options that make no convolution (%#)', (make, message) => {
    expect(make).toThrow(ArgumentError);
    expect(make).toThrow(message);
  });
});

describe('transposed convolutions', () => {
  it('reach every size that the convolution maps to theirs', () => {
    const layer = new ConvTranspose2d(1, 1, 3, { stride: 2, padding: 1 });
    const x = randn([1, 1, 3, 3]);
    expect(layer.forward(x).shape).toEqual([1, 1, 5, 5]);
    expect(layer.forward(x, { outputSize: [6, 5] }).shape).toEqual([1, 1, 6, 5]);
    expect(layer.forward(x, { outputSize: [1, 1, 6, 6] }).shape).toEqual([1, 1, 6, 6]);
    expect(() => layer.forward(x, { outputSize: [7, 5] })).toThrow(ShapeError);
    expect(() => layer.forward(x, { outputSize: [6] })).toThrow(/must have 2 or 4 sizes/);
  });

  it('keep their weight as [in, out / groups, ...kernel]', () =>
    expect(new ConvTranspose2d(4, 6, [2, 3], { groups: 2 }).weight.shape).toEqual([4, 3, 2, 3]));
});
