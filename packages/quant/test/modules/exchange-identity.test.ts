import fc from 'fast-check';
import { randn, type Tensor } from '@q/tensor';
import {
  affine,
  computeEncodings,
  QuantizedAdd,
  QuantizedConv2d,
  QuantizedLinear,
  type KernelModule,
  type QuantizerSlot,
} from '../../src/index.js';
import type { Module } from '@q/nn';

/** A quantizer for a place: its bits, whether it is symmetric, and whether it is per channel where there are channels. */
const grids = fc.option(
  fc.record({ bitwidth: fc.integer({ min: 2, max: 16 }), symmetric: fc.boolean(), channels: fc.boolean() }),
  { freq: 4 },
);

type Grid = typeof grids extends fc.Arbitrary<infer G> ? G : never;

/** Kinds of modules, with the inputs of a call. */
const makers = {
  linear: () => new QuantizedLinear(4, 3),
  conv: () => new QuantizedConv2d(2, 3, 2),
  add: () => new QuantizedAdd(),
} satisfies Record<string, () => Module & KernelModule>;

const inputs: Record<keyof typeof makers, () => Tensor[]> = {
  linear: () => [randn([5, 4])],
  conv: () => [randn([1, 2, 4, 4])],
  add: () => [randn([6]), randn([6])],
};

const quantizerFor = (grid: Grid, shape: readonly number[]): QuantizerSlot => {
  if (grid === null) return null;
  const { bitwidth, symmetric, channels } = grid;
  return new affine.QuantizeDequantize({ bitwidth, symmetric, shape: channels ? shape : [] });
};

/** Sets the places of a module, one grid after the other. */
function equip(module: Module & KernelModule, list: readonly Grid[]): void {
  let next = 0;
  const take = (shape: readonly number[]): QuantizerSlot => quantizerFor(list[next++ % list.length]!, shape);
  module.inputQuantizers = module.inputQuantizers.map(() => take([]));
  module.outputQuantizers = module.outputQuantizers.map(() => take([]));
  for (const [name, parameter] of module.namedParameters())
    if (name in module.paramQuantizers)
      module.paramQuantizers[name] = take(parameter.shape.map((size, d) => (d === 0 ? size : 1)));
}

const encodingsOf = (module: KernelModule) => ({
  inputs: module.exportInputEncodings(),
  outputs: module.exportOutputEncodings(),
  params: module.exportParamEncodings(),
});

const present = <T>(encodings: readonly (T | null)[] | Record<string, T | null>): Record<string, T> =>
  Object.fromEntries(
    Object.entries<T | null>({ ...encodings }).filter((entry): entry is [string, T] => entry[1] !== null),
  );

it('encodings that a module exports and another of its shape imports are the same there, to the bit', () =>
  fc.assert(
    fc.property(
      fc.constantFrom(...(Object.keys(makers) as (keyof typeof makers)[])),
      fc.array(grids, { minLength: 4, maxLength: 4 }),
      fc.integer({ min: -12, max: 12 }),
      (kind, list, magnitude) => {
        const [from, to] = [makers[kind](), makers[kind]()];
        equip(from, list);
        // The same granularity, other grids.
        equip(
          to,
          list.map((grid) => grid && { ...grid, bitwidth: 8, symmetric: !grid.symmetric }),
        );
        computeEncodings(from, () =>
          from.forward(...(inputs[kind]().map((x) => x.mul(2 ** magnitude)) as [Tensor, Tensor])),
        );
        const written = JSON.parse(JSON.stringify(encodingsOf(from))) as ReturnType<typeof encodingsOf>;
        to.importInputEncodings(present(written.inputs));
        to.importOutputEncodings(present(written.outputs));
        to.importParamEncodings(present(written.params));
        expect(encodingsOf(to)).toEqual(encodingsOf(from));
        const again = encodingsOf(to);
        to.importInputEncodings(present(again.inputs));
        expect(encodingsOf(to)).toEqual(again);
      },
    ),
  ));
