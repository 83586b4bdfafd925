import { join } from 'node:path';
import { goldenFolder, goldenSuite } from '../../tensor/test/golden/suite.js';
import { library, topics } from './golden/topics.js';

/** Layers that are still to come: everything else that is missing fails. */
const mayLack = /Loss(2d)?$|^(RNN|LSTM|GRU)(Cell)?$|^MultiheadAttention$|^Transformer/;

goldenSuite(goldenFolder(import.meta.dirname), topics, library, { mayLack });

describe('functional forms among the cases of tensors', () => {
  goldenSuite(goldenFolder(join(import.meta.dirname, '../../tensor/test')), topics, library, {
    groups: ['linear', 'embedding'],
  });
});
