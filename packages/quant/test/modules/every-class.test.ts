import type { Module } from '@q/nn';
import { isFloat, manualSeed, noGrad, Tensor } from '@q/tensor';
import { affine, computeEncodings, QuantizationMixin, type KernelModule, type QuantizerSlot } from '../../src/index.js';
import { definitionOf } from '../../src/modules/quantized-module.js';
import { builtIn } from '../../src/modules/built-in.js';
import { particular, typicalOf } from './typical.js';

const eightBit = () => new affine.QuantizeDequantize({ shape: [], bitwidth: 8, symmetric: false });

const isFloating = (value: unknown): value is Tensor => value instanceof Tensor && isFloat(value.dtype);

const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !(value instanceof Tensor) && !Array.isArray(value);

/** A value with its leaves mapped: of arrays, and of records where told so. */
function mapped(value: unknown, records: boolean, map: (leaf: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((part) => mapped(part, records, map));
  if (isPlain(value))
    return records
      ? Object.fromEntries(Object.entries(value).map(([key, part]) => [key, mapped(part, records, map)]))
      : value;
  return map(value);
}

/** The floating leaves of a value, each quantized by the quantizer of its position; the last one stands at all further ones too. */
function faked(value: unknown, slots: readonly QuantizerSlot[], shared: boolean, records: boolean): unknown {
  let position = 0;
  return mapped(value, records, (leaf) => {
    const index = position++;
    const quantizer = slots[shared ? Math.min(index, slots.length - 1) : index];
    return isFloating(leaf) && quantizer?.isInitialized() ? quantizer.forward(leaf) : leaf;
  });
}

const numbers = (value: unknown): unknown =>
  mapped(value, true, (leaf) =>
    leaf instanceof Tensor ? { shape: leaf.shape, data: Array.from(leaf.data, (v: number) => v + 0) } : leaf,
  );

type AnyClass = new (...args: readonly unknown[]) => Module;

/** Integers come in and go out: no quantizer has anything to do there. */
const withoutNumbers = new Set(['OneHot']);

const table = [...builtIn].map(([float, type]) => [float.name, float as unknown as AnyClass, type.prototype] as const);

it('every typical call belongs to a class', () => {
  const names = new Set(table.map(([name]) => name));
  expect(particular.filter((name) => !names.has(name))).toEqual([]);
});

describe.each(table)('Quantized%s', (name, Float, prototype) => {
  it('with a quantizer at every place gives what fake quantization by hand gives', () => {
    const { inputs, sharedInputs, sharedOutputs } = definitionOf(prototype)!;
    const typical = typicalOf(name, inputs);
    manualSeed(1);
    const float = new Float(...typical.args).eval();
    const module = QuantizationMixin.fromModule(float.clone()) as Module & KernelModule;
    module.inputQuantizers = module.inputQuantizers.map(eightBit);
    module.outputQuantizers = module.outputQuantizers.map(eightBit);
    for (const parameter of Object.keys(module.paramQuantizers)) module.paramQuantizers[parameter] = eightBit();
    const args = typical.inputs();
    const call = (target: Module, values: readonly unknown[]): unknown => {
      manualSeed(2);
      return noGrad(() => target.forward(...values));
    };
    computeEncodings(module, () => call(module, args));
    const params = Object.values(module.paramQuantizers);
    const all = [...module.inputQuantizers, ...module.outputQuantizers, ...params];
    expect(params.every((quantizer) => quantizer!.isInitialized())).toBe(true);
    expect(all.some((quantizer) => quantizer!.isInitialized())).toBe(!withoutNumbers.has(name));

    noGrad(() => {
      for (const [parameter, value] of float.namedParameters())
        value.copy_(module.paramQuantizers[parameter]!.forward(value.clone()));
    });
    const given = faked(args, module.inputQuantizers, sharedInputs, false) as readonly unknown[];
    const wanted = faked(call(float, given), module.outputQuantizers, sharedOutputs, true);
    expect(numbers(call(module, args))).toEqual(numbers(wanted));
  });
});
