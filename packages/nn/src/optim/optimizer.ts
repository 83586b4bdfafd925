import {
  ArgumentError,
  described,
  DTypeError,
  enableGrad,
  isFloat,
  keep,
  MemoryError,
  noGrad,
  shown,
  Tensor,
} from '@q/tensor';
import { checkFunction, isIntegers, sameShape } from '@q/tensor/internal';
import { ModuleError } from '../errors.js';
import { withDefaults } from '../options.js';
import { isExpanded } from '../parameter.js';

const isIterable = (value: unknown): value is Iterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.iterator in value;

/** What every optimizer has per group of parameters. */
export interface GroupOptions {
  /** Learning rate. */
  lr: number;
}

/** Parameters that share their options; schedulers and users may change the options between steps. */
export type ParamGroup<O> = O & {
  /** The parameters of the group. */
  params: Tensor[];
  /** The learning rate a scheduler started from. */
  initialLr?: number;
};

/** A group of parameters as it is given: options that it leaves out are the optimizer's. */
export type GivenGroup<O> = Partial<O> & {
  /** The parameters, or the only one. */
  readonly params: Iterable<Tensor> | Tensor;
};

/** What an optimizer updates: parameters, or groups of them with options of their own. */
export type Params<O> = Iterable<Tensor> | Iterable<GivenGroup<O>>;

/** What an optimizer remembers of one parameter. */
export type ParamState = Record<string, number | Tensor>;

/** An optimizer's memory and options; parameters are numbered in the order of the groups. */
export interface OptimizerStateDict<O> {
  /** What is remembered, by number of the parameter. */
  readonly state: Readonly<Record<number, ParamState>>;
  /** The options of the groups, and the numbers of their parameters. */
  readonly paramGroups: readonly (O & {
    /** Numbers of the group's parameters. */
    readonly params: readonly number[];
  })[];
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** A state dict once it has the form of one: what it holds is still to be checked. */
function checkedDict(optimizer: string, stateDict: unknown): object {
  const { state, paramGroups } = (stateDict ?? {}) as { readonly state?: unknown; readonly paramGroups?: unknown };
  const isGroup = (group: unknown): boolean =>
    isObject(group) && isIntegers((group as { readonly params?: unknown }).params);
  if (!isObject(state) || !Object.values(state).every(isObject))
    throw new ModuleError(
      `${optimizer}.loadStateDict: wants the memory of every parameter in state, got ${described(state)}.`,
    );
  if (!Array.isArray(paramGroups) || !paramGroups.every(isGroup))
    throw new ModuleError(
      `${optimizer}.loadStateDict: wants paramGroups, each with the numbers of its params, got ${described(paramGroups)}.`,
    );
  return stateDict as object;
}

/** Throws ArgumentError unless an option is a finite number from `least` on: anything else would reach every parameter as NaN. */
export function checkHyperparameter(
  optimizer: string,
  name: string,
  value: unknown,
  least = 0,
  below = Infinity,
): asserts value is number {
  if (typeof value === 'number' && Number.isFinite(value) && value >= least && value < below) return;
  const range = least === -Infinity ? '' : ` of at least ${least}${below < Infinity ? ` and below ${below}` : ''}`;
  throw new ArgumentError(`${optimizer}: ${name} must be a finite number${range}, got ${described(value)}.`);
}

/** Throws unless a parameter can be moved by its gradient, whose shape and dtype it has. */
function checkMovable(optimizer: string, param: Tensor, gradient: Tensor): void {
  if (param.storage.isFreed || gradient.storage.isFreed)
    throw new MemoryError(
      `${optimizer}.step: a parameter of shape ${shown(param.shape)}, or its gradient, was freed when its scope() ended. Make it outside, or keep() it.`,
    );
  if (!isFloat(param.dtype))
    throw new DTypeError(`${optimizer}.step: only floating parameters can be optimized, one is ${param.dtype}.`);
  if (isExpanded(param))
    throw new ArgumentError(
      `${optimizer}.step: several elements of an expanded parameter of shape ${shown(param.shape)} share one place. Optimize a clone() of it.`,
    );
}

/** Which way a parameter goes: its gradient, or the other way with `maximize`, and the weight decay as a term of it. */
export function direction(
  param: Tensor,
  grad: Tensor,
  { maximize, weightDecay }: { readonly maximize: boolean; readonly weightDecay: number },
): Tensor {
  const sign = maximize ? grad.neg() : grad;
  const decayed = weightDecay === 0 ? sign : sign.add(param, { alpha: weightDecay });
  // Arithmetic widens half floats to float32; the memory has the dtype of the parameter.
  return decayed.to(param.dtype);
}

/**
 * Base of the optimizers: parameter groups, the memory per parameter, and the step over all of them.
 *
 * A subclass checks its options and says how one parameter is updated; the updates run in place, outside autograd.
 */
export abstract class Optimizer<O extends GroupOptions = GroupOptions, S extends ParamState = ParamState> {
  /** The groups with their options. */
  readonly paramGroups: ParamGroup<O>[] = [];
  /** What is remembered per parameter, from its first step on. */
  readonly state = new Map<Tensor, S>();

  /**
   * @param params parameters, or groups `{ params, lr, ... }` whose options override the defaults
   * @throws ArgumentError for no parameters, a parameter given twice or computed from others, or options out of range
   */
  constructor(
    params: Params<O>,
    /** Options of the groups that do not give their own. */
    readonly defaults: O,
  ) {
    if (!isIterable(params))
      throw new ArgumentError(`${this.constructor.name}: wants a list of parameters, got ${described(params)}.`);
    const given = [...(params as Iterable<Tensor | GivenGroup<O>>)];
    if (given.length === 0) throw new ArgumentError(`${this.constructor.name}: there are no parameters to optimize.`);
    const plain: Tensor[] = [];
    for (const entry of given)
      if (entry instanceof Tensor) plain.push(entry);
      else this.addParamGroup(entry);
    if (plain.length > 0) {
      if (plain.length < given.length)
        throw new ArgumentError(`${this.constructor.name}: give either parameters or groups of parameters, not both.`);
      this.addGroup(plain, {});
    }
  }

  /** Throws unless the options of a group are in range. Called with every step, before any parameter moves. */
  protected abstract checkOptions(options: O): void;

  /** The memory of a parameter before its first step. */
  protected abstract initialState(param: Tensor, group: O): S;

  /** Names of the tensors that `update` adds to the memory where it first needs them: options may be set later. */
  protected get lateState(): readonly string[] {
    return [];
  }

  /** Updates one parameter in place. */
  protected abstract update(param: Tensor, grad: Tensor, group: O, state: S): void;

  /** Adds a group of parameters; options it does not give are the defaults. */
  addParamGroup(group: GivenGroup<O>): void {
    const params: unknown = group?.params;
    if (params instanceof Tensor) return this.addGroup([params], group);
    if (!isIterable(params))
      throw new ArgumentError(
        `${this.constructor.name}: a group must be a tensor or have a list of params, got ${described(group)}.`,
      );
    this.addGroup([...params], group);
  }

  /** Adds a group once its parameters and options are checked. */
  protected addGroup(given: readonly unknown[], options: Partial<O>): void {
    const name = this.constructor.name;
    const known = new Set(this.paramGroups.flatMap((other) => other.params));
    const params = given.map((param) => {
      if (!(param instanceof Tensor))
        throw new ArgumentError(`${name}: a parameter must be a tensor, got ${described(param)}.`);
      if (!param.isLeaf)
        throw new ArgumentError(
          `${name}: a parameter of shape ${shown(param.shape)} is computed from other tensors. Optimize those, or a detach() of it.`,
        );
      if (known.has(param))
        throw new ArgumentError(`${name}: a parameter of shape ${shown(param.shape)} is given twice.`);
      known.add(param);
      return param;
    });
    const complete: ParamGroup<O> = {
      ...withDefaults(name, options, this.defaults, ['params', 'initialLr']),
      params,
    };
    this.checkGroup(complete);
    this.paramGroups.push(complete);
  }

  /** Throws unless the options of a group are in range, and the rate that its schedulers started from. */
  private checkGroup(group: ParamGroup<O>): void {
    this.checkOptions(group);
    if (group.initialLr !== undefined) checkHyperparameter(this.constructor.name, 'initialLr', group.initialLr);
  }

  /** Throws where a step could not be finished: groups and gradients are open to everybody. Allocates nothing. */
  private checkStep(): void {
    for (const group of this.paramGroups) {
      const params: unknown = (group as Partial<ParamGroup<O>> | null | undefined)?.params;
      if (!Array.isArray(params))
        throw new ArgumentError(
          `${this.constructor.name}.step: a group must have a list of params, got ${described(params)}.`,
        );
      this.checkGroup(group);
      for (const param of params as readonly unknown[]) {
        if (!(param instanceof Tensor))
          throw new ArgumentError(
            `${this.constructor.name}.step: a parameter must be a tensor, got ${described(param)}.`,
          );
        if (param.gradient !== null) checkMovable(this.constructor.name, param, param.gradient);
      }
    }
  }

  /**
   * Whether `update` holds no gradient when it returns, so that `zeroGrad` may give their memory back.
   *
   * @internal
   */
  protected get borrows(): boolean {
    return false;
  }

  /**
   * Updates every parameter that has a gradient.
   *
   * @param closure computes the loss and its gradients anew, before the update
   * @returns what the closure returned
   * @throws ArgumentError for options out of range or a parameter that cannot be written; MemoryError for one that was freed. No
   * parameter has moved then.
   */
  step(closure?: () => Tensor): Tensor | undefined {
    if (closure !== undefined) checkFunction(`${this.constructor.name}.step`, closure);
    const loss = closure === undefined ? undefined : enableGrad(closure);
    this.checkStep();
    noGrad(() => {
      for (const group of this.paramGroups)
        for (const param of group.params) {
          const gradient = this.borrows ? param.gradient : param.grad;
          if (gradient === null) continue;
          let state = this.state.get(param);
          if (state === undefined) this.state.set(param, (state = this.initialState(param, group)));
          this.update(param, gradient, group, state);
          // What an optimizer remembers outlives the scope of the step.
          for (const value of Object.values(state)) if (value instanceof Tensor) keep(value);
        }
    });
    return loss;
  }

  /** Drops the gradients of all parameters. */
  zeroGrad(): void {
    for (const { params } of this.paramGroups) for (const param of params) param.dropGradient();
  }

  /** Memory and options; the tensors are shared with the optimizer. */
  stateDict(): OptimizerStateDict<O> {
    const all = this.paramGroups.flatMap(({ params }) => params);
    const numbers = new Map(all.map((param, i) => [param, i]));
    const state: Record<number, ParamState> = {};
    for (const [param, remembered] of this.state) state[numbers.get(param)!] = { ...remembered };
    return {
      state,
      paramGroups: this.paramGroups.map((group) => ({
        ...group,
        params: group.params.map((param) => numbers.get(param)!),
      })),
    };
  }

  /**
   * Takes back what `stateDict` gave, for an optimizer of the same groups: their options become the saved ones, and what is
   * remembered of a parameter takes its dtype.
   *
   * @throws ModuleError where groups, parameters or shapes do not fit, ArgumentError for options out of range; nothing is changed
   * then
   */
  loadStateDict(stateDict: OptimizerStateDict<O>): void {
    const name = this.constructor.name;
    const { state, paramGroups } = checkedDict(name, stateDict) as OptimizerStateDict<O>;
    const sizes = (groups: readonly { readonly params: readonly unknown[] }[]): number[] =>
      groups.map(({ params }) => params.length);
    if (!sameShape(sizes(paramGroups), sizes(this.paramGroups)))
      throw new ModuleError(
        `${name}.loadStateDict: groups of ${shown(sizes(paramGroups))} parameters do not fit this optimizer's ${shown(sizes(this.paramGroups))}.`,
      );
    const groups = paramGroups.map((group, g): ParamGroup<O> => {
      const own = this.paramGroups[g]!;
      // A key such as __proto__, which JSON can hold, must not change what the group is.
      const options = Object.entries(group).filter(([key]) => !(key in Object.prototype));
      return { ...own, ...Object.fromEntries(options), params: own.params };
    });
    for (const group of groups) this.checkGroup(group);
    const places = new Map<number, readonly [param: Tensor, group: ParamGroup<O>]>();
    paramGroups.forEach(({ params }, g) =>
      params.forEach((i, p) => places.set(i, [groups[g]!.params[p]!, groups[g]!] as const)),
    );
    if (places.size < groups.reduce((count, { params }) => count + params.length, 0))
      throw new ModuleError(`${name}.loadStateDict: two parameters have one number in the state's groups.`);
    const loaded: [Tensor, S][] = [];
    for (const [index, remembered] of Object.entries(state)) {
      const place = String(Number(index)) === index ? places.get(Number(index)) : undefined;
      if (place === undefined)
        throw new ModuleError(`${name}.loadStateDict: state of an unknown parameter ${described(index)}.`);
      loaded.push([place[0], this.checkedState(...place, remembered, index)]);
    }
    this.state.clear();
    for (const [param, remembered] of loaded) this.state.set(param, remembered);
    groups.forEach((group, g) => Object.assign(this.paramGroups[g]!, group));
  }

  /** A copy of one parameter's memory in its dtype, once it has what an optimizer remembers of one in this group. */
  protected checkedState(param: Tensor, group: O, remembered: ParamState, index: string): S {
    const misfit = (key: string, what: string): ModuleError =>
      new ModuleError(`${this.constructor.name}.loadStateDict: ${key} of parameter ${index} ${what}.`);
    const wanted = this.initialState(param, group);
    const copy: ParamState = Object.create(null) as ParamState;
    for (const [key, value] of Object.entries<unknown>(remembered)) {
      if (value instanceof Tensor) {
        if (!sameShape(value.shape, param.shape))
          throw misfit(key, `has shape ${shown(value.shape)}, the parameter ${shown(param.shape)}`);
        // What is loaded outlives the scope it is loaded in.
        copy[key] = keep(value.detach().clone().to(param.dtype));
      } else {
        if (typeof value !== 'number') throw misfit(key, `must be a tensor or a number, got ${described(value)}`);
        if (key === 'step' && !(Number.isInteger(value) && value >= 0))
          throw misfit(key, `must count steps, got ${described(value)}`);
        if (!Number.isFinite(value)) throw misfit(key, `must be a finite number, got ${described(value)}`);
        copy[key] = value;
      }
    }
    for (const [key, value] of Object.entries(wanted))
      if (typeof copy[key] !== typeof value)
        throw new ModuleError(`${this.constructor.name}.loadStateDict: parameter ${index} has no ${key}.`);
    for (const key of this.lateState)
      if (key in copy && !(copy[key] instanceof Tensor))
        throw misfit(key, `must be a tensor, got ${described(copy[key])}`);
    return copy as S;
  }
}
