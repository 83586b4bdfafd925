import * as tensor from '@q/tensor';
import { goldenFolder, goldenSuite } from './golden/suite.js';
import { tensorTopics } from './golden/topics.js';

const library = { tensor };

// The functional forms that a few cases use are in @q/nn, whose suite runs those cases.
goldenSuite(goldenFolder(import.meta.dirname), tensorTopics(library), library, { mayLack: /^functional\./ });
