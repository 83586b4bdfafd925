import fc from 'fast-check';
import { change, changed, names, places, put } from '../mutations.js';
import { readers, textOf } from '../readers.js';
import { runs } from '../scale.js';
import { checkPure, reads } from '../watch.js';

/** Mutations for each reader; the full suite makes 100,000 in all. */
const each = Math.ceil(runs(readers.length * 40, 100_000) / readers.length);

describe.each(readers.map((reader) => [reader.name, reader] as const))('%s', (_name, { stored, leaves, make }) => {
  const size = textOf(stored).length;

  it('is read as it was stored', () => {
    const subject = make();
    subject.read(stored);
    subject.use();
    checkPure();
  });

  it('with changes is read or refused by a typed error, which leaves everything as it was', () => {
    let subject = make();
    let before = textOf(subject.state());
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        const value = changed(stored, changes, leaves);
        if (reads(size, () => subject.read(value))) {
          reads(size, () => subject.use());
          subject = make();
          before = textOf(subject.state());
        } else expect(textOf(subject.state())).toBe(before);
        checkPure();
      }),
      { numRuns: each },
    );
  });

  it.each(names)('with an entry called %s anywhere changes no other object', (name) => {
    const count = places({ stored }).length;
    for (let i = 0; i < count; i++) {
      const root = changed({ stored }, []) as { readonly stored: unknown };
      const [owner, key] = places(root)[i]!;
      const place: unknown = Reflect.get(owner, key);
      if (typeof place !== 'object' || place === null || Array.isArray(place)) continue;
      put(place, name, { polluted: true, x: true, then: true });
      const subject = make();
      if (reads(size, () => subject.read(root.stored))) reads(size, () => subject.use());
      checkPure();
    }
  });
});
