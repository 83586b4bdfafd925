/** Topic e: statistics and ranges of the encoding analyzers. */
import { zeros } from '@q/tensor';
import { field, isFields, isTensorRecord, tensorFrom, type Fields } from '../../../tensor/test/golden/format.js';
import { callMethod, property } from '../../../tensor/test/golden/library.js';
import { Mismatch } from '../../../tensor/test/golden/runner.js';
import { topicOf } from './affine.js';
import { checkNumbers, checkTensor, expecting, isError, list, newAnalyzer, numbersOf, record } from './quantizers.js';

/** `{ min, max }` of tensors, or one histogram per encoding. */
function checkStatistics(what: string, statistics: unknown, expected: unknown): void {
  if (!Array.isArray(expected)) {
    const found = record(statistics);
    checkTensor(`${what}.min`, found.min, record(expected).min);
    checkTensor(`${what}.max`, found.max, record(expected).max);
    return;
  }
  const histograms = list(statistics);
  if (histograms.length !== expected.length)
    throw new Mismatch(`${what}: ${histograms.length} histograms, expected ${expected.length}`);
  expected.forEach((entry, i) => {
    const wanted = record(entry);
    const found = histograms[i];
    if (typeof found !== 'object' || found === null) throw new Mismatch(`${what}[${i}]: no histogram`);
    checkNumbers(`${what}[${i}].min`, property(found, 'min'), wanted.min);
    checkNumbers(`${what}[${i}].max`, property(found, 'max'), wanted.max);
    checkNumbers(`${what}[${i}].histogram`, property(found, 'histogram'), wanted.histogram);
    if ('bin_edges' in wanted) checkNumbers(`${what}[${i}].binEdges`, property(found, 'binEdges'), wanted.bin_edges);
    if (isFields(wanted.bin_edges_sampled)) {
      const { stride, data } = wanted.bin_edges_sampled;
      const sampled = numbersOf(property(found, 'binEdges')).filter((_, at) => at % Number(stride) === 0);
      checkNumbers(`${what}[${i}].binEdges`, sampled.slice(0, list(data).length), data);
    }
  });
}

/** A range compared with `{ min, max }` or an expected error. */
function checkRange(what: string, compute: () => unknown, expected: Fields): void {
  expecting(expected, compute, (result) => {
    // Several candidates are equally good within the rounding of a float32 sum.
    if (expected.ambiguous === true) return;
    const { min, max } = record(result);
    checkTensor(`${what} min`, min, expected.min);
    checkTensor(`${what} max`, max, expected.max);
  });
}

/** e_analyzer_minmax, e_analyzer_percentile, e_analyzer_sqnr */
export const analyzers = topicOf(
  (golden) => String(record(golden.config).type),
  (golden) => {
    const config = record(golden.config);
    const expected = record(golden.expected_fixed ?? golden.expected);
    if (isError(expected))
      return expecting(
        expected,
        () => newAnalyzer(config),
        () => undefined,
      );
    const batches = list(record(golden.inputs).batches).filter(isTensorRecord);
    const steps = list(expected.steps).map(record);
    // A corrected result may stand for the last batches only: those before it were merged into one there.
    const unchecked = golden.expected_fixed === undefined ? 0 : batches.length - steps.length;

    const feed = (analyzer: object): object => {
      if (String(config.note).startsWith('reset_stats()')) {
        callMethod(analyzer, 'updateStats', [zeros([3])]);
        callMethod(analyzer, 'resetStats', []);
      }
      batches.forEach((batch, i) => {
        const step = steps[i - unchecked] ?? {};
        expecting(
          step,
          () => callMethod(analyzer, 'updateStats', [tensorFrom(batch)]),
          (own) => {
            if (!('merged' in step)) return;
            const fixed = golden.expected_fixed !== undefined;
            const ofBatch = step.batch_stats === 'same as merged' ? step.merged : step.batch_stats;
            if (ofBatch !== undefined && !fixed) checkStatistics(`batch ${i}`, own, ofBatch);
            checkStatistics(`merged ${i}`, callMethod(analyzer, 'getStats', []), step.merged);
          },
        );
      });
      return analyzer;
    };

    // Histograms do not depend on the percentile: one analyzer per percentile, each fed with everything.
    const fed = new Map<unknown, object>();
    const analyzerFor = (percentile: unknown): object => {
      let analyzer = fed.get(percentile);
      if (analyzer === undefined) {
        analyzer = feed(newAnalyzer(config, percentile === undefined ? {} : { percentile }));
        fed.set(percentile, analyzer);
      }
      return analyzer;
    };

    if (steps.length > 0 && list(expected.encodings).length === 0) analyzerFor(undefined);
    for (const entry of list(expected.encodings).map(record)) {
      const what = `percentile ${String(entry.percentile)}, ${String(entry.num_steps)} steps, symmetric ${String(entry.symmetric)}:`;
      const analyzer = analyzerFor(entry.percentile);
      checkRange(what, () => callMethod(analyzer, 'computeEncodings', [entry.num_steps, entry.symmetric]), entry);
    }
    for (const entry of list(expected.dynamic).map(record)) {
      const batch = tensorFrom(field(batches, Number(entry.batch)));
      const analyzer = newAnalyzer(config, entry.percentile === undefined ? {} : { percentile: entry.percentile });
      checkRange(
        `dynamic, batch ${String(entry.batch)}:`,
        () => callMethod(analyzer, 'computeDynamicEncodings', [batch, entry.num_steps, entry.symmetric]),
        entry,
      );
    }
    if ('test_deltas' in expected)
      checkRange(
        '',
        () => callMethod(analyzerFor(undefined), 'computeEncodings', [config.num_steps, config.symmetric]),
        expected,
      );
  },
);
