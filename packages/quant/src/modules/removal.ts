import type { QuantizerBase } from '../quantizers/quantizer.js';

type QuantizerSlot = QuantizerBase | null;

/** The slots of one list or record, by key. */
type Slots = Record<string, QuantizerSlot> | QuantizerSlot[];

/** Quantizers that were taken out of a module; `using` puts them back at the end of the scope. */
export class QuantizersRemoved implements Disposable {
  private taken: { readonly slots: Slots; readonly key: string; readonly quantizer: QuantizerSlot }[] = [];

  /** Empties `keys` of `slots`, or all of them. */
  take(slots: Slots, keys: readonly string[] = Object.keys(slots)): this {
    for (const key of keys) {
      const quantizer = (Reflect.get(slots, key) ?? null) as QuantizerSlot;
      this.taken.push({ slots, key, quantizer });
      Reflect.set(slots, key, null);
    }
    return this;
  }

  /** Puts the quantizers back; once. */
  restore(): void {
    for (const { slots, key, quantizer } of this.taken) Reflect.set(slots, key, quantizer);
    this.taken = [];
  }

  /** Runs `fn`, sync or async, without the quantizers and puts them back whatever happens. Gives what `fn` gives. */
  during<T>(fn: () => T): T {
    let result: T;
    try {
      result = fn();
    } catch (cause) {
      this.restore();
      throw cause;
    }
    if (result instanceof Promise) return result.finally(() => this.restore()) as T;
    this.restore();
    return result;
  }

  [Symbol.dispose](): void {
    this.restore();
  }
}
