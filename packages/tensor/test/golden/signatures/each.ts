/** One signature for several names. */
export const each = (names: string, signature: string): Record<string, string> =>
  Object.fromEntries(
    names
      .trim()
      .split(/\s+/)
      .map((name) => [name, signature]),
  );
