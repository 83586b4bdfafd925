/** The topics of `@q/nn`: modules describe themselves, optimizers and schedulers have rules of their own. */
import * as tensor from '@q/tensor';
import * as nn from '@q/nn';
import * as optim from '@q/nn/optim';
import type { Library, Namespace } from '../../../tensor/test/golden/library.js';
import type { Topics } from '../../../tensor/test/golden/runner.js';
import { tensorTopics } from '../../../tensor/test/golden/topics.js';
import { optimizerCase } from './optimizers.js';
import { schedulerCase } from './schedulers.js';

const modules: Namespace = nn;
const functional = modules.functional;

export const library: Library = {
  tensor,
  modules,
  functional: typeof functional === 'object' && functional !== null ? (functional as Namespace) : {},
};

export const topics: Topics = {
  ...tensorTopics(library),
  optim: ({ cases }) => cases.map((golden) => optimizerCase(golden, optim, modules)),
  lr_scheduler: ({ cases }) => cases.map((golden) => schedulerCase(golden, optim)),
};
