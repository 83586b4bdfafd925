import { slots, type Module } from '@q/nn';
import type { Tensor } from '@q/tensor';
import { stableNameOf } from '../../modules/built-in.js';
import { under } from '../../modules/model.js';
import type { Route } from '../layer.js';
import { classOf } from '../rules.js';

/** What the metadata of the file say it is. */
export const FORMAT = 'q-integer-model';
export const VERSION = '4';

/** A per-tensor encoding in the file. */
export interface StoredEncoding {
  readonly scale: number;
  readonly offset: number;
  readonly qmin: number;
  readonly qmax: number;
  readonly symmetry: boolean;
}

/** Positions of a grid in the file. */
export interface StoredTarget {
  readonly on: StoredEncoding;
  readonly low: number;
  readonly high: number;
}

/** What the metadata say of a weight. */
export interface StoredWeight {
  readonly bits: number;
  readonly signed: boolean;
  /** Whether two values share a byte. */
  readonly halved: boolean;
  /** How many blocks have factors, or scales; 0 for none. */
  readonly factors: number;
  readonly blockScales: number;
}

/** What the metadata say of a layer; its numbers are tensors under its path. */
export interface StoredLayer {
  readonly path: string;
  readonly kind: string;
  readonly route: Route;
  /** The positions on which the one layer behind wants its result, where it has no output. */
  readonly lends?: StoredTarget | undefined;
  readonly inputs: readonly (StoredEncoding | null)[];
  readonly output: StoredEncoding | null;
  /** Settings by which it computes, for comparison: those of a float layer that is called are what it prints. */
  readonly settings?: unknown;
  readonly weight?: StoredWeight | undefined;
}

/** All paths at which some modules of a model stand; one that several properties hold has several. */
export function pathsOf(root: Module, wanted: (module: Module) => boolean): string[] {
  const found: string[] = [];
  const open = new Set<Module>();
  const visit = (module: Module, path: string): void => {
    if (wanted(module)) found.push(path);
    if (open.has(module)) return;
    open.add(module);
    for (const { kind, name, value } of slots(module)) if (kind === 'module') visit(value, under(path, name));
    open.delete(module);
  };
  visit(root, '');
  return found;
}

/** State that belongs to none of the layers at `paths`. */
export const outside = (state: Readonly<Record<string, Tensor>>, paths: readonly string[]): Record<string, Tensor> =>
  Object.fromEntries(
    Object.entries(state).filter(([name]) => !paths.some((path) => path === '' || name.startsWith(`${path}.`))),
  );

/** Whether a path is one of some, or leads on from one. */
const within = (path: string, paths: ReadonlySet<string>): boolean =>
  paths.has('') || [...path.matchAll(/\.|$/g)].some(({ index }) => paths.has(path.slice(0, index)));

/**
 * The layers without parts that remain as they are, by path, beside those at `paths`: their names, null for classes of which only
 * the model itself knows what they are, as a minifier may call these something else.
 */
export const otherLayers = (model: Module, paths: ReadonlySet<string>): Record<string, string | null> =>
  Object.fromEntries(
    model
      .namedModules()
      .filter(([path, module]) => module.children().length === 0 && !within(path, paths))
      .map(([path, module]) => [path, stableNameOf(classOf(module))]),
  );
