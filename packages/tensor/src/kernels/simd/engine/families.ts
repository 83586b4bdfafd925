import type { Family } from './engine.js';

/** Families that differ by some choices, each made when it is first needed. */
export function familiesOf<C extends readonly (string | number | boolean | null)[]>(
  make: (...choices: C) => Family,
): (...choices: C) => Family {
  const made = new Map<string, Family>();
  return (...choices) => {
    const key = choices.join(' ');
    let family = made.get(key);
    if (!family) made.set(key, (family = make(...choices)));
    return family;
  };
}
