/** The topics that need nothing but tensors. */
import { moduleCase, operationCase } from './cases.js';
import type { GoldenFile } from './format.js';
import { integerCase } from './integer.js';
import type { Library } from './library.js';
import { promotionCases } from './promotion.js';
import { LeftOut, type GoldenCase, type Topic, type Topics } from './runner.js';
import { Torch } from './torch.js';

/** Cases that say themselves how to run: operations by `expr`, modules by `call`. */
export function selfDescribing(library: Library): Topic {
  const torch = new Torch(library);
  return ({ topic, cases }: GoldenFile): readonly GoldenCase[] =>
    cases.map((golden) => {
      if (typeof golden.expr === 'string') return operationCase(golden, torch);
      if (typeof golden.module === 'string' && typeof golden.call === 'string') return moduleCase(golden, torch);
      return {
        name: String(golden.name),
        group: topic,
        run: () => {
          throw new LeftOut(`no rule for topic ${topic}`);
        },
      };
    });
}

/** Topics with rules of their own; every other file describes itself. */
export const tensorTopics = (library: Library): Topics => ({
  dtype_promotion: (file) => promotionCases(file, library),
  int_ops: ({ cases }) => cases.map((golden) => integerCase(golden, library)),
});

/** The cases of a file. */
export function casesOf(file: GoldenFile, topics: Topics, library: Library): readonly GoldenCase[] {
  return (topics[file.topic] ?? selfDescribing(library))(file);
}
