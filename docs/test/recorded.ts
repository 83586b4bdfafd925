/** What PyTorch and AIMET gave for the models of the examples. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** Numbers of a tensor, row by row. */
export interface Recorded {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** A calibrated quantizer. */
export type RecordedEncoding = Readonly<Record<'min' | 'max' | 'scale' | 'offset', Recorded>> & {
  readonly bitwidth: number;
};

/** A model quantized by AIMET: its encodings by place, and its results on the 500 test images. */
export interface Setting {
  readonly weight_bits: number;
  readonly activation_bits: number;
  readonly test_correct: number;
  readonly sqnr_db: number;
  readonly logits_first_64_test_images: Recorded;
  readonly activations: Readonly<Record<string, RecordedEncoding>>;
  readonly weights: Readonly<Record<string, RecordedEncoding>>;
}

const bytes = (file: string): Uint8Array => gunzipSync(readFileSync(join(import.meta.dirname, 'golden', `${file}.gz`)));

/** Files of `golden/`. */
export const golden = {
  bytes,
  json: <T>(name: string): T => JSON.parse(new TextDecoder().decode(bytes(`${name}.json`))) as T,
};

/** The largest difference of two lists. */
export const furthest = (actual: ArrayLike<number>, expected: readonly number[]): number =>
  Math.max(...expected.map((value, i) => Math.abs(value - actual[i]!)));
