import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tensorPackage from '@q/tensor';
import * as ioPackage from '@q/tensor/io';
import * as nnPackage from '@q/nn';
import * as optimPackage from '@q/nn/optim';
import * as quantPackage from '@q/quant';
import ts from 'typescript';

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
const settings = new Set([
  'setNumThreads',
  'setMemoryBudget',
  'setFusedMultiplyAdd',
  'setWinograd',
  'manualSeed',
  'onWarning',
]);

const packages = join(import.meta.dirname, '../../packages');

/** What no user of the types can call: classes that are abstract, members that are protected, private or internal. */
function hiddenNames(): ReadonlySet<string> {
  const hidden = new Set<string>();
  const isHidden = (node: ts.HasModifiers): boolean =>
    /@internal\b/.test(node.getFullText().slice(0, node.getStart() - node.getFullStart())) ||
    (ts.getModifiers(node) ?? []).some(({ kind }) =>
      [ts.SyntaxKind.PrivateKeyword, ts.SyntaxKind.ProtectedKeyword].includes(kind),
    );
  const visit = (node: ts.Node): void => {
    if (ts.isClassLike(node) && node.name !== undefined) {
      const { text } = node.name;
      if (ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.AbstractKeyword)) hidden.add(`new ${text}`);
      for (const member of node.members)
        if (ts.canHaveModifiers(member) && isHidden(member))
          hidden.add(ts.isConstructorDeclaration(member) ? `new ${text}` : `${text}.${member.name?.getText()}`);
    }
    ts.forEachChild(node, visit);
  };
  for (const name of ['tensor', 'nn', 'quant'])
    for (const file of readdirSync(join(packages, name, 'src'), { recursive: true, encoding: 'utf8' }))
      if (file.endsWith('.ts')) {
        const path = join(packages, name, 'src', file);
        visit(ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true));
      }
  return hidden;
}

const hidden = hiddenNames();

/** A module's namespace: of JavaScript's, or as a transpiler makes it. */
const isNamespace = (value: unknown): value is object =>
  typeof value === 'object' &&
  value !== null &&
  (Reflect.get(value, Symbol.toStringTag) === 'Module' || Reflect.get(value, '__esModule') === true);

/** Every exported function of a package, those in exported namespaces included. */
function functionsOf(prefix: string, exported: object): Callable[] {
  return Object.entries(exported).flatMap(([key, value]): Callable[] => {
    const name = `${prefix}.${key}`;
    if (settings.has(key)) return [];
    if (isClass(value)) {
      const made = { name: `new ${name}`, call: (_receiver: unknown, args: readonly unknown[]) => new value(...args) };
      return [...(hidden.has(`new ${value.name}`) ? [] : [made]), ...staticsOf(name, value)];
    }
    if (typeof value === 'function') return [{ name, call: (_receiver, args) => (value as AnyFunction)(...args) }];
    return isNamespace(value) ? functionsOf(name, value) : [];
  });
}

function staticsOf(name: string, owner: AnyClass): Callable[] {
  return Object.getOwnPropertyNames(owner)
    .filter((key) => !['length', 'name', 'prototype', 'arguments', 'caller'].includes(key))
    .filter((key) => typeof Object.getOwnPropertyDescriptor(owner, key)!.value === 'function')
    .filter(
      (key) => !isClass(Reflect.get(owner, key)) && !/^setDefault/.test(key) && !hidden.has(`${owner.name}.${key}`),
    )
    .map((key) => ({
      name: `${name}.${key}`,
      call: (_receiver, args) => (Reflect.get(owner, key) as AnyFunction).apply(owner, [...args]),
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

/** The public methods and setters of an object, up to but without `Object`. */
export function methodsOf(sample: object): Callable[] {
  const found = new Map<string, Callable>();
  for (
    let level = Object.getPrototypeOf(sample) as object | null;
    level && level !== Object.prototype;
    level = Object.getPrototypeOf(level) as object | null
  ) {
    const owner = (level.constructor as { readonly name: string }).name;
    for (const key of Object.getOwnPropertyNames(level)) {
      if (key === 'constructor' || found.has(key) || hidden.has(`${owner}.${key}`)) continue;
      const { value, set } = Object.getOwnPropertyDescriptor(level, key)! as { value?: unknown; set?: AnyFunction };
      const name = `${sample.constructor.name}.${key}`;
      if (typeof value === 'function')
        found.set(key, { name, call: (self, args) => (value as AnyFunction).apply(self, [...args]) });
      else if (set) found.set(key, { name: `${name} =`, call: (self, args) => set.call(self, args[0]) });
    }
  }
  return [...found.values()];
}
