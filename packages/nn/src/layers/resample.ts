import {
  channelShuffle,
  interpolate,
  pixelShuffle,
  pixelUnshuffle,
  type InterpolateMode,
  type InterpolateOptions,
  type Tensor,
} from '@q/tensor';
import { checkBoolean, checkKnown, optionsOf } from '@q/tensor/internal';
import { Module } from '../module.js';
import { fields, float } from '../repr.js';
import { checkSizes, type Sizes } from '../sizes.js';
import { operation } from './operation.js';

/** Resamples with options of the call, see `functional.interpolate`. */
export class Interpolate extends operation((x: Tensor, options: InterpolateOptions) => interpolate(x, options)) {}

/** Options of `Upsample`: exactly one of `size` and `scaleFactor`. */
export interface UpsampleOptions {
  /** Spatial sizes of the result. */
  readonly size?: Sizes | null;
  /** Result sizes as multiples of the input's, rounded down. */
  readonly scaleFactor?: number | readonly number[] | null;
  /** Default: 'nearest'. */
  readonly mode?: InterpolateMode;
  /** Map the centres of the corner elements onto each other. For the linear and cubic modes. Default: false. */
  readonly alignCorners?: boolean | null;
  /** Compute positions from the sizes, not from `scaleFactor`. Default: false. */
  readonly recomputeScaleFactor?: boolean | null;
}

/** Resamples `[N, C, ...]` to a size or by a factor. */
export class Upsample extends Module {
  /** Spatial sizes of the result, or null. */
  size: Sizes | null;
  /** Result sizes as multiples of the input's, or null. */
  scaleFactor: number | readonly number[] | null;
  /** How elements between elements are found. */
  mode: InterpolateMode;
  /** Whether the centres of the corner elements are mapped onto each other. */
  alignCorners: boolean | null;
  /** Whether positions are computed from the sizes, not from `scaleFactor`. */
  recomputeScaleFactor: boolean | null;

  constructor(options: UpsampleOptions = {}) {
    super();
    checkKnown(this.constructor.name, options, ['size', 'scaleFactor', 'mode', 'alignCorners', 'recomputeScaleFactor']);
    const { alignCorners = null, recomputeScaleFactor = null } = options;
    if (alignCorners !== null) checkBoolean(this.constructor.name, 'alignCorners', alignCorners);
    if (recomputeScaleFactor !== null)
      checkBoolean(this.constructor.name, 'recomputeScaleFactor', recomputeScaleFactor);
    this.size = options.size ?? null;
    this.scaleFactor = options.scaleFactor ?? null;
    this.mode = options.mode ?? 'nearest';
    this.alignCorners = alignCorners;
    this.recomputeScaleFactor = recomputeScaleFactor;
  }

  forward(x: Tensor): Tensor {
    const { size, scaleFactor, mode, alignCorners, recomputeScaleFactor } = this;
    return interpolate(x, { size, scaleFactor, mode, alignCorners, recomputeScaleFactor });
  }

  override extraRepr(): string {
    const { scaleFactor, size, mode } = this;
    if (scaleFactor === null) return fields({ size, mode });
    return fields({
      scale_factor: typeof scaleFactor === 'number' ? float(scaleFactor) : scaleFactor.map(float),
      mode,
    });
  }
}

/** `Upsample` of images by repeating the nearest element. */
export class UpsamplingNearest2d extends Upsample {
  constructor(options: Pick<UpsampleOptions, 'size' | 'scaleFactor'> = {}) {
    super({ ...optionsOf('UpsamplingNearest2d', options, ['size', 'scaleFactor']), mode: 'nearest' });
  }
}

/** `Upsample` of images by bilinear interpolation between aligned corners. */
export class UpsamplingBilinear2d extends Upsample {
  constructor(options: Pick<UpsampleOptions, 'size' | 'scaleFactor'> = {}) {
    super({
      ...optionsOf('UpsamplingBilinear2d', options, ['size', 'scaleFactor']),
      mode: 'bilinear',
      alignCorners: true,
    });
  }
}

/** Moves channels into space: `[..., C * r^2, H, W]` to `[..., C, H * r, W * r]` (Shi et al., 2016). */
export class PixelShuffle extends Module {
  /** Factor of height and width. */
  upscaleFactor: number;

  constructor(upscaleFactor: number) {
    super();
    checkSizes('PixelShuffle', { upscaleFactor });
    this.upscaleFactor = upscaleFactor;
  }

  forward(x: Tensor): Tensor {
    return pixelShuffle(x, this.upscaleFactor);
  }

  override extraRepr(): string {
    return fields({ upscale_factor: this.upscaleFactor });
  }
}

/** Moves space into channels, the inverse of `PixelShuffle`. */
export class PixelUnshuffle extends Module {
  /** Divisor of height and width. */
  downscaleFactor: number;

  constructor(downscaleFactor: number) {
    super();
    checkSizes('PixelUnshuffle', { downscaleFactor });
    this.downscaleFactor = downscaleFactor;
  }

  forward(x: Tensor): Tensor {
    return pixelUnshuffle(x, this.downscaleFactor);
  }

  override extraRepr(): string {
    return fields({ downscale_factor: this.downscaleFactor });
  }
}

/** Mixes groups of the channels of `[N, C, ...]` (Zhang et al., 2018). */
export class ChannelShuffle extends Module {
  /** Number of groups of channels. */
  groups: number;

  constructor(groups: number) {
    super();
    checkSizes('ChannelShuffle', { groups });
    this.groups = groups;
  }

  forward(x: Tensor): Tensor {
    return channelShuffle(x, this.groups);
  }

  override extraRepr(): string {
    return fields({ groups: this.groups });
  }
}
