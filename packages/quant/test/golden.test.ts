import { goldenFolder, goldenSuite } from '../../tensor/test/golden/suite.js';
import { library, topics } from './golden/topics.js';

/** Layers that are still to come: everything else that is missing fails. */
const mayLack = /Loss(2d)?$|^(RNN|LSTM|GRU)(Cell)?$|^MultiheadAttention$|^Transformer/;

goldenSuite(goldenFolder(import.meta.dirname), topics, library, { mayLack });
