import { checkBoolean, checkKnown } from '@q/tensor/internal';

/**
 * The options of a call, with defaults for those that are absent or undefined. Throws ArgumentError for a name that is neither
 * among the defaults nor in `besides`.
 */
export function withDefaults<O extends object>(
  operation: string,
  options: Partial<O>,
  defaults: O,
  besides: readonly string[] = [],
): O {
  checkKnown(operation, options, [...Object.keys(defaults), ...besides]);
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(given) };
}

/** Throws ArgumentError unless all of several options, by name, are true or false. */
export function checkBooleans(operation: string, values: Readonly<Record<string, unknown>>): void {
  for (const name of Object.keys(values)) checkBoolean(operation, name, values[name]);
}
