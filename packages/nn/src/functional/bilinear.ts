import { ShapeError, shown, type Tensor } from '@q/tensor';
import { checkTensors } from '@q/tensor/internal';

/**
 * `x1 @ weight[k] @ x2 + bias[k]` for every `k`: `[..., in1]` and `[..., in2]` to `[..., out]` with `weight` `[out, in1, in2]`.
 *
 * @throws ShapeError where the leading dims of x1 and x2 differ or the last ones do not fit the weight
 */
export function bilinear(x1: Tensor, x2: Tensor, weight: Tensor, bias: Tensor | null = null): Tensor {
  checkTensors('bilinear', { x1, x2, weight });
  const [out, in1, in2] = weight.shape as [number, number, number];
  const leading = x1.shape.slice(0, -1);
  if (
    weight.ndim !== 3 ||
    x1.shape.at(-1) !== in1 ||
    x2.shape.at(-1) !== in2 ||
    x1.ndim !== x2.ndim ||
    leading.some((size, d) => size !== x2.shape[d])
  )
    throw new ShapeError(
      `bilinear: wants [..., in1], [..., in2] and a weight [out, in1, in2], got ${shown(x1.shape)}, ${shown(x2.shape)} and ${shown(weight.shape)}.`,
    );
  // [N, 1, in1] x [out, in1, in2] per output, then the inner product with x2.
  const rows = x1.reshape([-1, in1]);
  const products = rows.matmul(weight.permute([1, 0, 2]).reshape([in1, out * in2])).reshape([rows.shape[0]!, out, in2]);
  const y = products.matmul(x2.reshape([-1, in2, 1])).reshape([...leading, out]);
  return bias ? y.add(bias) : y;
}
