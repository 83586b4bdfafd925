import { Tensor } from '@q/tensor';
import { isRecord } from '@q/tensor/internal';
import { Module } from '@q/nn';

const isContainer = (value: unknown): value is object => Array.isArray(value) || isRecord(value);

const holdsState = (value: unknown): boolean =>
  value instanceof Tensor || value instanceof Module || (isContainer(value) && Object.values(value).some(holdsState));

/** Arrays and records of parameters are copied, so that reassigning one leaves the other module alone; all else is shared. */
function shared(value: unknown): unknown {
  if (!isContainer(value) || !holdsState(value)) return value;
  if (Array.isArray(value)) return value.map(shared);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shared(item)]));
}

/** Gives `target` every own property of `source` except the named ones; parameters and settings are the same objects. */
export function copyProperties<T extends object>(source: object, target: T, except: readonly string[] = []): T {
  for (const key of Reflect.ownKeys(source)) {
    const property = Object.getOwnPropertyDescriptor(source, key)!;
    if (typeof key === 'string' ? except.includes(key) : !property.enumerable) continue;
    Object.defineProperty(target, key, 'value' in property ? { ...property, value: shared(property.value) } : property);
  }
  return target;
}
