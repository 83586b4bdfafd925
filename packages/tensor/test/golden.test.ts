import * as tensor from '@q/tensor';
import { goldenFolder, goldenSuite } from './golden/suite.js';
import { tensorTopics } from './golden/topics.js';

const library = { tensor };

goldenSuite(goldenFolder(import.meta.dirname), tensorTopics(library), library);
