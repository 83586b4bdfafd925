import * as nn from '@q/nn';
import * as quant from '../../src/index.js';
import { builtIn, nameOf, stableNameOf } from '../../src/modules/built-in.js';

const exported: Readonly<Record<string, unknown>> = { ...quant };

/** Layers that hold or pass on, and what AIMET has no quantized class for either. */
const unquantized = [
  'Module',
  'Identity',
  'Sequential',
  'ModuleList',
  'ModuleDict',
  'Loss',
  'MultiheadAttention',
  'Transformer',
  'TransformerEncoder',
  'TransformerDecoder',
  'TransformerEncoderLayer',
  'TransformerDecoderLayer',
  'AdaptiveLogSoftmaxWithLoss',
];

const isModuleClass = (value: unknown): value is abstract new (...args: never[]) => nn.Module =>
  typeof value === 'function' && (value === nn.Module || value.prototype instanceof nn.Module);

const layers = Object.entries(nn as Readonly<Record<string, unknown>>).flatMap(([name, value]) =>
  isModuleClass(value) && !unquantized.includes(name) ? [[name, value] as const] : [],
);

describe('the table of quantized classes', () => {
  it.each(layers)('has one for %s, exported under its name', (name, float) => {
    const type = exported[`Quantized${name}`] as abstract new (...args: never[]) => nn.Module;
    expect(type.name).toBe(`Quantized${name}`);
    expect(type.prototype).toBeInstanceOf(float);
    const made = quant.QuantizationMixin.fromModule(Object.create(float.prototype) as nn.Module);
    expect(made).toBeInstanceOf(type);
  });

  it('has none for classes that hold others or pass on', () => {
    // The class of attention is made of quantized parts: fromModule knows it no more than the others.
    for (const name of unquantized.filter((other) => other !== 'MultiheadAttention'))
      expect(exported).not.toHaveProperty(`Quantized${name}`);
    expect(() => quant.QuantizationMixin.fromModule(new nn.MultiheadAttention(4, 2))).toThrow(nn.ModuleError);
  });

  it("has AIMET's other names for the same classes", () => {
    const others = Object.entries(exported).filter(([name]) => /^FakeQuantized/.test(name));
    expect(others.length).toBeGreaterThan(80);
    for (const [name, type] of others) expect(exported[name.slice('Fake'.length)]).toBe(type);
  });
});

/** Calls a function while classes have the name that a minifier gave them. */
function minified<T>(types: readonly quant.ModuleClass[], fn: () => T): T {
  const names = types.map(({ name }) => name);
  const rename = (type: quant.ModuleClass, value: string): void => void Object.defineProperty(type, 'name', { value });
  for (const type of types) rename(type, 'a');
  try {
    return fn();
  } finally {
    for (const [i, type] of types.entries()) rename(type, names[i]!);
  }
}

describe('the name of a class', () => {
  it('is its own for every layer and every quantized layer, and remains so where a minifier has renamed them', () => {
    const classes = [...builtIn].flat();
    const names = classes.map(({ name }) => name);
    expect(classes.map(nameOf)).toEqual(names);
    expect(minified(classes, () => classes.map(nameOf))).toEqual(names);
  });

  it('is known of what holds other modules', () => {
    const holders = [nn.Identity, nn.Sequential, nn.ModuleList, nn.ModuleDict];
    expect(holders.map(stableNameOf)).toEqual(holders.map(({ name }) => name));
  });

  it('is whatever it is called now for any other class', () => {
    class Own extends nn.Linear {}
    expect([nameOf(Own), stableNameOf(Own)]).toEqual(['Own', null]);
    expect(minified([Own], () => nameOf(Own))).toBe('a');
  });
});
