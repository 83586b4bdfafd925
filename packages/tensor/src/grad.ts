import { checkBoolean, checkTensor, isTensor, optionsOf } from './arguments.js';
import type { Edge, Node } from './autograd.js';
import {
  accumulated,
  checkKept,
  nodesOf,
  propagate,
  rootOf,
  type BackwardOptions,
  type Receiver,
  type Root,
} from './backward.js';
import { ArgumentError, AutogradError, described, shown } from './errors.js';
import type { Storage } from './storage.js';
import type { Tensor } from './tensor.js';

/** Options of `grad`. */
export interface GradOptions extends BackwardOptions {
  /** Gradients of the outputs, one for each; null, or nothing at all, stands for 1 where an output has a single element. */
  readonly gradOutputs?: Tensor | readonly (Tensor | null)[];
  /** Give null for inputs that the outputs do not depend on, where it is an error otherwise. */
  readonly allowUnused?: boolean;
}

/** A list of tensors, or the only one, as a list. Throws ArgumentError for anything else, and for an empty list. */
function listOf(what: string, given: unknown): readonly Tensor[] {
  const tensors: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (tensors.length === 0 || !tensors.every(isTensor))
    throw new ArgumentError(`grad: ${what} must be a tensor or a list of tensors, got ${described(given)}.`);
  return tensors;
}

/** The outputs, each with its gradient. */
function rootsOf(outputs: readonly Tensor[], given: GradOptions['gradOutputs']): readonly Root[] {
  const seeds: readonly unknown[] = Array.isArray(given) ? given : given === undefined ? [] : [given];
  if (given !== undefined && seeds.length !== outputs.length)
    throw new ArgumentError(`grad: gradOutputs has ${seeds.length} gradients for ${outputs.length} outputs.`);
  return outputs.map((output, i) => {
    const seed = seeds[i] ?? null;
    if (seed !== null) checkTensor('grad', `gradient ${i} of gradOutputs`, seed);
    return rootOf('grad', output, seed);
  });
}

/** Gathers the gradients of some tensors, leaves and others, and lets the rest be. */
class Gathering implements Receiver {
  private readonly gradients = new Map<Tensor, Tensor>();
  private readonly leaves: ReadonlySet<Tensor>;
  /** The inputs that are no leaves, by the node and the output they are. */
  private readonly outputs = new Map<Node, Map<number, Tensor[]>>();
  /** Nodes behind which there are inputs. */
  private readonly leading = new Set<Node>();
  readonly taken = new Set<Storage>();

  constructor(inputs: readonly Tensor[], nodes: readonly Node[]) {
    this.leaves = new Set(inputs.filter(({ isLeaf }) => isLeaf));
    for (const input of new Set(inputs)) {
      if (input.node === null) continue;
      const places = this.outputs.get(input.node) ?? new Map<number, Tensor[]>();
      this.outputs.set(input.node, places);
      places.set(input.outputIndex, [...(places.get(input.outputIndex) ?? []), input]);
    }
    for (const node of [...nodes].reverse())
      if (node.edges.some((edge) => edge && this.wants(edge))) this.leading.add(node);
  }

  wants({ tensor, node }: Edge): boolean {
    return node === null ? this.leaves.has(tensor) : this.leads(node);
  }

  /** Whether the gradient of an input comes from a node, or from what lies behind it. */
  leads(node: Node): boolean {
    return this.outputs.has(node) || this.leading.has(node);
  }

  leaf(tensor: Tensor, grad: Tensor, free: boolean): void {
    this.gradients.set(tensor, accumulated(this.gradients.get(tensor) ?? null, grad, this.taken, free));
  }

  output(node: Node, index: number, grad: Tensor): void {
    for (const tensor of this.outputs.get(node)?.get(index) ?? []) this.leaf(tensor, grad, false);
  }

  gradientOf(tensor: Tensor): Tensor | null {
    return this.gradients.get(tensor) ?? null;
  }
}

/** What `grad` gives for a list of inputs: as many gradients, `G` each. */
export type Gradients<I extends readonly Tensor[], G> = { -readonly [K in keyof I]: G };

/**
 * Gradients of the sum of `outputs` with respect to `inputs`, leaves or tensors between, in their order; `grad` of no tensor changes.
 * Only what lies between inputs and outputs is computed. With `createGraph` the gradients can themselves be differentiated.
 * As `torch.autograd.grad`.
 *
 * @throws ArgumentError for anything but tensors; AutogradError where an output or input requires no gradient, an input was not used
 * (unless `allowUnused`), the graph was released, or a saved tensor changed; ShapeError for a misfit of `gradOutputs`
 * @example
 * const x = tensor([1, 2], { requiresGrad: true });
 * const [dx] = grad(x.pow(3).sum(), [x], { createGraph: true }); // [3, 12]
 * const [d2x] = grad(dx.sum(), [x]); // [6, 12]
 */
export function grad<const I extends readonly Tensor[]>(
  outputs: Tensor | readonly Tensor[],
  inputs: I,
  options?: GradOptions & { readonly allowUnused?: false },
): Gradients<I, Tensor>;
export function grad<const I extends readonly Tensor[]>(
  outputs: Tensor | readonly Tensor[],
  inputs: I,
  options?: GradOptions,
): Gradients<I, Tensor | null>;
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: readonly Tensor[],
  options: GradOptions = {},
): (Tensor | null)[] {
  const given = optionsOf('grad', options, ['retainGraph', 'createGraph', 'gradOutputs', 'allowUnused']);
  const { allowUnused = false, gradOutputs, ...passing } = given;
  checkBoolean('grad', 'allowUnused', allowUnused);
  const [from, to] = [listOf('outputs', outputs), listOf('inputs', inputs)];
  to.forEach((input, i) => {
    if (!input.requiresGrad)
      throw new AutogradError(
        `grad: input ${i}, of shape ${shown(input.shape)}, does not require a gradient. Make it with { requiresGrad: true }.`,
      );
  });
  const unused = (i: number): never => {
    throw new AutogradError(
      `grad: the outputs do not depend on input ${i}, of shape ${shown(to[i]!.shape)}. Pass { allowUnused: true } to get null for it.`,
    );
  };
  const roots = rootsOf(from, gradOutputs);
  const nodes = nodesOf(from);
  const gathering = new Gathering(to, nodes);
  const reached = new Set<Tensor | Node>([...from, ...nodes]);
  for (const { edges } of nodes) for (const edge of edges) if (edge) reached.add(edge.tensor);
  to.forEach((input, i) => {
    if (reached.has(input.node ?? input)) return;
    // It may lie behind what was released.
    for (const node of nodes) checkKept('grad', node);
    if (!allowUnused) unused(i);
  });
  const between = nodes.filter((node) => gathering.leads(node));
  propagate(roots, between, gathering, gathering.taken, passing);
  return to.map((input, i) => gathering.gradientOf(input) ?? (allowUnused ? null : unused(i)));
}
