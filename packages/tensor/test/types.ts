/** What must compile, and what must not. The type checker runs this file, nothing else does. */
import {
  conv2d,
  defineOp,
  type dtypes,
  interpolate,
  maxPool2d,
  noGrad,
  quantizeLinear,
  tensor,
  zeros,
  type DType,
  type Tensor,
  type TypedArray,
  type ValuesAndIndices,
} from '@q/tensor';
import { readSafetensors, writeSafetensors } from '@q/tensor/io';

/** Compiles where both types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <T extends true>(_is: T): void => undefined;

export function dtypesAreInTheTypes(x: Tensor, f: Tensor<'float32'>, i: Tensor<'int8'>): void {
  same<Same<DType, keyof typeof dtypes>>(true);
  same<Same<Tensor['dtype'], DType>>(true);
  const int8: Tensor<'int8'> = zeros([2], { dtype: 'int8' });
  const any: Tensor = i;
  const bytes: Int8Array = i.data;
  const floats: Float32Array = f.data;
  const cast: Tensor<'bool'> = x.to('bool');
  const moved: Tensor<'int8'> = i.reshape([1, -1]).permute([1, 0]).slice([0, 1]).clone();
  const where: Tensor<'int32'> = x.argmax(0);
  const values: TypedArray = x.data;
  void [int8, any, bytes, floats, cast, moved, where, values];
  // @ts-expect-error A tensor of int8 is not one of float32.
  const wrong: Tensor<'float32'> = i;
  // @ts-expect-error A tensor of any dtype is not one of int8.
  const narrow: Tensor<'int8'> = x;
  // @ts-expect-error int8 elements are not in a Float32Array.
  const array: Float32Array = i.data;
  // @ts-expect-error There is no such dtype.
  zeros([2], { dtype: 'int64' });
  // @ts-expect-error There is no such dtype either.
  x.to('complex64');
  void [wrong, narrow, array];
}

export function operationsGiveAGradientForEachInput(): void {
  const forward = ([a, b]: readonly [Tensor, Tensor]): Tensor => a.mul(b);
  defineOp<readonly [Tensor, Tensor]>({ name: 'mul', forward, backward: (g, [a, b]) => [g.mul(b), g.mul(a)] });
  defineOp<readonly [Tensor, Tensor]>({ name: 'mul', forward, backward: (g, [, b]) => [g.mul(b), null] });
  // @ts-expect-error The second gradient is missing.
  defineOp<readonly [Tensor, Tensor]>({ name: 'mul', forward, backward: (g, [, b]) => [g.mul(b)] });
}

export function optionsHaveNames(x: Tensor, w: Tensor): void {
  x.sum(1, { keepdim: true });
  x.topk(2, { dim: 0, largest: false });
  conv2d(x, w, null, { stride: [1, 2], padding: 'same' });
  interpolate(x, { scaleFactor: 2, mode: 'bilinear' });
  // @ts-expect-error The name is keepdim.
  x.sum(1, { keepDim: true });
  // @ts-expect-error Options are one object, not positions.
  x.sum(1, true);
  // @ts-expect-error There is no such way of rounding.
  x.div(w, { roundingMode: 'ceil' });
  // @ts-expect-error There is no such mode.
  interpolate(x, { scaleFactor: 2, mode: 'spline' });
  // @ts-expect-error There is no such padding.
  conv2d(x, w, null, { padding: 'valide' });
  // @ts-expect-error Required arguments are required.
  x.select(0);
  // @ts-expect-error A shape is a list.
  x.reshape(2, 3);
  // @ts-expect-error A string is no operand.
  x.add('1');
  // @ts-expect-error There is no such reduction.
  x.scatterReduce(0, w, x, 'median');
}

export function resultsFollowTheCall(x: Tensor): void {
  const whole: Tensor = x.max();
  const along: ValuesAndIndices = x.max(0);
  const pooled: Tensor = maxPool2d(x, 2);
  const both: ValuesAndIndices = maxPool2d(x, 2, { returnIndices: true });
  const number: number = noGrad(() => x.item());
  const positions: Tensor<'uint8'> = quantizeLinear(x, 0.1, 0, 0, 255, { dtype: 'uint8' });
  const state: Record<string, Tensor> = readSafetensors(writeSafetensors({ x }));
  void [whole, along, pooled, both, number, positions, state];
  // @ts-expect-error Along a dim there are indices too.
  const single: Tensor = x.max(0);
  // @ts-expect-error Without returnIndices there is a tensor only.
  void maxPool2d(x, 2).indices;
  // @ts-expect-error Gradients may be missing.
  void x.grad.shape;
  // @ts-expect-error A shape is not to be changed.
  x.shape[0] = 3;
  void single;
}

export function opsAreTyped(x: Tensor): void {
  const scaled = defineOp<readonly [Tensor], number>({
    name: 'scaled',
    forward: ([value], factor) => value.mul(factor),
    backward: (grad, _inputs, _y, factor) => [grad.mul(factor)],
  });
  const y: Tensor = scaled(x, 2);
  void y;
  // @ts-expect-error The attribute is a number.
  scaled(x, 'twice');
  // @ts-expect-error There is one input.
  scaled(x, x, 2);
  // @ts-expect-error A derivative must be given, or null.
  defineOp<readonly [Tensor]>({ name: 'none', forward: ([value]) => value });
  // @ts-expect-error Objects are no elements.
  tensor([{}]);
}
