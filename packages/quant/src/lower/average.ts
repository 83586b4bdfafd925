import type { AdaptiveSize, AvgPoolOptions } from '@q/tensor';
import { avgPoolScaled } from '@q/tensor';
import type { Module, Sizes } from '@q/nn';
import type { Computed, Places } from './layer.js';
import { FloatInside } from './movement.js';
import { integersOf, numbers, scaled, scaledGrid } from './operands.js';

/** What the average pools of @q/nn are called with. */
export type AveragePool = Module & (({ kernelSize: Sizes } & AvgPoolOptions) | { outputSize: AdaptiveSize });

/** `AvgPool1d` to `3d` and `AdaptiveAvgPool1d` to `3d` on integers. */
export class IntegerAverage extends FloatInside {
  constructor(
    kind: string,
    places: Places,
    pool: AveragePool,
    /** Spatial dims. */
    private readonly rank: number,
  ) {
    super(kind, places, pool);
  }

  protected override compute(args: readonly unknown[]): Computed {
    const integers = integersOf(args[0]);
    if (integers === null) return super.compute(args);
    const output = this.outputGrid();
    const batched = integers.values.ndim === this.rank + 2;
    const values = batched ? integers.values : integers.values.unsqueeze(0);
    const y = avgPoolScaled(scaled({ ...integers, values }), this.inside as AveragePool, scaledGrid(output));
    return { y: numbers({ values: batched ? y : y.squeeze(0), encoding: output }), route: 'integer' };
  }
}
