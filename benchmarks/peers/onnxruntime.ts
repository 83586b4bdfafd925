import type * as Runtime from 'onnxruntime-web';
import type { Numbers, Open, Task } from './peer.js';
import { onnxModel } from './onnx.js';
import { chained, floatModelOf, modelOf, type Model } from './onnx-graphs.js';

/** Operations of the chain that are timed, beside the one that carries the copies in and out. */
const CHAINED = 4;

/**
 * Variants: `web`, what a user pays, with operands copied in and results out; `web-graph`, one operation amid others of a
 * graph; `web-float`, the float networks of which those on integers are made; `node`, the native library.
 */
export const open: Open = async (threads, variant) => {
  const runtime = (await import(variant === 'node' ? 'onnxruntime-node' : 'onnxruntime-web')) as typeof Runtime;
  if (variant !== 'node') runtime.env.wasm.numThreads = threads;
  const load = async ({ graph, feeds }: Model, optimized: boolean) => {
    const session = await runtime.InferenceSession.create(onnxModel(graph), {
      executionProviders: [variant === 'node' ? 'cpu' : 'wasm'],
      graphOptimizationLevel: optimized ? 'all' : 'disabled',
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
    });
    const tensors = Object.fromEntries(
      Object.entries(feeds).map(([name, { type, values, shape }]) => [name, new runtime.Tensor(type, values, shape)]),
    );
    return { session, run: () => session.run(tensors) };
  };
  return {
    async prepare(workload): Promise<Task | null> {
      const model = variant === 'web-float' ? floatModelOf(workload) : modelOf(workload);
      if (!model) return null;
      const { session, run } = await load(model, true);
      const read = async () => {
        const results = await run();
        return session.outputNames.map((name) => results[name]!.data as Numbers);
      };
      const close = () => session.release();
      if (variant !== 'web-graph') return { run, read, close };
      // Networks are graphs already, and without the optimizer they would not run on integers.
      const long = workload.kind === 'int8-network' ? null : chained(model, CHAINED + 1);
      if (!long) return null;
      const [many, one] = [await load(long, false), await load(model, false)];
      return { run: many.run, besides: one.run, perRun: CHAINED, read, close };
    },
  };
};
