import * as tensorPackage from '@q/tensor';
import * as ioPackage from '@q/tensor/io';
import * as nnPackage from '@q/nn';
import * as optimPackage from '@q/nn/optim';
import * as quantPackage from '@q/quant';

/** Something public that can be called, and how. */
export interface Callable {
  readonly name: string;
  readonly call: (receiver: unknown, args: readonly unknown[]) => unknown;
}

type AnyFunction = (...args: readonly unknown[]) => unknown;
type AnyClass = new (...args: readonly unknown[]) => object;

const isClass = (value: unknown): value is AnyClass =>
  typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value));

/** Settings of the whole process: to be left alone while others run. */
const settings = new Set(['setNumThreads', 'setMemoryBudget', 'setFusedMultiplyAdd', 'manualSeed', 'onWarning']);

/** Every exported function of a package, those in exported records included. */
function functionsOf(prefix: string, exported: object): Callable[] {
  return Object.entries(exported).flatMap(([key, value]): Callable[] => {
    const name = `${prefix}.${key}`;
    if (settings.has(key)) return [];
    if (isClass(value))
      return [{ name: `new ${name}`, call: (_receiver, args) => new value(...args) }, ...staticsOf(name, value)];
    if (typeof value === 'function') return [{ name, call: (_receiver, args) => (value as AnyFunction)(...args) }];
    return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === null
      ? functionsOf(name, value)
      : Symbol.toStringTag in Object(value)
        ? functionsOf(name, value as object)
        : [];
  });
}

function staticsOf(name: string, owner: AnyClass): Callable[] {
  return Object.getOwnPropertyNames(owner)
    .filter((key) => !['length', 'name', 'prototype', 'arguments', 'caller'].includes(key))
    .filter((key) => typeof Object.getOwnPropertyDescriptor(owner, key)!.value === 'function')
    .filter((key) => !isClass((owner as unknown as Record<string, unknown>)[key]) && !/^setDefault/.test(key))
    .map((key) => ({
      name: `${name}.${key}`,
      call: (_receiver, args) => (owner as unknown as Record<string, AnyFunction>)[key]!(...args),
    }));
}

/** The public functions, constructors and static methods of the three packages. */
export const functions: readonly Callable[] = [
  ...functionsOf('tensor', tensorPackage),
  ...functionsOf('io', ioPackage),
  ...functionsOf('nn', nnPackage),
  ...functionsOf('optim', optimPackage),
  ...functionsOf('quant', quantPackage),
];

/** The methods and setters of an object, up to but without `Object`. */
export function methodsOf(sample: object): Callable[] {
  const found = new Map<string, Callable>();
  for (
    let level = Object.getPrototypeOf(sample);
    level && level !== Object.prototype;
    level = Object.getPrototypeOf(level)
  )
    for (const key of Object.getOwnPropertyNames(level)) {
      if (key === 'constructor' || found.has(key)) continue;
      const { value, set } = Object.getOwnPropertyDescriptor(level, key)!;
      const name = `${sample.constructor.name}.${key}`;
      if (typeof value === 'function')
        found.set(key, { name, call: (self, args) => (value as AnyFunction).apply(self, [...args]) });
      else if (set) found.set(key, { name: `${name} =`, call: (self, args) => set.call(self, args[0]) });
    }
  return [...found.values()];
}
