import { ArgumentError, described, ShapeError, shown, type Tensor } from '@q/tensor';
import { checkTensor, isIntegers, optionsOf } from '@q/tensor/internal';
import { Module } from '../module.js';
import { fields, repr } from '../repr.js';
import type { Sizes } from '../sizes.js';
import type { ModuleStatics } from '../slots.js';
import type { Layer } from './operation.js';

type Mode = 'constant' | 'reflect' | 'replicate' | 'circular';

/** Both ends of every padded dim, the last dim first. */
function pairs(layer: string, padding: Sizes, rank: number): number[] {
  const list =
    typeof padding === 'number'
      ? new Array<number>(2 * rank).fill(padding)
      : Array.isArray(padding)
        ? [...padding]
        : [];
  if (list.length !== 2 * rank || !isIntegers(list))
    throw new ArgumentError(
      `${layer}: padding must be an integer or ${2 * rank} of them (both ends of each dim, the last dim first), got ${described(padding)}.`,
    );
  return list;
}

/** What all padding layers are. */
export interface PaddingLayer extends Layer {
  /** Both ends of every padded dim, the last dim first. */
  padding: number[];
}

/** Class of the padding layers that take only the padding. */
export interface PaddingClass extends ModuleStatics {
  new (padding: Sizes): PaddingLayer;
}

/** A layer that pads the last `rank` dims; all but constant padding want a channel dim and at most a batch dim before them. */
function padding(rank: number, mode: Mode): PaddingClass {
  return class extends Module {
    padding: number[];

    constructor(padding: Sizes) {
      super();
      this.padding = pairs(this.constructor.name, padding, rank);
    }

    forward(x: Tensor): Tensor {
      checkTensor(this.constructor.name, 'the input', x);
      if (x.ndim < rank + (mode === 'constant' ? 0 : 1))
        throw new ShapeError(
          `${this.constructor.name}: wants [N, C, ...] with ${rank} more dims, got ${shown(x.shape)}.`,
        );
      return x.pad(this.padding, { mode });
    }

    override extraRepr(): string {
      return repr(this.padding);
    }
  };
}

/** A layer that pads with one value. */
export interface ConstantPadLayer extends PaddingLayer {
  /** What stands in the padding. */
  value: number;
}

/** Options of the layers that pad with one value. */
export interface ConstantPadOptions {
  /** What stands in the padding. Default: 0. */
  readonly value?: number;
}

/** Class of the layers that pad with one value. */
export interface ConstantPadClass extends ModuleStatics {
  new (padding: Sizes, value: number | ConstantPadOptions): ConstantPadLayer;
}

function constantPadding(rank: number): ConstantPadClass {
  return class extends Module {
    padding: number[];
    value: number;

    constructor(padding: Sizes, value: number | ConstantPadOptions = 0) {
      super();
      this.padding = pairs(this.constructor.name, padding, rank);
      this.value = typeof value === 'number' ? value : (optionsOf(this.constructor.name, value, ['value']).value ?? 0);
    }

    forward(x: Tensor): Tensor {
      checkTensor(this.constructor.name, 'the input', x);
      return x.pad(this.padding, { mode: 'constant', value: this.value });
    }

    override extraRepr(): string {
      return fields({ padding: this.padding, value: this.value });
    }
  };
}

/** Pads the last dim with one value; the padding is both ends, or `[left, right]`. */
export class ConstantPad1d extends constantPadding(1) {}

/** Pads the last 2 dims with one value: `[left, right, top, bottom]`. */
export class ConstantPad2d extends constantPadding(2) {}

/** Pads the last 3 dims with one value: `[left, right, top, bottom, front, back]`. */
export class ConstantPad3d extends constantPadding(3) {}

/** Pads the last dim with zeros. */
export class ZeroPad1d extends padding(1, 'constant') {}

/** Pads the last 2 dims with zeros. */
export class ZeroPad2d extends padding(2, 'constant') {}

/** Pads the last 3 dims with zeros. */
export class ZeroPad3d extends padding(3, 'constant') {}

/** Pads the last dim of `[N, C, L]` by mirroring at the border element. */
export class ReflectionPad1d extends padding(1, 'reflect') {}

/** Pads the last 2 dims of `[N, C, H, W]` by mirroring at the border elements. */
export class ReflectionPad2d extends padding(2, 'reflect') {}

/** Pads the last 3 dims of `[N, C, D, H, W]` by mirroring at the border elements. */
export class ReflectionPad3d extends padding(3, 'reflect') {}

/** Pads the last dim of `[N, C, L]` with the border element. */
export class ReplicationPad1d extends padding(1, 'replicate') {}

/** Pads the last 2 dims of `[N, C, H, W]` with the border elements. */
export class ReplicationPad2d extends padding(2, 'replicate') {}

/** Pads the last 3 dims of `[N, C, D, H, W]` with the border elements. */
export class ReplicationPad3d extends padding(3, 'replicate') {}

/** Pads the last dim of `[N, C, L]` with the other end. */
export class CircularPad1d extends padding(1, 'circular') {}

/** Pads the last 2 dims of `[N, C, H, W]` with the other ends. */
export class CircularPad2d extends padding(2, 'circular') {}

/** Pads the last 3 dims of `[N, C, D, H, W]` with the other ends. */
export class CircularPad3d extends padding(3, 'circular') {}
