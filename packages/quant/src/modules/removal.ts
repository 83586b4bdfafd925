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

  [Symbol.dispose](): void {
    this.restore();
  }
}
