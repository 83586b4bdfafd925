import { dtypes, layerNormInteger, rmsNormInteger, softmaxScaled, type Tensor } from '@q/tensor';
import { numel } from '@q/tensor/internal';
import { LayerNorm, RMSNorm, Softmax, type StateNames } from '@q/nn';
import { isByte } from '../kernels/wide.js';
import { float32Of, vectorOf } from './accumulated.js';
import { FloatInside } from './float-inside.js';
import { scaleOf, zeroOf } from './grids.js';
import type { Computed } from './layer.js';
import { integersOf, numbers, scaled, scaledGrid, type Integers } from './operands.js';

/** `Softmax` of integers, a row of floats at a time. */
export class IntegerSoftmax extends FloatInside {
  protected override compute(args: readonly unknown[]): Computed {
    const { inside } = this;
    const integers = integersOf(args[0]);
    if (integers === null || !(inside instanceof Softmax)) return super.compute(args);
    const encoding = this.outputGrid();
    const dim = inside.dimOf(integers.values);
    const values = softmaxScaled(scaled(integers), dim, scaledGrid(encoding));
    return { y: numbers({ values, encoding }), route: 'float inside', why: 'computes with float32 between integers' };
  }
}

/** Weight and bias of a norm over the step of its result, as vectors. */
interface Factors {
  readonly multiplier: Tensor;
  readonly bias: Tensor;
}

/** `LayerNorm` and `RMSNorm` of bytes: sums of integers, each element put on the grid as accumulators are. */
export class IntegerNorm extends FloatInside {
  static override readonly stateNames: StateNames = { factors: null };
  /** What was made of the parameters as they were at these versions. */
  private factors: (Factors & { readonly versions: readonly (number | null)[] }) | null = null;

  protected override compute(args: readonly unknown[]): Computed {
    const { inside } = this;
    const integers = integersOf(args[0]);
    const encoding = this.outputGrid();
    const fits = integers !== null && isByte(integers.values) && dtypes[encoding.dtype].bytes === 1;
    if (!fits || !(inside instanceof LayerNorm || inside instanceof RMSNorm)) return super.compute(args);
    return { y: numbers({ values: this.normalized(inside, integers), encoding }), route: 'integer' };
  }

  private normalized(norm: LayerNorm | RMSNorm, { values, encoding }: Integers): Tensor {
    const output = this.outputGrid();
    const n = numel(norm.normalizedShape);
    const [weight, added] = [norm.weight, norm instanceof LayerNorm ? norm.bias : null];
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
      norm instanceof LayerNorm
        ? layerNormInteger(rows, { scale, eps: norm.eps, requantize })
        : rmsNormInteger(rows, { scale, eps: norm.eps, zeroPoint: zeroOf(encoding), requantize });
    return rows === values ? y : y.reshape(values.shape);
  }
}
