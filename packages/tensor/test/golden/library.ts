/** The library as the golden runner sees it: public exports looked up by name, absent ones reported as not built. */
import { Tensor } from '@q/tensor';
import { camelCase } from './signature.js';
import { NotBuilt } from './runner.js';

export const isTensor = (value: unknown): value is Tensor => value instanceof Tensor;

/** The exports of a module. */
export type Namespace = Readonly<Record<string, unknown>>;

type AnyFunction = (...args: readonly unknown[]) => unknown;
type AnyConstructor = new (...args: readonly unknown[]) => object;

/** The packages a case may use; `@q/tensor` tests have no modules or functional forms. */
export interface Library {
  readonly tensor: Namespace;
  /** `functional` of `@q/nn`. */
  readonly functional?: Namespace;
  /** Module classes of `@q/nn`. */
  readonly modules?: Namespace;
}

const isFunction = (value: unknown): value is AnyFunction => typeof value === 'function';
const isConstructor = (value: unknown): value is AnyConstructor => typeof value === 'function';

/** An exported function; NotBuilt where there is none. */
export function exportedFunction(namespace: Namespace | undefined, name: string, where = ''): AnyFunction {
  const found = namespace?.[name];
  if (!isFunction(found)) throw new NotBuilt(`${where}${name}`);
  return found;
}

/** An exported class; NotBuilt where there is none. */
export function exportedClass(namespace: Namespace | undefined, name: string): AnyConstructor {
  const found = namespace?.[name];
  if (!isConstructor(found)) throw new NotBuilt(name);
  return found;
}

/** A property of any object, prototype chain included; undefined where absent. */
export const property = (object: object, name: string): unknown => (object as Readonly<Record<string, unknown>>)[name];

/** Calls a method; NotBuilt where the object has none of that name. */
export function callMethod(object: object, name: string, args: readonly unknown[]): unknown {
  const method = property(object, name);
  if (!isFunction(method)) throw new NotBuilt(`${object.constructor.name}.${name}`);
  return method.apply(object, args as unknown[]);
}

/** Keyword arguments as one trailing options object with camelCase names. */
export function withOptions(args: readonly unknown[], kwargs: Readonly<Record<string, unknown>>): readonly unknown[] {
  const entries = Object.entries(kwargs);
  if (entries.length === 0) return args;
  return [...args, Object.fromEntries(entries.map(([name, value]) => [camelCase(name), value]))];
}
