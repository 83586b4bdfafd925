import fc from 'fast-check';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Sizes and shapes that no file of a few bytes can have. */
export const absurd = ['4294967296', '9007199254740991', '9007199254740993', '18446744073709551615', '1e308', '-1'];

const words = ['"__proto__"', '[', '{}', 'null', '"I64"', '"BF16"', ',', "'<i8'", '(1,)', 'True', 'NaN', '""'];

/** One change of a file's bytes. */
export const edit = fc.record({
  kind: fc.constantFrom('set', 'insert', 'remove', 'cut', 'copy'),
  at: fc.nat(),
  length: fc.integer({ min: 1, max: 24 }),
  bytes: fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 8 }),
    fc.constantFrom(...[...absurd, ...words].map((text) => encode(text))),
  ),
});

type EditOf<T> = T extends fc.Arbitrary<infer E> ? E : never;

/** A file with parts changed, inserted, removed, repeated or cut off. */
export function edited(file: Uint8Array, edits: readonly EditOf<typeof edit>[]): Uint8Array {
  let bytes = Array.from(file);
  for (const { kind, at, length, bytes: patch } of edits) {
    const start = at % (bytes.length + 1);
    if (kind === 'set') bytes.splice(start, patch.length, ...patch);
    else if (kind === 'insert') bytes.splice(start, 0, ...patch);
    else if (kind === 'remove') bytes.splice(start, length);
    else if (kind === 'copy') bytes.splice(start, 0, ...bytes.slice(start, start + length));
    else bytes = bytes.slice(0, start);
  }
  return Uint8Array.from(bytes);
}

/** Text of JSON that is deeper than any stack, and its value: a leaf here, which `jsonOf` writes. */
const deepText = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
const deep: unknown = JSON.parse(deepText);
const mark = '*deep*';

/** A value as text of JSON, however deep its leaves are. */
export const jsonOf = (value: unknown): string =>
  (JSON.stringify(value, (_key, entry: unknown) => (entry === deep ? mark : entry)) ?? '').replaceAll(
    `"${mark}"`,
    deepText,
  );

/** What JSON can hold in the place of something else. */
const leaves: readonly unknown[] = [
  ...[null, true, false, 0, -0, 1, -1, 2, 0.5, 1e-45, 255, 256, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 1e308, -1e308],
  ...['', 'x', 'NaN', 'Infinity', '-Infinity', '__proto__', 'constructor', 'int', 'float', 'True', '8'],
  ...[[], [0], [null], [[]], [1, 2], [2 ** 26], [2 ** 20, 2 ** 20], [1e308], {}, { length: 2 ** 32 }, deep],
];

/** Names that mean something to JavaScript, and some that do not. */
export const names = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'then',
  'length',
  '0',
  'x',
];

/** One change of a value's structure, with what it puts there as a number: no failure report could show every leaf. */
export const change = fc.record({
  kind: fc.constantFrom('set', 'set', 'remove', 'rename', 'add', 'copy', 'repeat'),
  at: fc.nat(),
  from: fc.nat(),
  name: fc.constantFrom(...names),
  leaf: fc.nat(),
});

const isContainer = (value: unknown): value is object =>
  typeof value === 'object' &&
  value !== null &&
  value !== deep &&
  (Array.isArray(value) || [null, Object.prototype].includes(Object.getPrototypeOf(value) as object | null));

/** Sets an entry as `JSON.parse` does: `__proto__` is a name like all others. */
export const put = (target: object, name: string, value: unknown): object =>
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });

/** A copy of arrays and records. */
const copied = (value: unknown): unknown =>
  !isContainer(value)
    ? value
    : Array.isArray(value)
      ? value.map((entry) => copied(entry))
      : Object.entries(value).reduce((copy, [key, entry]) => put(copy, key, copied(entry)), {});

/** Every place in a value, as its container and key. */
export const places = (value: unknown): readonly (readonly [object, string])[] =>
  isContainer(value) ? Object.entries(value).flatMap(([key, entry]) => [[value, key] as const, ...places(entry)]) : [];

/** A value of JSON with some of its structure changed; `extra` are leaves that it may have beside those of JSON. */
export function changed(
  value: unknown,
  changes: readonly EditOf<typeof change>[],
  extra: readonly unknown[] = [],
): unknown {
  const root = { value: copied(value) };
  const all = [...leaves, ...extra];
  for (const { kind, at, from, name, leaf } of changes) {
    const found = places(root);
    const [owner, key] = found[at % found.length]!;
    const [otherOwner, otherKey] = found[from % found.length]!;
    const entry: unknown = Reflect.get(owner, key);
    const fresh = copied(all[leaf % all.length]);
    if (kind === 'set') put(owner, key, fresh);
    else if (kind === 'copy') put(owner, key, copied(Reflect.get(otherOwner, otherKey)));
    else if (kind === 'add' && isContainer(entry)) put(entry, Array.isArray(entry) ? `${entry.length}` : name, fresh);
    else if (kind === 'repeat' && isContainer(entry) && Array.isArray(entry))
      entry.push(...(copied(entry) as unknown[]));
    else if (kind === 'rename' && !Array.isArray(owner) && owner !== root) {
      Reflect.deleteProperty(owner, key);
      put(owner, name, entry);
    } else if (kind === 'remove' && owner !== root)
      if (Array.isArray(owner)) owner.splice(Number(key), 1);
      else Reflect.deleteProperty(owner, key);
  }
  return root.value;
}
