/** What the tests of signatures read. */

export interface Options {
  readonly keepdim?: boolean;
  readonly dtype?: string;
}

/** Takes fewer options than its type names. */
export interface Narrow extends Omit<Options, 'dtype'> {
  readonly dtype?: undefined;
}

export const sum = (x: object, dim?: number, options: Options = {}): unknown => [x, dim, options];
export const add = (a: object, b: object): unknown => [a, b];
export const reshape = (x: object, shape: readonly number[]): unknown => [x, shape];
export const cat = (tensors: readonly object[], dim = 0): unknown => [tensors, dim];
export const stack = (...tensors: object[]): unknown => tensors;

export function range(end: number, options?: Options): unknown;
export function range(start: number, end: number, options?: Options): unknown;
export function range(start: number, end: number, step: number, options?: Options): unknown;
export function range(...given: unknown[]): unknown {
  return given;
}

export class Layer {
  constructor(
    readonly size: number,
    readonly options: Narrow = {},
    readonly known: readonly string[] = [],
  ) {}

  max(): unknown;
  max(dim: number, options?: Options): unknown;
  max(...given: unknown[]): unknown {
    return given;
  }
}
