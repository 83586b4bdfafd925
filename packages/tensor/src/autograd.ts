import { checkSynchronous, isTensor } from './arguments.js';
import { isFloat } from './dtype.js';
import { AutogradError, described, shown } from './errors.js';
import type { Op, Outputs, Result } from './ops/op.js';
import type { View } from './storage.js';
import type { Tensor } from './tensor.js';

/** Whether operations are recorded: what `noGrad` and `enableGrad` set while they run. */
const mode = { enabled: true };

/** Whether operations are being recorded for `backward`. */
export const isGradEnabled = (): boolean => mode.enabled;

function withGradMode<T>(name: string, enabled: boolean, fn: () => T): T {
  const previous = mode.enabled;
  mode.enabled = enabled;
  try {
    const result = fn();
    checkSynchronous(
      result,
      `${name}: an async function would run on after the mode is restored. Await first, then wrap the synchronous part.`,
    );
    return result;
  } finally {
    mode.enabled = previous;
  }
}

/** Runs a synchronous function without recording operations, as `torch.no_grad`. Returns what it returns. */
export const noGrad = <T>(fn: () => T): T => withGradMode('noGrad', false, fn);

/** Runs a synchronous function with recording on, inside `noGrad`. */
export const enableGrad = <T>(fn: () => T): T => withGradMode('enableGrad', true, fn);

let sequence = 0;

/** Where the gradient of an input goes: on to the node that made it, or to the tensor itself, a leaf. */
export interface Edge {
  readonly tensor: Tensor;
  readonly node: Node | null;
  readonly index: number;
}

/** The edge that leads to a tensor. */
export const edgeOf = (tensor: Tensor): Edge => ({ tensor, node: tensor.node, index: tensor.outputIndex });

/** One recorded operation: what `backward` needs to go on from its outputs to its inputs. */
export class Node {
  /** Later nodes have higher numbers, so descending order is a topological order. */
  readonly id = sequence++;
  readonly versions: readonly number[];
  /** Of every input that required a gradient, null for others. A tensor may be written to in place and come from another node later. */
  edges: readonly (Edge | null)[];
  released = false;
  /** Outputs whose gradient the user wants to keep, by index. */
  readonly retained = new Map<number, Tensor>();

  constructor(
    readonly op: Op,
    public inputs: readonly Tensor[],
    public outputs: readonly Tensor[],
    readonly many: boolean,
    public attrs: unknown,
  ) {
    this.versions = [...inputs, ...outputs].map((tensor) => tensor.storage.version);
    this.edges = inputs.map((input) => (input.requiresGrad ? edgeOf(input) : null));
  }

  /** Throws where a value that the derivative reads was written to after it was recorded. */
  checkVersions(): void {
    const { saves = 'both', name } = this.op;
    if (saves === 'none') return;
    const check = (tensor: Tensor, version: number, what: string): void => {
      if (tensor.storage.version !== version)
        throw new AutogradError(
          `backward: ${what} of ${name} (shape ${shown(tensor.shape)}) was changed in place after it was saved. Change a clone() instead, or call backward first.`,
        );
    };
    const single = typeof saves === 'object' ? saves : null;
    const isRead = (i: number): boolean =>
      single ? single.includes(i) : saves !== 'others' || this.edges.some((edge, other) => edge && other !== i);
    if (saves !== 'output')
      this.inputs.forEach((input, i) => isRead(i) && check(input, this.versions[i]!, `input ${i}`));
    if (saves !== 'inputs' && saves !== 'others' && !single)
      this.outputs.forEach((output, i) => check(output, this.versions[this.inputs.length + i]!, `output ${i}`));
  }

  /** Lets go of everything the node holds, so that memory can be reused. */
  release(): void {
    this.released = true;
    this.inputs = [];
    this.outputs = [];
    this.edges = [];
    this.attrs = null;
  }
}

/** Throws AutogradError unless an operation gave a tensor, or several. */
function checkResult(name: string, result: unknown): void {
  if (isTensor(result) || (Array.isArray(result) && result.length > 0 && result.every(isTensor))) return;
  throw new AutogradError(`${name}: forward must give a tensor, or several, got ${described(result)}.`);
}

/**
 * Runs an op on tensors and records it where gradients are on and wanted. The way every tensor operation comes to be.
 */
export function apply<I extends readonly Tensor[], A, R extends Result>(
  op: Op<I, A, R>,
  inputs: I,
  attrs: A,
): Outputs<R> {
  const record = mode.enabled && op.backward !== null && inputs.some((input) => input.requiresGrad);
  const previous = mode.enabled;
  let result: R;
  mode.enabled = false;
  try {
    if (op.moves && !record) {
      const moved = inputs[0]!.movedBehind((x) => op.forward(inputs.with(0, x) as readonly Tensor[] as I, attrs));
      if (moved) return moved as Outputs<R>;
    }
    result = op.forward(inputs, attrs);
  } finally {
    mode.enabled = previous;
  }
  checkResult(op.name, result);
  const many = Array.isArray(result);
  const views = (many ? result : [result]) as readonly View[];
  const outputs = views.map((view) => inputs[0]!.wrap(view));
  if (record) {
    const node = new Node(op as Op, inputs, outputs, many, attrs);
    outputs.forEach((output, index) => {
      if (isFloat(output.dtype)) output.attach(node, index);
    });
  }
  const seen = op.moves ? outputs.map((output) => inputs[0]!.carry(output)) : outputs;
  return (many ? seen : seen[0]) as Outputs<R>;
}
