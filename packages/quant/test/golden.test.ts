import { goldenFolder, goldenSuite } from '../../tensor/test/golden/suite.js';
import { library, topics } from './golden/topics.js';

goldenSuite(goldenFolder(import.meta.dirname), topics, library);
