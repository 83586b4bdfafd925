/** Every topic: those of `@q/tensor` and `@q/nn`, and the quantization topics of `@q/quant`. */
import type { Topics } from '../../../tensor/test/golden/runner.js';
import { library as nnLibrary, topics as nnTopics } from '../../../nn/test/golden/topics.js';

export const library = nnLibrary;

export const topics: Topics = { ...nnTopics };
