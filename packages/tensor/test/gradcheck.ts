import { enableGrad, noGrad, tensor, type Tensor } from '@q/tensor';

/** A function of float64 tensors; all outputs count. */
type Differentiable = (...inputs: Tensor[]) => Tensor | readonly Tensor[];

const list = (outputs: Tensor | readonly Tensor[]): readonly Tensor[] => ('storage' in outputs ? [outputs] : outputs);

/** A fixed, irregular weight for every output element, so that no error cancels in the sum. */
const weight = (i: number): number => Math.sin(12.9898 * (i + 1)) + 1.3;

/** The loss `sum(out * weight)` over all outputs. */
function loss(outputs: Tensor | readonly Tensor[]): Tensor {
  let seen = 0;
  const parts = list(outputs).map((out) => {
    const weights = Float64Array.from({ length: out.numel }, () => weight(seen++));
    return out.mul(tensor(weights, { shape: out.shape })).sum();
  });
  return parts.reduce((a, b) => a.add(b));
}

/** Options of `expectGradient`. */
interface CheckOptions {
  readonly step?: number;
  readonly tolerance?: number;
  /** The function whose differences the gradient is compared with, where that is another one. */
  readonly meant?: Differentiable;
}

/** The function that gives the gradients of `fn`, itself differentiable. What arrives at `fn` depends on its result. */
export const gradientOf =
  (fn: Differentiable): Differentiable =>
  (...inputs) =>
    enableGrad(() => {
      const leaves = inputs.map((x) => (x.requiresGrad ? x : tensor(x.data, { shape: x.shape, requiresGrad: true })));
      loss(list(fn(...leaves)).map((out) => out.square())).backward(undefined, { createGraph: true });
      return leaves.map((leaf) => {
        const { grad } = leaf;
        leaf.grad = null;
        // A constant gradient is a function of the inputs too.
        return grad ? grad.add(leaf.mul(0)) : leaf.mul(0);
      });
    });

/**
 * Expects the gradients of `fn` at float64 `inputs` to be what central differences give. `fn` must be smooth within `step`
 * of the inputs; gives the gradients in the inputs' order.
 */
export function expectGradient(
  fn: Differentiable,
  inputs: readonly Tensor[],
  { step = 1e-5, tolerance = 1e-6, meant = fn }: CheckOptions = {},
): void {
  const leaves = inputs.map((input) =>
    tensor(input.to('float64').clone().data, { shape: input.shape, requiresGrad: true }),
  );
  loss(fn(...leaves)).backward();
  const at = (which: number, element: number, delta: number): number =>
    noGrad(() => {
      const moved = leaves.map((leaf, i) => {
        const values = Float64Array.from(leaf.data);
        if (i === which) values[element]! += delta;
        return tensor(values, { shape: leaf.shape });
      });
      return loss(meant(...moved)).item();
    });
  leaves.forEach((leaf, which) => {
    const numeric = Array.from(
      { length: leaf.numel },
      (_, i) => (at(which, i, step) - at(which, i, -step)) / (2 * step),
    );
    const analytic = leaf.grad ? Array.from(leaf.grad.data) : numeric.map(() => 0);
    const scale = Math.max(1, ...numeric.map(Math.abs));
    numeric.forEach((expected, i) => {
      if (!(Math.abs(analytic[i]! - expected) <= tolerance * scale))
        throw new Error(
          `gradient of input ${which} at element ${i}: got ${analytic[i]}, differences give ${expected} (shape [${leaf.shape.join(', ')}])`,
        );
    });
  });
}
