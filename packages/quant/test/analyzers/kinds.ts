import {
  EntropyEncodingAnalyzer,
  MinMaxEncodingAnalyzer,
  MovingAverageMinMaxEncodingAnalyzer,
  MseEncodingAnalyzer,
  PercentileEncodingAnalyzer,
  SqnrEncodingAnalyzer,
  type EncodingAnalyzer,
} from '@q/quant';

/** How to make an analyzer of a class, small enough to run many. */
export interface Kind {
  readonly make: (shape: readonly number[]) => EncodingAnalyzer;
  readonly fromJSON: (json: unknown) => EncodingAnalyzer;
}

const options = { numBins: 16 };

/** Every analyzer of the package, by name. */
export const kinds: Readonly<Record<string, Kind>> = {
  EntropyEncodingAnalyzer: {
    make: (shape) => new EntropyEncodingAnalyzer(shape, options),
    fromJSON: (json) => EntropyEncodingAnalyzer.fromJSON(json),
  },
  MinMaxEncodingAnalyzer: {
    make: (shape) => new MinMaxEncodingAnalyzer(shape),
    fromJSON: (json) => MinMaxEncodingAnalyzer.fromJSON(json),
  },
  MovingAverageMinMaxEncodingAnalyzer: {
    make: (shape) => new MovingAverageMinMaxEncodingAnalyzer(shape, { averagingConstant: 0.5 }),
    fromJSON: (json) => MovingAverageMinMaxEncodingAnalyzer.fromJSON(json),
  },
  MseEncodingAnalyzer: {
    make: (shape) => new MseEncodingAnalyzer(shape, options),
    fromJSON: (json) => MseEncodingAnalyzer.fromJSON(json),
  },
  PercentileEncodingAnalyzer: {
    make: (shape) => new PercentileEncodingAnalyzer(shape, { ...options, percentile: 90 }),
    fromJSON: (json) => PercentileEncodingAnalyzer.fromJSON(json),
  },
  SqnrEncodingAnalyzer: {
    make: (shape) => new SqnrEncodingAnalyzer(shape, options),
    fromJSON: (json) => SqnrEncodingAnalyzer.fromJSON(json),
  },
};
