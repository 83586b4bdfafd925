/** What operation and module cases have in common: inputs, views, the scalar loss, and the comparison of all results. */
import { isFloat, type Tensor } from '@q/tensor';
import { firstDifference, resultOf, toleranceAt, type CompareOptions } from './compare.js';
import { field, isFields, isTensorRecord, numberFrom, tensorFrom, type Fields, type TensorRecord } from './format.js';
import { callMethod } from './library.js';
import { LeftOut, Mismatch, mustThrow, NotBuilt, same, type GoldenCase } from './runner.js';
import { flattenResult, type Torch } from './torch.js';

const names = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : []);

/** The stored inputs of a case; floating ones want gradients where the case has an upstream and does not exclude them. */
export function inputsOf(golden: Fields): Record<string, Tensor> {
  const excluded = names(golden.nograd);
  const backward = golden.upstream !== undefined;
  const inputs: Record<string, Tensor> = {};
  for (const [name, record] of Object.entries(isFields(golden.inputs) ? golden.inputs : {})) {
    if (!isTensorRecord(record)) continue;
    const plain = tensorFrom(record);
    inputs[name] =
      backward && isFloat(plain.dtype) && !excluded.includes(name) ? tensorFrom(record, { requiresGrad: true }) : plain;
  }
  return inputs;
}

/** Applies the case's `views` (transpose, slice, ...) to the stored inputs. */
export function viewsOf(
  golden: Fields,
  inputs: Readonly<Record<string, Tensor>>,
  torch: Torch,
): Record<string, Tensor> {
  const seen: Record<string, Tensor> = { ...inputs };
  for (const [name, steps] of Object.entries(isFields(golden.views) ? golden.views : {})) {
    for (const step of steps as readonly { readonly op: string; readonly args: Fields }[]) {
      const input = field(seen, name);
      seen[name] = (
        step.op === 'slice'
          ? torch.subscript(input, torch.indexFrom(step.args.index as readonly unknown[], inputs))
          : torch.method(input, step.op, [], step.args)
      ) as Tensor;
    }
  }
  return seen;
}

/** Weights of the scalar loss, one per output. */
const upstreamOf = (golden: Fields): readonly unknown[] =>
  Array.isArray(golden.upstream) ? golden.upstream : [golden.upstream];

/** Runs backward from sum(out * w) over all outputs that have a weight. */
export function backpropagate(golden: Fields, outputs: readonly (Tensor | null)[]): void {
  let loss: Tensor | null = null;
  upstreamOf(golden).forEach((weight, i) => {
    const output = outputs[i];
    if (!isTensorRecord(weight) || !output?.requiresGrad) return;
    const term = output.mul(tensorFrom(weight)).sum();
    loss = loss === null ? term : (loss as Tensor).add(term);
  });
  if (loss !== null) (loss as Tensor).backward();
}

/**
 * Quantization by x * (1 / scale), as torch does it, and by x / scale differ at near-ties: at `sensitive_indices` the
 * files allow an output to be one step off. The step is 1 of integers, the scale of what is dequantized.
 */
function nearTies(golden: Fields, { shape, dtype }: TensorRecord): CompareOptions['oneStep'] {
  const args = isFields(golden.args) ? golden.args : {};
  if (!Array.isArray(args.sensitive_indices)) return undefined;
  const sensitive = new Set<unknown>(args.sensitive_indices);
  const inputs = isFields(golden.inputs) ? golden.inputs : {};
  const stored = [inputs.scales, inputs.scale].find(isTensorRecord);
  const scales = stored?.data.map(numberFrom) ?? [Number(args.scale)];
  const axis = typeof args.axis === 'number' ? args.axis : 0;
  const inner = shape.slice(axis < 0 ? axis + shape.length + 1 : axis + 1).reduce((a, b) => a * b, 1);
  const stepOf = (element: number): number =>
    dtype.startsWith('float') ? field(scales, Math.floor(element / inner) % scales.length) : 1;
  return (element) => (sensitive.has(element) ? stepOf(element) : null);
}

function compareOutputs(golden: Fields, expected: Fields, outputs: readonly (Tensor | null)[]): void {
  const several = Array.isArray(expected.outputs);
  const wanted: readonly unknown[] = several ? (expected.outputs as unknown[]) : [expected.output];
  if (wanted.length !== outputs.length) throw new Mismatch(`${outputs.length} outputs, expected ${wanted.length}`);
  outputs.forEach((output, i) => {
    const what = several ? `output ${i}` : 'output';
    const record = wanted[i];
    if (!isTensorRecord(record)) {
      if (output !== null) throw new Mismatch(`${what}: a tensor where None is expected`);
      return;
    }
    if (output === null) throw new Mismatch(`${what}: nothing, expected a tensor`);
    const tolerance = several ? toleranceAt(golden.tol, 'outputs', i) : toleranceAt(golden.tol, 'output');
    const oneStep = nearTies(golden, record);
    same(
      what,
      firstDifference(resultOf(output), record, tolerance, { signedZero: golden.signed_zero === true, oneStep }),
    );
  });
}

/** Compares outputs; where the case lists alternatives, one of them will do. */
export function checkOutputs(golden: Fields, expected: Fields, outputs: readonly (Tensor | null)[]): void {
  try {
    compareOutputs(golden, expected, outputs);
  } catch (error) {
    const alternatives = Array.isArray(golden.alternatives) ? golden.alternatives.filter(isFields) : [];
    const fits = alternatives.some((alternative) => {
      try {
        compareOutputs(golden, alternative, outputs);
        return true;
      } catch {
        return false;
      }
    });
    if (!fits) throw error;
  }
}

/** Compares accumulated gradients; `leaf` finds the tensor for a name of the file. */
export function checkGradients(golden: Fields, expected: Fields, leaf: (name: string) => Tensor | undefined): void {
  for (const [name, record] of Object.entries(isFields(expected.grads) ? expected.grads : {})) {
    const found = leaf(name);
    if (found === undefined) throw new Mismatch(`grad of ${name}: there is no such input or parameter`);
    if (!isTensorRecord(record)) {
      if (found.grad !== null) throw new Mismatch(`grad of ${name}: a gradient where it is unused`);
      continue;
    }
    if (found.grad === null) throw new Mismatch(`grad of ${name}: none`);
    same(`grad of ${name}`, firstDifference(resultOf(found.grad), record, toleranceAt(golden.tol, 'grads', name)));
  }
}

/** Throws a reason to leave a case out that torch and this library decide differently by design. */
function differencesByDesign(golden: Fields): void {
  const args = isFields(golden.args) ? golden.args : {};
  const index = Array.isArray(args.index) ? args.index.filter(isFields) : [];
  if (index.some((part) => Array.isArray(part.slice) && typeof part.slice[2] === 'number' && part.slice[2] < 0))
    throw new LeftOut('by design: slices take negative steps, torch refuses them');
}

/** An operation case: `expr` evaluated on the inputs, outputs and gradients compared. */
export function operationCase(golden: Fields, torch: Torch): GoldenCase {
  return {
    name: String(golden.name),
    group: String(golden.op),
    run: () => {
      const inputs = inputsOf(golden);
      const args = isFields(golden.args) ? golden.args : {};
      const expected = isFields(golden.expected) ? golden.expected : {};
      if (expected.throws === true) differencesByDesign(golden);
      const run = (): unknown => {
        const seen = viewsOf(golden, inputs, torch);
        const idx = (): unknown => torch.indexFrom(Array.isArray(args.index) ? args.index : [args.index], seen);
        const typed = Object.fromEntries(Object.entries(args).map(([name, value]) => [name, torch.literal(value)]));
        return torch.evaluate(String(golden.expr), { ...seen, args: typed, idx });
      };
      if (expected.throws === true) return mustThrow(run, String(expected.torch_message));
      const outputs = flattenResult(run());
      checkOutputs(golden, expected, outputs);
      if (golden.upstream === undefined) return;
      backpropagate(golden, outputs);
      checkGradients(golden, expected, (name) => inputs[name]);
    },
  };
}

/** A module built from a case's `module`, `config` and `params`, with the case's training mode. */
export function buildModule(golden: Fields, torch: Torch, inputs: Readonly<Record<string, Tensor>>): object {
  const config = Object.fromEntries(
    Object.entries(isFields(golden.config) ? golden.config : {}).map(([name, value]) => {
      if (isFields(value) && typeof value.$tensor === 'string') return [name, inputs[value.$tensor]];
      if (isFields(value) && typeof value.$expr === 'string') return [name, torch.evaluate(value.$expr, inputs)];
      return [name, torch.literal(value)];
    }),
  );
  const module = torch.construct(String(golden.module), [], config);
  const params = Object.entries(isFields(golden.params) ? golden.params : {});
  if (params.length > 0)
    callMethod(module, 'loadStateDict', [
      Object.fromEntries(
        params.flatMap(([name, record]) => (isTensorRecord(record) ? [[name, tensorFrom(record)]] : [])),
      ),
    ]);
  callMethod(module, golden.training === false ? 'eval' : 'train', []);
  return module;
}

/** Parameters and buffers by state-dict name, as the live tensors. */
function stateOf(module: object): ReadonlyMap<string, Tensor> {
  const state = new Map<string, Tensor>();
  for (const method of ['namedParameters', 'namedBuffers'])
    try {
      for (const [name, tensor] of callMethod(module, method, []) as Iterable<readonly [string, Tensor]>)
        state.set(name, tensor);
    } catch (error) {
      if (!(error instanceof NotBuilt)) throw error;
    }
  return state;
}

/** A module case: `call` evaluated with the module as `m`. */
export function moduleCase(golden: Fields, torch: Torch): GoldenCase {
  return {
    name: String(golden.name),
    group: String(golden.module),
    run: () => {
      const inputs = inputsOf(golden);
      const expected = isFields(golden.expected) ? golden.expected : {};
      let module: object | null = null;
      const run = (): unknown => {
        module = buildModule(golden, torch, inputs);
        return torch.evaluate(String(golden.call), { ...viewsOf(golden, inputs, torch), m: module });
      };
      if (expected.throws === true) return mustThrow(run, String(expected.torch_message));
      const outputs = flattenResult(run());
      checkOutputs(golden, expected, outputs);
      if (module === null) return;
      if (isFields(expected.state_after)) {
        const after = callMethod(module, 'stateDict', []) as Readonly<Record<string, Tensor>>;
        for (const [name, record] of Object.entries(expected.state_after)) {
          if (!isTensorRecord(record)) continue;
          const found = after[name];
          if (found === undefined) throw new Mismatch(`state ${name}: missing`);
          same(`state ${name}`, firstDifference(resultOf(found), record, toleranceAt(golden.tol, 'state_after', name)));
        }
      }
      if (golden.upstream === undefined) return;
      backpropagate(golden, outputs);
      const state = stateOf(module);
      checkGradients(golden, expected, (name) =>
        name.startsWith('param:') ? state.get(name.slice('param:'.length)) : inputs[name],
      );
    },
  };
}
