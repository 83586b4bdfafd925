import { ArgumentError, described } from '../../../errors.js';
import type { View } from '../../../storage.js';
import type { ConvWindows } from '../../contract/conv.js';
import type { Family, SimdEngine } from '../engine/engine.js';
import { gemmVariant, panelOf } from '../product/gemm-f32.js';
import { formOfVariant, packedAlways } from '../product/packed.js';
import { bandRows, emitWinograd, winogradFilterBytes, winogradWorkspace } from './winograd.js';
import { FILTER, REACH, TILE } from './winograd-transforms.js';

/** Channels and filters, and tiles per row, from which the transformations cost less than they save. */
const MANY_CHANNELS = 24;
const MANY_TILES = 4;

/** Whether 3x3 convolutions may take fewer products than taps. */
const setting = { enabled: true };

/**
 * Lets 3x3 convolutions of many channels be computed by Winograd's method, about three times as fast, with errors up to 2^-17
 * of the largest output in place of those of a plain sum. A NaN or infinity then reaches all 16 outputs of a tile that has it
 * among its inputs. Default: true.
 *
 * @throws ArgumentError unless `enabled` is a boolean
 */
export function setWinograd(enabled: boolean): void {
  if (typeof enabled !== 'boolean')
    throw new ArgumentError(`setWinograd: wants true or false, got ${described(enabled)}.`);
  setting.enabled = enabled;
}

const winogradFamily: Family = ({ module, features }) => emitWinograd(module, gemmVariant(features));

/** Whether a convolution of one group with flat windows is one for Winograd's method. */
export function fitsWinograd(x: View, y: View, { groups, kernel, stride, dilation }: ConvWindows): boolean {
  const [, channels, , ,] = x.layout.shape as [number, number, number, number, number];
  const [, filters, , rows, columns] = y.layout.shape as [number, number, number, number, number];
  return (
    setting.enabled &&
    groups === 1 &&
    kernel[1] === 3 &&
    kernel[2] === 3 &&
    [...stride, ...dilation].every((step) => step === 1) &&
    Math.min(channels, filters) >= MANY_CHANNELS &&
    Math.min(rows, columns) > (MANY_TILES - 1) * TILE
  );
}

/** The filters `[o, c, 1, 3, 3]` at the interpolation points: `[36][o / MR][c][MR]`. */
function transformFilters({ storage, layout }: View, MR: number, into: Float32Array, at: number): void {
  const [filters, channels] = layout.shape as [number, number];
  const { array, base } = storage;
  const even = 2 * Math.ceil(filters / 2);
  const rows = new Float64Array(REACH * 3);
  into.fill(0, at, at + REACH * REACH * even * channels);
  for (let o = 0; o < filters; o++) {
    const { first: top, height } = panelOf(MR, o, filters);
    for (let c = 0; c < channels; c++) {
      const first = base + layout.offset + (o * channels + c) * 9;
      for (let i = 0; i < REACH; i++)
        for (let u = 0; u < 3; u++)
          rows[i * 3 + u] =
            FILTER[i]![0] * array[first + u]! +
            FILTER[i]![1] * array[first + 3 + u]! +
            FILTER[i]![2] * array[first + 6 + u]!;
      for (let i = 0; i < REACH; i++)
        for (let j = 0; j < REACH; j++) {
          const [a, b, d] = FILTER[j]!;
          const place = ((i * REACH + j) * even + top) * channels + c * height + o - top;
          into[at + place] = a * rows[i * 3]! + b * rows[i * 3 + 1]! + d * rows[i * 3 + 2]!;
        }
    }
  }
}

/** Places a sample as an image of zeros around its channels; `plane` and `pitch` in elements. */
export type Frame = (n: number, image: number, plane: number, pitch: number) => void;

/** The sizes of a convolution. */
interface Sizes {
  readonly channels: number;
  readonly filters: number;
  readonly rows: number;
  readonly columns: number;
}

/** A convolution by Winograd's method, of flat images; see `fitsWinograd`. To be called between `beginKernel` and `endKernel`. */
export function winogradConvolution(engine: SimdEngine) {
  const { memory } = engine;
  const packing = formOfVariant(engine, ({ MR }) => ({
    bytes: ({ layout: { shape } }) => winogradFilterBytes(shape[1]!, shape[0]!),
    pack: (view, to) => transformFilters(view, MR, memory.heap('float32'), to / 4),
  }));

  return (weight: View, sizes: Sizes, batch: number, frame: Frame, biases: number, to: number): void => {
    const { channels, filters, rows, columns } = sizes;
    // A whole number of tiles, and what the loads of the last ones reach.
    const pitch = Math.ceil(columns / TILE) * TILE + 4;
    const plane = (Math.ceil(rows / TILE) * TILE + 2) * pitch;
    // The last group of tiles of a row reads up to three tiles behind it.
    const image = memory.scratch((channels * plane + 4 * TILE * TILE) * 4);
    const u = packedAlways(memory, weight, packing());
    const [tilesY, tilesX] = [Math.ceil(rows / TILE), Math.ceil(columns / TILE)];
    const band = Math.min(bandRows(channels, filters, tilesX), tilesY);
    const workspace = winogradWorkspace(channels, filters, band * tilesX);
    for (let n = 0; n < batch; n++) {
      frame(n, image, plane, pitch);
      const y = to + n * filters * rows * columns * 4;
      engine.divide(
        winogradFamily,
        'winograd',
        { count: tilesY, grain: 1, work: (filters * channels * rows * columns) / 6, least: band, workspace },
        (start, end) => [
          image,
          channels,
          plane * 4,
          pitch * 4,
          tilesX,
          start,
          end - start,
          band,
          u,
          filters,
          y,
          rows * columns * 4,
          rows,
          columns,
          biases,
        ],
      );
    }
  };
}
