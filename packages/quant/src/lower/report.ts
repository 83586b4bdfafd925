import type { Route } from './layer.js';

/** What became of a layer. */
export interface LoweredLayer {
  /** Where it stands in the model. */
  readonly path: string;
  /** Name of its class. */
  readonly kind: string;
  /** How it computes: on integers, between integers with floats, or fake-quantized with floats. */
  readonly route: Route;
  /** Why it is not all integers, or what is special; may be empty. */
  readonly why: string;
}

/** What became of each layer of a model that was lowered, in the order of the model. */
export class LoweringReport {
  constructor(
    /** Every layer, in the order of the model. */
    readonly layers: readonly LoweredLayer[],
    /** Whether the model's result stands for integers of a layer, or is floats that a function or a float layer made. */
    readonly result: 'integer' | 'float',
  ) {}

  /** The layers that still compute with floats. */
  get floats(): readonly LoweredLayer[] {
    return this.layers.filter(({ route }) => route === 'float');
  }

  /** A table of plain text. Its last line is the result, if that is floats of a function or a float layer. */
  toString(): string {
    const rows = this.layers.map(({ path, kind, route, why }) => [path || '(model)', kind, route, why]);
    if (this.result === 'float')
      rows.push(['(result)', '', 'float', 'a function of tensors or a layer without an output quantizer makes it']);
    const widths = [0, 1, 2].map((column) => Math.max(0, ...rows.map((row) => row[column]!.length)));
    return rows
      .map((row) =>
        row
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join('  ')
          .trimEnd(),
      )
      .join('\n');
  }
}
