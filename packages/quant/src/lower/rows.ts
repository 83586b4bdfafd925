import { dtypes, layerNormInteger, rmsNormInteger, softmaxScaled, type Tensor } from '@q/tensor';
import type { LayerNorm, RMSNorm, Softmax, StateNames } from '@q/nn';
import { isByte } from '../kernels/wide.js';
import { float32Of, vectorOf } from './accumulated.js';
import { scaleOf, zeroOf } from './grids.js';
import type { Computed } from './layer.js';
import { FloatInside } from './movement.js';
import { integersOf, numbers, scaled, scaledGrid, type Integers } from './operands.js';

/** `Softmax` of integers, a row of floats at a time. */
export class IntegerSoftmax extends FloatInside {
  protected override compute(args: readonly unknown[]): Computed {
    const integers = integersOf(args[0]);
    if (integers === null) return super.compute(args);
    const encoding = this.outputGrid();
    const dim = (this.inside as Softmax).dimOf(integers.values);
    const values = softmaxScaled(scaled(integers), dim, scaledGrid(encoding));
    return { y: numbers({ values, encoding }), route: 'float inside', why: 'computes with float32 between integers' };
  }
}

/** Weight and bias of a norm over the step of its result, as vectors. */
interface Factors {
  readonly multiplier: Tensor;
  readonly bias: Tensor;
}

type Norm = LayerNorm | RMSNorm;

/** `LayerNorm` and `RMSNorm` of bytes: sums of integers, each element put on the grid as accumulators are. */
export class IntegerNorm extends FloatInside {
  static override readonly stateNames: StateNames = { factors: null };
  /** What was made of the parameters as they were at these versions. */
  private factors: (Factors & { readonly versions: readonly (number | null)[] }) | null = null;

  protected override compute(args: readonly unknown[]): Computed {
    const integers = integersOf(args[0]);
    const encoding = this.outputGrid();
    if (integers === null || !isByte(integers.values) || dtypes[encoding.dtype].bytes > 1) return super.compute(args);
    return { y: numbers({ values: this.normalized(integers), encoding }), route: 'integer' };
  }

  private normalized({ values, encoding }: Integers): Tensor {
    const norm = this.inside as Norm;
    const output = this.outputGrid();
    const n = norm.normalizedShape.reduce((product, size) => product * size, 1);
    const [weight, added] = [norm.weight, 'bias' in norm ? norm.bias : null];
    const versions = [weight, added].map((parameter) => parameter && parameter.storage.version);
    if (!this.factors || versions.some((version, i) => version !== this.factors!.versions[i])) {
      const inSteps = (parameter: Tensor | null, absent: number): Tensor => {
        const values = parameter ? float32Of(parameter) : new Float32Array(n).fill(absent);
        return vectorOf(values.map((value) => value / scaleOf(output)));
      };
      this.factors = { versions, multiplier: inSteps(weight, 1), bias: inSteps(added, 0) };
    }
    const { multiplier, bias } = this.factors;
    const { qmin, qmax, dtype } = output;
    const requantize = { multiplier, bias, zeroPoint: zeroOf(output), qmin, qmax, dtype };
    const rows = norm.normalizedShape.length === 1 ? values : values.reshape([-1, n]);
    const scale = scaleOf(encoding);
    const y =
      'bias' in norm
        ? layerNormInteger(rows, { scale, eps: norm.eps, requantize })
        : rmsNormInteger(rows, { scale, eps: norm.eps, zeroPoint: zeroOf(encoding), requantize });
    return rows === values ? y : y.reshape(values.shape);
  }
}

/** The layers that have a way of their own through their rows, by the float class. */
export const rowLayers: Readonly<Record<string, typeof FloatInside>> = {
  LayerNorm: IntegerNorm,
  RMSNorm: IntegerNorm,
  Softmax: IntegerSoftmax,
};
