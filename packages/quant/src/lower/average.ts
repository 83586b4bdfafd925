import type { AdaptiveSize, AvgPoolOptions } from '@q/tensor';
import { avgPoolScaled } from '@q/tensor';
import type { Module, Sizes } from '@q/nn';
import { FloatInside } from './float-inside.js';
import type { Computed } from './layer.js';
import { integersOf, numbers, scaled, scaledGrid } from './operands.js';
import type { FloatParts } from './parts.js';

/** What the average pools of @q/nn are called with. */
type AveragePool = Module & (({ kernelSize: Sizes } & AvgPoolOptions) | { outputSize: AdaptiveSize });

const isAveragePool = (layer: Module): layer is AveragePool => 'kernelSize' in layer || 'outputSize' in layer;

/** `AvgPool1d` to `3d` and `AdaptiveAvgPool1d` to `3d` on integers. */
export class IntegerAverage extends FloatInside {
  constructor(
    parts: FloatParts,
    /** Spatial dims. */
    private readonly rank: number,
  ) {
    super(parts);
  }

  protected override compute(args: readonly unknown[]): Computed {
    const { inside } = this;
    const integers = integersOf(args[0]);
    if (integers === null || !isAveragePool(inside)) return super.compute(args);
    const output = this.outputGrid();
    const batched = integers.values.ndim === this.rank + 2;
    const values = batched ? integers.values : integers.values.unsqueeze(0);
    const y = avgPoolScaled(scaled({ ...integers, values }), inside, scaledGrid(output));
    return { y: numbers({ values: batched ? y : y.squeeze(0), encoding: output }), route: 'integer' };
  }
}
