/** Topic int_ops: integer matrix products and convolutions with zero points, and requantization. */
import type { Tensor } from '@q/tensor';
import { checkOutputs } from './cases.js';
import { dtypeOf, isFields, isTensorRecord, mustHave, tensorFrom, type Fields } from './format.js';
import { callMethod, exportedFunction, type Library } from './library.js';
import { LeftOut, NotBuilt, type GoldenCase } from './runner.js';

const operations: Readonly<
  Record<string, (inputs: Readonly<Record<string, Tensor>>, args: Fields, library: Library) => Tensor>
> = {
  int_matmul: ({ a, b, za, zb }, args, library) =>
    exportedFunction(library.tensor, 'matmulInteger')(a, b, {
      aZeroPoint: za ?? args.za ?? 0,
      bZeroPoint: zb ?? args.zb ?? 0,
    }) as Tensor,
  int_conv2d: ({ x, w, zx, zw }, { stride, padding, dilation, groups, ...points }, library) =>
    exportedFunction(library.tensor, 'convInteger')(x, w, {
      stride,
      padding,
      dilation,
      groups,
      xZeroPoint: zx ?? points.zx ?? 0,
      wZeroPoint: zw ?? points.zw ?? 0,
    }) as Tensor,
  // q = clamp(round_half_even(f32(acc) * f32(multiplier)) + zero_point, qmin, qmax), spelled out in tensor operations.
  requantize: (inputs, args) => {
    const { acc, multiplier } = mustHave(inputs, 'acc', 'multiplier');
    const axis = typeof args.channel_axis === 'number' ? args.channel_axis : null;
    const factor = axis === null ? multiplier : multiplier.reshape(acc.shape.map((_, d) => (d === axis ? -1 : 1)));
    const rounded = callMethod(acc.to('float32').mul(factor), 'round', []) as Tensor;
    const dtype = dtypeOf(String(args.dtype));
    if (dtype === null) throw new NotBuilt(`dtype ${String(args.dtype)}`);
    // In float64, which holds the ends of every integer grid.
    const shifted = rounded.to('float64').add(Number(args.zero_point));
    const clamped = callMethod(shifted, 'clamp', [{ min: Number(args.qmin), max: Number(args.qmax) }]) as Tensor;
    return clamped.to(dtype);
  },
};

/** One case of the topic. */
export function integerCase(golden: Fields, library: Library): GoldenCase {
  const op = String(golden.op);
  return {
    name: String(golden.name),
    group: op,
    run: () => {
      const operation = operations[op];
      if (operation === undefined) throw new LeftOut(`no rule for ${op}`);
      const inputs = Object.fromEntries(
        Object.entries(isFields(golden.inputs) ? golden.inputs : {}).flatMap(([name, record]) =>
          isTensorRecord(record) ? [[name, tensorFrom(record)]] : [],
        ),
      );
      const result = operation(inputs, isFields(golden.args) ? golden.args : {}, library);
      checkOutputs(golden, isFields(golden.expected) ? golden.expected : {}, [result]);
    },
  };
}
