import { tensor } from '@q/tensor';
import { MinMaxEncodingAnalyzer } from '../../src/analyzers/min-max.js';
import { MovingAverageMinMaxEncodingAnalyzer } from '../../src/analyzers/moving-average.js';

describe('analyzers of smallest and largest values', () => {
  it.each([true, false])('give the same range for the same ends, symmetric: %p', (isSymmetric) => {
    const [plain, moving] = [new MinMaxEncodingAnalyzer([2]), new MovingAverageMinMaxEncodingAnalyzer([2])];
    const x = tensor([
      [-1, 0],
      [3, 0],
    ]);
    for (const analyzer of [plain, moving]) analyzer.updateStats(x);
    const [a, b] = [plain, moving].map((analyzer) => analyzer.computeEncodings(15, isSymmetric));
    expect([a!.min.toArray(), a!.max.toArray()]).toEqual([b!.min.toArray(), b!.max.toArray()]);
  });
});
