import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tensor, type Tensor } from '@q/tensor';

/** Images `[N, 1, 8, 8]` with pixels from 0 to 1, and the digit `[N]` that each one shows. */
export interface Digits {
  readonly images: Tensor;
  readonly labels: Tensor;
}

const trainCount = 1297;
const calibrationCount = 256;

const asset = (name: string): Uint8Array => readFileSync(join(import.meta.dirname, 'assets', name));

/** The UCI digits: 1297 to train with, of which the first 256 calibrate, and 500 to test. */
export function loadDigits(): { train: Digits; calibration: Digits; test: Digits } {
  const labels = tensor(asset('labels.u8'), { dtype: 'int32' });
  const images = tensor(asset('images.u8'), { dtype: 'float32' }).div(16).reshape([-1, 1, 8, 8]);
  const part = (start: number, stop: number): Digits => ({
    images: images.slice([start, stop]),
    labels: labels.slice([start, stop]),
  });
  return {
    train: part(0, trainCount),
    calibration: part(0, calibrationCount),
    test: part(trainCount, labels.numel),
  };
}

/** The bytes of the trained checkpoint. */
export const checkpoint = (): Uint8Array => asset('cnn.safetensors');
