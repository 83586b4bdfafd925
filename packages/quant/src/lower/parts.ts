import type { Module } from '@q/nn';
import type { AffineEncoding } from '../encodings/affine.js';
import type { Integers } from './operands.js';
import type { IntegerWeight } from './weights.js';

/** The encodings of the places around a layer. */
export interface Places {
  readonly inputs: readonly (AffineEncoding | null)[];
  readonly output: AffineEncoding | null;
  /** Inputs whose quantizers had no encoding yet: no tensor may arrive there. */
  readonly unset: ReadonlySet<number>;
}

/** Settings of convolutions. */
export interface ConvSettings {
  readonly stride: readonly number[];
  readonly padding: readonly number[] | 'same' | 'valid';
  readonly dilation: readonly number[];
  readonly outputPadding: readonly number[];
  readonly groups: number;
  readonly paddingMode: string;
}

/** What an integer layer is made of, and a file keeps of it. */
export interface Parts {
  /** Where the layer stands in its model. */
  readonly path: string;
  /** Name of the float class. */
  readonly kind: string;
  readonly places: Places;
  readonly weight?: IntegerWeight;
  readonly bias?: Float32Array | null;
  readonly settings?: ConvSettings;
  /** The dim along which tensors are joined. */
  readonly dim?: number;
  /** Rows on the grid of the output. */
  readonly rows?: Integers;
  /** The float layer that is called; its parameters lie on their grids. */
  readonly float?: Module;
}

/** Parts of which some are there for certain. */
export type PartsWith<K extends keyof Parts> = Parts & Required<Pick<Parts, K>>;

/** Parts of products with a weight. */
export type ProductParts = PartsWith<'weight' | 'bias'>;

/** Parts of convolutions. */
export type ConvParts = PartsWith<'weight' | 'bias' | 'settings'>;

/** Parts of layers that call their float layer. */
export type FloatParts = PartsWith<'float'>;
