import { isTensor } from './arguments.js';
import { edgeOf, enableGrad, isGradEnabled, noGrad, type Edge, type Node } from './autograd.js';
import { AutogradError, described, ShapeError, shown } from './errors.js';
import type { Op, Outputs, Result } from './ops/op.js';
import { sameShape } from './shape.js';
import { withBirths, type Storage } from './storage.js';
import type { Tensor } from './tensor.js';

/** Options of `backward`. */
export interface BackwardOptions {
  /** Keep the graph for another `backward` through it. */
  readonly retainGraph?: boolean;
  /** Record the gradient computation itself, for higher derivatives. Implies `retainGraph`. */
  readonly createGraph?: boolean;
}

/** A tensor from which gradients go back, and its own. */
export interface Root {
  readonly tensor: Tensor;
  readonly seed: Tensor;
}

/** Where the gradients of a pass go. */
export interface Receiver {
  /** Whether a gradient is wanted of what an edge leads to, or of what lies behind it. */
  wants(edge: Edge): boolean;
  /** Takes a part of the gradient of a leaf. `free`: the pass has made it and needs it no more, so that whoever takes it may keep it. */
  leaf(tensor: Tensor, grad: Tensor, free: boolean): void;
  /** Takes the whole gradient of an output of a node. */
  output(node: Node, index: number, grad: Tensor): void;
}

/** All nodes that made some tensors, the latest first. */
export function nodesOf(tensors: readonly Tensor[]): readonly Node[] {
  const found = new Set(tensors.flatMap(({ node }) => (node ? [node] : [])));
  const stack = [...found];
  for (let node = stack.pop(); node; node = stack.pop())
    for (const edge of node.edges)
      if (edge?.node && !found.has(edge.node)) {
        found.add(edge.node);
        stack.push(edge.node);
      }
  return [...found].sort((a, b) => b.id - a.id);
}

/** Throws AutogradError for a node that was released: what lies behind it is not known any more. */
export function checkKept(operation: string, { released, op }: Node): void {
  if (released)
    throw new AutogradError(
      `${operation}: the graph of ${op.name} was released by an earlier backward(). Pass { retainGraph: true } to the first one.`,
    );
}

/**
 * `grad` added to what was there before, in a storage that no other gradient shares (`taken` holds those of all). A first one that is
 * `free` is taken as it is; later ones are added to it in place, unless they are recorded themselves, as PyTorch does it.
 */
export function accumulated(before: Tensor | null, grad: Tensor, taken: Set<Storage>, free: boolean): Tensor {
  if (before && !isGradEnabled()) return before.add_(grad);
  const own = free && grad.isContiguous && grad.storage.length === grad.numel && !taken.has(grad.storage);
  const sum = before ? before.add(grad) : own ? grad : grad.clone();
  taken.add(sum.storage);
  return sum;
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
 * Propagates gradients from `roots` through the nodes that made them, the latest first, to a receiver. `taken` holds the storages of
 * gradients that the receiver has handed out.
 */
export function propagate(
  roots: readonly Root[],
  nodes: readonly Node[],
  receiver: Receiver,
  taken: ReadonlySet<Storage>,
  options: BackwardOptions,
): void {
  const keep = options.retainGraph ?? options.createGraph ?? false;
  const run = (): void => {
    for (const node of nodes) node.checkVersions();
    const pending = new Map<Node, (Tensor | null)[]>();
    const waiting = new Usage(!options.createGraph, taken);
    const add = ({ tensor, node, index }: Edge, value: Tensor): void => {
      if (!node) return receiver.leaf(tensor, value, waiting.isFree(value));
      let slots = pending.get(node);
      if (!slots) pending.set(node, (slots = node.outputs.map(() => null)));
      const before = slots[index];
      const sum = before ? waiting.making(() => before.add(value)) : value;
      if (before) waiting.drop(before);
      waiting.hold(sum);
      slots[index] = sum;
    };
    for (const { tensor, seed } of roots) if (receiver.wants(edgeOf(tensor))) add(edgeOf(tensor), seed);
    for (const node of nodes) {
      const slots = pending.get(node);
      const passes = node.edges.some((edge) => edge && receiver.wants(edge));
      pending.delete(node);
      if (slots) {
        slots.forEach((slot, index) => slot && receiver.output(node, index, slot));
        const { transient = false } = node.op;
        if (!transient) slots.forEach((slot) => slot && waiting.leave(slot));
        const compute = () => (passes ? inputGrads(node, slots) : []);
        const grads = transient ? waiting.making(compute) : compute();
        slots.forEach((slot) => slot && waiting.drop(slot));
        // Leaves come last: they may take over only what waits for no other node.
        for (const leaves of [false, true])
          node.edges.forEach((edge, i) => {
            if (edge && (edge.node === null) === leaves && grads[i] && receiver.wants(edge)) add(edge, grads[i]);
          });
        waiting.sweep();
      }
      if (passes && !keep) node.release();
    }
  };
  if (options.createGraph) enableGrad(run);
  else noGrad(run);
}

/**
 * A tensor from which gradients go back, with `grad` or 1 for a single element. Throws AutogradError where nothing was recorded or a
 * gradient is lacking, ShapeError for one of another shape.
 */
export function rootOf(operation: string, tensor: Tensor, grad: Tensor | null | undefined): Root {
  if (!tensor.requiresGrad)
    throw new AutogradError(
      `${operation}: this tensor does not require a gradient. Compute it from tensors made with { requiresGrad: true }, outside noGrad().`,
    );
  if (!grad && tensor.numel !== 1)
    throw new AutogradError(
      `${operation}: a tensor of shape ${shown(tensor.shape)} needs the gradient of the result as argument; only a single element has a default. Reduce it first, for instance with sum().`,
    );
  if (grad && !sameShape(grad.shape, tensor.shape))
    throw new ShapeError(
      `${operation}: gradient of shape ${shown(grad.shape)} for a tensor of shape ${shown(tensor.shape)}.`,
    );
  return { tensor, seed: grad?.to(tensor.dtype) ?? noGrad(() => tensor.onesLike()) };
}

/**
 * Propagates `grad` (1 for a tensor of one element) from `root` to every leaf that requires a gradient, adding to `leaf.grad`.
 * Throws AutogradError where nothing was recorded, a graph was released or a saved tensor changed; ShapeError for a misfit `grad`.
 */
export function backward(root: Tensor, grad: Tensor | undefined, options: BackwardOptions = {}): void {
  const start = rootOf('backward', root, grad);
  const taken = new Set<Storage>(grad ? [grad.storage] : []);
  const receive = (tensor: Tensor, part: Tensor, free: boolean): void => {
    const gradient = accumulated(tensor.gradient, part, taken, free);
    const { storage } = gradient;
    if (gradient !== tensor.gradient) storage.hide(!isGradEnabled());
    tensor.gradient = gradient;
    taken.add(storage);
    // A gradient outlives the scope in which it is computed.
    storage.keep();
  };
  const receiver: Receiver = {
    wants: () => true,
    leaf: receive,
    output(node, index, gathered) {
      const tensor = node.retained.get(index);
      if (tensor) receive(tensor, gathered, false);
    },
  };
  const nodes = nodesOf([root]);
  for (const node of nodes) checkKept('backward', node);
  propagate([start], nodes, receiver, taken, options);
}
