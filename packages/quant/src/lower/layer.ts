import { Module } from '@q/nn';
import { isFloat, noGrad, Tensor, type Storage } from '@q/tensor';
import { checkTensor } from '@q/tensor/internal';
import type { AffineEncoding } from '../encodings/affine.js';
import { QuantizationError } from '../errors.js';
import { EncodedTensor } from '../tensor.js';
import { unsuited, wholeGrid, type Target } from './grids.js';
import { Gate, isFromIntegers, numbers, type Integers } from './operands.js';
import type { Parts } from './parts.js';

/**
 * How a layer computes: `'integer'` on integers alone; `'float inside'` takes and gives integers, and computes with floats between;
 * `'float'` gives floats.
 */
export type Route = 'integer' | 'float inside' | 'float';

/** What a layer computed, and how. */
export interface Computed {
  readonly y: Tensor | readonly Tensor[];
  readonly route: Route;
  /** Why it is not all integers; what is special. */
  readonly why?: string;
}

/** A layer cannot compute on integers with what it was given; `lowerToInteger` leaves such layers as they are. */
export class NotOnIntegers extends QuantizationError {
  constructor(
    readonly layer: IntegerLayer,
    readonly why: string,
  ) {
    super(`${layer.name}: ${why}.`);
  }
}

/** How a layer computed, and why so. */
export interface Seen {
  readonly route: Route;
  readonly why: string;
}

const unreached: Seen = { route: 'float', why: 'the sample did not reach it' };

const badness: Readonly<Record<Route, number>> = { integer: 0, 'float inside': 1, float: 2 };

/**
 * A layer that takes and gives integers: tensors that carry them pass between such layers, and their floats are made only where
 * something else reads them. Made by `lowerToInteger` and `readInteger`.
 */
export abstract class IntegerLayer extends Module {
  /**
   * What it was made of. Not enumerable: no walk finds state in it, and copies take it along.
   *
   * @internal
   */
  declare readonly parts: Parts;
  /** What was seen of it since the run of a sample began: the call with the most floats. */
  private seen = unreached;
  /** The storages of the sample while it runs. */
  private sample: ReadonlySet<Storage> | null = null;
  /** Whether the run of the sample brought floats that were no part of it to a gate. */
  private meetsFloats = false;
  private route: Route | null = null;
  /**
   * Puts tensors on the grids of the inputs.
   *
   * @internal
   */
  readonly gates: readonly (Gate | null)[];
  /** The encoding of the result; null where it has none. */
  readonly output: AffineEncoding | null;

  /** @internal */
  constructor(parts: Parts) {
    super();
    Object.defineProperty(this, 'parts', { value: parts });
    const { inputs, output } = parts.places;
    this.gates = inputs.map((encoding, i) => (encoding === null ? null : this.gate(encoding, i)));
    this.output = output;
    this.training = false;
  }

  /** Where the layer stands in its model. */
  get path(): string {
    return this.parts.path;
  }

  /** Name of the float class. */
  get kind(): string {
    return this.parts.kind;
  }

  /** How it may compute: found while lowering; more floats than that are an error from then on. */
  get sealed(): Route | null {
    return this.route;
  }

  /**
   * What puts tensors on the grid of an input.
   *
   * @internal
   */
  protected gate(encoding: AffineEncoding, _place: number): Gate {
    return new Gate(encoding);
  }

  /**
   * The positions on which it may want accumulators.
   *
   * @internal
   */
  targets(): Target[] {
    return this.gates.flatMap((gate) => (gate === null ? [] : [wholeGrid(gate.encoding)]));
  }

  /**
   * Computes on arguments whose tensors have passed the encodings of their places.
   *
   * @internal
   */
  protected abstract compute(args: readonly unknown[]): Computed;

  /**
   * Begins a run of the sample, whose tensors have these storages: what was seen before counts no more.
   *
   * @internal
   */
  begin(sample: ReadonlySet<Storage>): void {
    this.seen = unreached;
    this.sample = sample;
    this.meetsFloats = false;
  }

  /**
   * Why the layer has not computed on integers in the run of the sample, of which these storages were results, or null.
   *
   * @internal
   */
  objection(_results: ReadonlySet<Storage>): string | null {
    return this.seen.route === 'float' ? this.seen.why : null;
  }

  /**
   * Ends the run of the sample, of which these storages were results: it computes as it did from now on. Returns how that is.
   *
   * @internal
   */
  settle(_results: ReadonlySet<Storage>): Seen {
    this.sample = null;
    const { route, why } = this.seen;
    this.seal(route);
    const notes = [why, this.meetsFloats ? 'quantizes floats that a function or a float layer gives it' : ''];
    return { route, why: notes.filter((note) => note !== '').join('; ') };
  }

  /**
   * Says how it may compute from now on.
   *
   * @internal
   */
  seal(route: Route): void {
    this.route = route;
  }

  override forward(...args: unknown[]): Tensor | readonly Tensor[] {
    return noGrad(() => {
      const { y, route, why = '' } = this.compute(this.entered(args));
      if (this.route !== null && badness[route] > badness[this.route])
        throw new QuantizationError(
          `${this.name}: was lowered to compute as '${this.route}' and would now compute as '${route}': ${why}. Give the model inputs like the sample it was lowered with.`,
        );
      if (this.seen === unreached || badness[route] > badness[this.seen.route]) this.seen = { route, why };
      return y;
    });
  }

  /** How messages call it. */
  get name(): string {
    return this.path === '' ? this.kind : `${this.kind} '${this.path}'`;
  }

  /** The arguments with floating tensors on the grids of their places; an array of tensors counts one place each. */
  private entered(args: readonly unknown[]): unknown[] {
    let position = 0;
    const enter = (value: unknown): unknown => {
      if (Array.isArray(value) && value.some((item) => item instanceof Tensor)) return value.map(enter);
      const place = Math.min(position++, this.gates.length - 1);
      if (!(value instanceof Tensor) || !isFloat(value.dtype)) return value;
      if (this.parts.places.unset.has(place))
        throw new NotOnIntegers(this, `its input quantizer ${place} has no encoding yet`);
      const gate = this.gates[place];
      if (gate && this.sample && !this.sample.has(value.storage) && !isFromIntegers(value)) this.meetsFloats = true;
      return gate ? numbers(gate.enter(value)) : value;
    };
    return args.map(enter);
  }

  /** Why an input has no integers, and what to do about it. Throws ArgumentError where there is no tensor. */
  protected lacking(input: string, x: unknown): string {
    checkTensor(this.name, input, x);
    if (!isFloat(x.dtype))
      return `${input} arrives as plain ${x.dtype}, which has no scale: set an input quantizer here and give it floats`;
    if (x instanceof EncodedTensor && x.encoding !== null) return `${input} ${unsuited(x.encoding)}`;
    if (x instanceof EncodedTensor)
      return `${input} arrives as floats: it, or what shares its elements, was written to in place. Let a layer make a new tensor (new Multiply(), new Add()), or set an input quantizer here`;
    return `${input} arrives as floats: the model was given it, or a function of tensors or a layer without an output quantizer made it. Use a layer for the function (new Add(), new ReLU()), or set an input quantizer here`;
  }

  /** The encoding of the result. Throws where there is none. */
  protected outputGrid(): AffineEncoding {
    if (this.output === null)
      throw new NotOnIntegers(this, 'it has no output quantizer, so its result has no grid to be put on');
    return this.output;
  }

  /**
   * Integers as the result, on the grid of the output where there is one.
   *
   * @internal
   */
  protected given(integers: Integers): Tensor {
    if (this.output === null) return numbers(integers);
    this.outGate ??= new Gate(this.output);
    return numbers(this.outGate.moved(integers));
  }

  private outGate: Gate | null = null;

  override extraRepr(): string {
    return `${this.kind}${this.route === null ? '' : `, ${this.route}`}`;
  }
}
