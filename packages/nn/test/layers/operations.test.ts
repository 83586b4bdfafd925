import { arange, ones, randn, tensor } from '@q/tensor';
import * as nn from '@q/nn';

const x = arange(6).reshape([2, 3]).to('float32');
const ints = (...values: number[]) => tensor(values, { dtype: 'int32' });

describe('movement modules', () => {
  it.each([
    ['Reshape', new nn.Reshape().forward(x, [3, 2]), x.reshape([3, 2])],
    ['Permute', new nn.Permute().forward(x, [1, 0]), x.permute([1, 0])],
    ['Transpose', new nn.Transpose().forward(x, 0, 1), x.transpose(0, 1)],
    ['Expand', new nn.Expand().forward(ones([1, 3]), [2, 3]), ones([2, 3])],
    ['Tile', new nn.Tile().forward(x, [1, 2]), x.tile([1, 2])],
    ['Slice', new nn.Slice().forward(x, 1, [0, 2]), x.slice(1, [0, 2])],
    [
      'StridedSlice',
      new nn.StridedSlice().forward(x, [
        [0, 2, 1],
        [0, 3, 2],
      ]),
      x.slice([], [0, 3, 2]),
    ],
    ['Select', new nn.Select().forward(x, 1, 2), x.select(1, 2)],
    ['IndexSelect', new nn.IndexSelect().forward(x, 1, ints(2, 0)), x.indexSelect(1, ints(2, 0))],
    ['Gather', new nn.Gather().forward(x, 1, ints(2, 0).reshape([2, 1])), tensor([[2], [3]])],
    ['ScatterElements', new nn.ScatterElements().forward(ones([3]), 0, ints(1), tensor([9])), tensor([1, 9, 1])],
    ['Pad', new nn.Pad().forward(x, [1, 0], { value: 7 }), x.pad([1, 0], { value: 7 })],
    [
      'Where',
      new nn.Where().forward(x.gt(2), x, -1),
      tensor([
        [-1, -1, -1],
        [3, 4, 5],
      ]),
    ],
    [
      'MaskedFill',
      new nn.MaskedFill().forward(x, x.gt(2), 0),
      tensor([
        [0, 1, 2],
        [0, 0, 0],
      ]),
    ],
    ['NonZero', new nn.NonZero().forward(ints(0, 3, 0, 4)), tensor([[1], [3]], { dtype: 'int32' })],
    ['OneHot', new nn.OneHot().forward(ints(1), 3), tensor([[0, 1, 0]], { dtype: 'int32' })],
    ['Cast', new nn.Cast('int32').forward(x), x.to('int32')],
    [
      'Concat',
      new nn.Concat(1).forward(x, x),
      tensor([
        [0, 1, 2, 0, 1, 2],
        [3, 4, 5, 3, 4, 5],
      ]),
    ],
    [
      'Concat by option',
      new nn.Concat({ axis: 0 }).forward(x, x),
      tensor([
        [0, 1, 2],
        [3, 4, 5],
        [0, 1, 2],
        [3, 4, 5],
      ]),
    ],
    ['Split', new nn.Split().forward(x, [1, 2], 1)[1]!, x.slice([], [1, 3])],
  ])('%s gives what the operation of its name gives', (_, found, wanted) => {
    expect(found.shape).toEqual(wanted.shape);
    expect(found.dtype).toBe(wanted.dtype);
    expect(found.toArray()).toEqual(wanted.toArray());
  });
});

describe('reduction modules', () => {
  it.each([
    ['Mean', new nn.Mean().forward(x, 1), [1, 4]],
    ['Sum', new nn.Sum().forward(x), 15],
    ['Prod', new nn.Prod().forward(x, 1, { keepdim: true }), [[0], [60]]],
    ['AMax', new nn.AMax().forward(x, [0, 1]), 5],
    ['AMin', new nn.AMin().forward(x, 0), [0, 1, 2]],
    ['Argmax', new nn.Argmax().forward(x, 1), [2, 2]],
    ['Argmin', new nn.Argmin().forward(x), 0],
    [
      'CumSum',
      new nn.CumSum().forward(x, 1),
      [
        [0, 1, 3],
        [3, 7, 12],
      ],
    ],
    ['Norm', new nn.Norm().forward(tensor([3, 4])), 5],
  ])('%s gives what the operation of its name gives', (_, found, wanted) => expect(found.toArray()).toEqual(wanted));

  it('Max and Min give a value, or values and indices along a dim', () => {
    const whole = new nn.Max().forward(x);
    const along = new nn.Min().forward(x, 1);
    expect('values' in whole).toBe(false);
    expect('values' in along && [along.values.toArray(), along.indices.toArray()]).toEqual([
      [0, 3],
      [0, 0],
    ]);
    expect(new nn.TopK().forward(x, 1).values.toArray()).toEqual([[2], [5]]);
    expect(
      new nn.Normalize()
        .forward(tensor([[3, 4]]))
        .norm()
        .item(),
    ).toBeCloseTo(1, 6);
  });
});

describe('product modules', () => {
  const [a, b, c] = [randn([2, 3]), randn([3, 4]), randn([2, 4])];

  it.each([
    ['MatMul', new nn.MatMul().forward(a, b), a.matmul(b)],
    ['Bmm', new nn.Bmm().forward(a.unsqueeze(0), b.unsqueeze(0)), a.matmul(b).unsqueeze(0)],
    ['Addmm', new nn.Addmm().forward(c, a, b, { beta: 2, alpha: 3 }), c.mul(2).add(a.matmul(b).mul(3))],
    [
      'Baddbmm',
      new nn.Baddbmm().forward(c.unsqueeze(0), a.unsqueeze(0), b.unsqueeze(0)),
      c.add(a.matmul(b)).unsqueeze(0),
    ],
    ['DynamicLinear', new nn.DynamicLinear().forward(a, b.t()), a.matmul(b)],
  ])('%s gives what the operation of its name gives', (_, found, wanted) => {
    expect(found.shape).toEqual(wanted.shape);
    expect(found.allclose(wanted, { atol: 1e-5 })).toBe(true);
  });

  it('DynamicConv2d takes its weight with the call', () => {
    const conv = new nn.Conv2d(2, 3, 3, { stride: 2, padding: 1 });
    const input = randn([1, 2, 5, 5]);
    const dynamic = new nn.DynamicConv2d({ stride: 2, padding: 1 }).forward(input, conv.weight, conv.bias);
    expect(dynamic.equal(conv.forward(input))).toBe(true);
  });
});

describe('the custom namespace', () => {
  it('has the 16 modules that AIMET quantizes', () => {
    const names =
      'Sin Cos AvgPool2d Reshape RSqrt MatMul Add Multiply Subtract Divide Concat Bmm CumSum Baddbmm Addmm RmsNorm';
    const found: Readonly<Record<string, unknown>> = nn.custom;
    for (const name of names.split(' ')) expect(typeof found[name]).toBe('function');
  });
});
