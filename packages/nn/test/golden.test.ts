import { join } from 'node:path';
import { goldenFolder, goldenSuite } from '../../tensor/test/golden/suite.js';
import { library, topics } from './golden/topics.js';

goldenSuite(goldenFolder(import.meta.dirname), topics, library);

describe('functional forms among the cases of tensors', () => {
  goldenSuite(goldenFolder(join(import.meta.dirname, '../../tensor/test')), topics, library, {
    groups: ['linear', 'embedding'],
  });
});
