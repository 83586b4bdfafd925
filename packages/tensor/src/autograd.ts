import { checkSynchronous, isTensor } from './arguments.js';
import { isFloat } from './dtype.js';
import { AutogradError, described, ShapeError, shown } from './errors.js';
import type { Op, Outputs, Result } from './ops/op.js';
import { sameShape } from './shape.js';
import { withBirths, type Storage, type View } from './storage.js';
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
interface Edge {
  readonly tensor: Tensor;
  readonly node: Node | null;
  readonly index: number;
}

const edgeOf = (tensor: Tensor): Edge => ({ tensor, node: tensor.node, index: tensor.outputIndex });

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

/** Options of `backward`. */
export interface BackwardOptions {
  /** Keep the graph for another `backward` through it. */
  readonly retainGraph?: boolean;
  /** Record the gradient computation itself, for higher derivatives. Implies `retainGraph`. */
  readonly createGraph?: boolean;
}

function collect(root: Node): Node[] {
  const found = new Set<Node>([root]);
  const stack = [root];
  for (let node = stack.pop(); node; node = stack.pop())
    for (const edge of node.edges)
      if (edge?.node && !found.has(edge.node)) {
        found.add(edge.node);
        stack.push(edge.node);
      }
  return [...found].sort((a, b) => b.id - a.id);
}

/**
 * Adds `grad` to the gradient of a tensor, in a storage that no other gradient shares. `free`: whether the pass has made it and needs it
 * no more, so that the tensor can have it; later gradients are added to it in place.
 */
function accumulate(tensor: Tensor, grad: Tensor, taken: Set<Storage>, free: boolean): void {
  const before = tensor.gradient;
  if (before && !mode.enabled) before.add_(grad);
  else {
    const own = free && grad.isContiguous && grad.storage.length === grad.numel && !taken.has(grad.storage);
    // As PyTorch: in place, unless the gradient is itself recorded.
    const gradient = before ? before.add(grad) : own ? grad : grad.clone();
    gradient.storage.hide(!mode.enabled);
    tensor.gradient = gradient;
  }
  const { storage } = tensor.gradient!;
  taken.add(storage);
  // A gradient outlives the scope in which it is computed.
  storage.keep();
}

/** Which storages made during a backward pass gradients still wait in, so that the others can be freed at once. */
class Usage {
  private readonly holders = new Map<Storage, number>();
  private readonly made = new Set<Storage>();
  /** Those of `made` that nobody may hold any more: new ones, and ones that somebody let go of. */
  private readonly loose = new Set<Storage>();

  constructor(
    private readonly frees: boolean,
    /** Storages of gradients that the pass has handed out. */
    private readonly taken: ReadonlySet<Storage>,
  ) {}

  /** Runs a computation of the pass itself: what it makes and nobody holds by the next `sweep` is freed. */
  making<T>(compute: () => T): T {
    if (!this.frees) return compute();
    const { result, born } = withBirths(compute);
    for (const storage of born) {
      this.made.add(storage);
      this.loose.add(storage);
    }
    return result;
  }

  /** Leaves the elements of a tensor to whoever may have kept it. */
  leave({ storage }: Tensor): void {
    this.made.delete(storage);
    if (storage.origin) this.made.delete(storage.origin);
  }

  /** Whether the pass has made a tensor's elements, and no gradient waits in them. */
  isFree({ storage }: Tensor): boolean {
    return this.made.has(storage) && !this.isHeld(storage);
  }

  private isHeld(storage: Storage): boolean {
    return (this.holders.get(storage) ?? 0) > 0;
  }

  hold({ storage }: Tensor): void {
    this.count(storage, 1);
  }

  drop({ storage }: Tensor): void {
    this.count(storage, -1);
  }

  /** What a storage's elements come from is held with it. */
  private count(storage: Storage, by: number): void {
    const holders = (this.holders.get(storage) ?? 0) + by;
    this.holders.set(storage, holders);
    if (holders === 0) this.loose.add(storage);
    if (storage.origin) this.count(storage.origin, by);
  }

  sweep(): void {
    for (const storage of this.loose) {
      if (this.isHeld(storage) || !this.made.delete(storage)) continue;
      if (!this.taken.has(storage)) storage.free();
    }
    this.loose.clear();
  }
}

/** Throws AutogradError unless an operation gave a tensor, or several. */
function checkResult(name: string, result: unknown): void {
  if (isTensor(result) || (Array.isArray(result) && result.length > 0 && result.every(isTensor))) return;
  throw new AutogradError(`${name}: forward must give a tensor, or several, got ${described(result)}.`);
}

/** Throws AutogradError unless the derivative of an operation gave a tensor or null for each input; those of the engine may give more or fewer. */
function checkGrads({ name, transient = false }: Op, grads: unknown, count: number): void {
  if (!Array.isArray(grads) || (grads.length !== count && !transient))
    throw new AutogradError(
      `backward of ${name}: gave ${Array.isArray(grads) ? grads.length : described(grads)} gradients for ${count} inputs. Give one for each, null where there is none.`,
    );
  for (let i = 0; i < grads.length; i++)
    if (grads[i] !== null && grads[i] !== undefined && !isTensor(grads[i]))
      throw new AutogradError(
        `backward of ${name}: gradient ${i} must be a tensor, or null where there is none, got ${described(grads[i])}.`,
      );
}

/** Gradients of one node's inputs, checked and in the inputs' dtypes. */
function inputGrads(node: Node, grads: readonly (Tensor | null)[]): readonly (Tensor | null)[] {
  const output = (node.many ? node.outputs : node.outputs[0]) as Outputs<Result>;
  const results = node.op.backward!((node.many ? grads : grads[0]) as Tensor, node.inputs, output, node.attrs);
  checkGrads(node.op, results, node.inputs.length);
  return node.inputs.map((input, i) => {
    const grad = results[i];
    if (!grad || !node.edges[i]) return null;
    if (!sameShape(grad.shape, input.shape))
      throw new ShapeError(
        `backward of ${node.op.name}: gradient ${i} has shape ${shown(grad.shape)}, its input ${shown(input.shape)}. Reduce it with sumTo().`,
      );
    return grad.dtype === input.dtype ? grad : grad.to(input.dtype);
  });
}

/**
 * Propagates `grad` (1 for a tensor of one element) from `root` to every leaf that requires a gradient, adding to `leaf.grad`.
 * Throws AutogradError where nothing was recorded, a graph was released or a saved tensor changed; ShapeError for a misfit `grad`.
 */
export function backward(root: Tensor, grad: Tensor | undefined, options: BackwardOptions = {}): void {
  if (!root.requiresGrad)
    throw new AutogradError(
      'backward: this tensor does not require a gradient. Compute it from tensors made with { requiresGrad: true }, outside noGrad().',
    );
  if (!grad && root.numel !== 1)
    throw new AutogradError(
      `backward: a tensor of shape ${shown(root.shape)} needs the gradient of the result as argument; only a single element has a default. Reduce it first, for instance with sum().`,
    );
  if (grad && !sameShape(grad.shape, root.shape))
    throw new ShapeError(
      `backward: gradient of shape ${shown(grad.shape)} for a tensor of shape ${shown(root.shape)}.`,
    );
  const keep = options.retainGraph ?? options.createGraph ?? false;
  const taken = new Set<Storage>(grad ? [grad.storage] : []);
  const run = (): void => {
    const seed = grad?.to(root.dtype) ?? root.onesLike();
    if (!root.node) return accumulate(root, seed, taken, false);
    const nodes = collect(root.node);
    for (const node of nodes) {
      if (node.released)
        throw new AutogradError(
          `backward: the graph of ${node.op.name} was released by an earlier backward(). Pass { retainGraph: true } to the first one.`,
        );
      node.checkVersions();
    }
    const pending = new Map<Node, (Tensor | null)[]>();
    const waiting = new Usage(!options.createGraph, taken);
    const add = ({ tensor, node, index }: Edge, value: Tensor): void => {
      if (!node) return accumulate(tensor, value, taken, waiting.isFree(value));
      let slots = pending.get(node);
      if (!slots) pending.set(node, (slots = node.outputs.map(() => null)));
      const before = slots[index];
      const sum = before ? waiting.making(() => before.add(value)) : value;
      if (before) waiting.drop(before);
      waiting.hold(sum);
      slots[index] = sum;
    };
    add(edgeOf(root), seed);
    for (const node of nodes) {
      const slots = pending.get(node);
      pending.delete(node);
      if (slots) {
        for (const [index, tensor] of node.retained) if (slots[index]) accumulate(tensor, slots[index], taken, false);
        const { transient = false } = node.op;
        if (!transient) slots.forEach((slot) => slot && waiting.leave(slot));
        const grads = transient ? waiting.making(() => inputGrads(node, slots)) : inputGrads(node, slots);
        slots.forEach((slot) => slot && waiting.drop(slot));
        // Leaves come last: they may take over only what waits for no other node.
        for (const leaves of [false, true])
          node.edges.forEach((edge, i) => edge && (edge.node === null) === leaves && grads[i] && add(edge, grads[i]));
        waiting.sweep();
      }
      if (!keep) node.release();
    }
  };
  if (options.createGraph) enableGrad(run);
  else noGrad(run);
}
