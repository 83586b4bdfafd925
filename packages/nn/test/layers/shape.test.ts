import { arange, ArgumentError, ones, randn, ShapeError } from '@q/tensor';
import * as nn from '@q/nn';

describe('shape layers', () => {
  it('Flatten joins all but the batch; Unflatten undoes it', () => {
    const x = randn([2, 3, 4]);
    const flat = new nn.Flatten().forward(x);
    expect(flat.shape).toEqual([2, 12]);
    expect(new nn.Unflatten(1, [3, -1]).forward(flat).equal(x)).toBe(true);
  });

  it('Fold is the adjoint of Unfold', () => {
    const options = { stride: 2, padding: 1 };
    const [unfold, fold] = [new nn.Unfold([2, 3], options), new nn.Fold([5, 6], [2, 3], options)];
    const x = randn([1, 2, 5, 6]);
    const columns = unfold.forward(x);
    const y = randn(columns.shape);
    expect(columns.mul(y).sum().item()).toBeCloseTo(x.mul(fold.forward(y)).sum().item(), 3);
    expect(() => new nn.Unfold(0)).toThrow(ArgumentError);
  });

  it('PixelUnshuffle undoes PixelShuffle, ChannelShuffle keeps all channels', () => {
    const x = randn([1, 8, 2, 3]);
    expect(new nn.PixelUnshuffle(2).forward(new nn.PixelShuffle(2).forward(x)).equal(x)).toBe(true);
    expect(
      new nn.ChannelShuffle(2)
        .forward(arange(4).reshape([1, 4, 1]))
        .reshape([-1])
        .toArray(),
    ).toEqual([0, 2, 1, 3]);
    expect(() => new nn.PixelShuffle(0)).toThrow(ArgumentError);
  });

  it('Upsample resizes by a factor or to a size', () => {
    const x = ones([1, 1, 2, 2]);
    expect(new nn.Upsample({ size: [3, 5] }).forward(x).shape).toEqual([1, 1, 3, 5]);
    expect(new nn.UpsamplingBilinear2d({ scaleFactor: 2 }).forward(x).shape).toEqual([1, 1, 4, 4]);
    expect(() => new nn.Upsample({}).forward(x)).toThrow(ArgumentError);
  });
});

describe('padding layers', () => {
  const x = arange(3).reshape([1, 1, 3]).to('float32');
  it.each([
    ['ConstantPad1d', new nn.ConstantPad1d([1, 2], 9), [9, 0, 1, 2, 9, 9]],
    ['ZeroPad1d', new nn.ZeroPad1d(1), [0, 0, 1, 2, 0]],
    ['ReflectionPad1d', new nn.ReflectionPad1d(2), [2, 1, 0, 1, 2, 1, 0]],
    ['ReplicationPad1d', new nn.ReplicationPad1d([1, 2]), [0, 0, 1, 2, 2, 2]],
    ['CircularPad1d', new nn.CircularPad1d([2, 1]), [1, 2, 0, 1, 2, 0]],
    ['negative padding', new nn.ConstantPad1d([-1, 0], 0), [1, 2]],
  ])('%s puts the values of its kind around the input', (_, layer, wanted) =>
    expect(layer.forward(x).toArray()).toEqual([[wanted]]),
  );

  it('wants both ends of every dim, and enough dims', () => {
    expect(() => new nn.ReflectionPad2d([1, 2])).toThrow(/must be an integer or 4 of them/);
    expect(() => new nn.ReplicationPad2d(1).forward(ones([2, 2]))).toThrow(ShapeError);
  });
});
