import { described } from '@q/tensor';
import { checkFunction } from '@q/tensor/internal';
import { QuantizationError } from '../errors.js';
import type { QuantizerBase } from '../quantizers/quantizer.js';

type QuantizerSlot = QuantizerBase | null;

/** The slots of one list or record, by key. */
type Slots = Record<string, QuantizerSlot> | QuantizerSlot[];

const isKey = (key: unknown): boolean => typeof key === 'string' || typeof key === 'number';

/** Quantizers that were taken out of a module; `using` puts them back at the end of the scope. */
export class QuantizersRemoved implements Disposable {
  private taken: { readonly slots: Slots; readonly key: string; readonly quantizer: QuantizerBase }[] = [];

  /**
   * Empties `keys` of `slots`, or all of them.
   *
   * @internal
   */
  take(slots: Slots, keys: readonly (string | number)[] = Object.keys(slots)): this {
    const known = Object.keys(slots);
    if (!Array.isArray(keys) || !Array.from(keys, (key) => isKey(key) && known.includes(String(key))).every(Boolean))
      throw new QuantizationError(
        `removal of quantizers: wants places that there are (${known.join(', ') || 'none'}), got ${described(keys)}.`,
      );
    for (const key of keys.map(String)) {
      const quantizer = (Reflect.get(slots, key) ?? null) as QuantizerSlot;
      // What another removal holds is that one's to bring back, even if it ends first.
      if (quantizer === null) continue;
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
      checkFunction('during', fn);
      result = fn();
    } catch (cause) {
      this.restore();
      throw cause;
    }
    if (result instanceof Promise) return result.finally(() => this.restore()) as T;
    this.restore();
    return result;
  }

  /** `restore()`, at the end of a `using` scope. */
  [Symbol.dispose](): void {
    this.restore();
  }
}
