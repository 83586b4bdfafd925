import { FormatError, shown, type DType, type Tensor } from '@q/tensor';
import { sameShape } from '@q/tensor/internal';
import { readSafetensors, readSafetensorsMetadata } from '@q/tensor/io';
import { elementsOf } from '../../elements.js';
import { checksum } from './checksum.js';
import { FORMAT, VERSION } from './format.js';

/** The claims and the tensors of one file, none of which is believed. */
export class Reader {
  /** What the file says of its layers. */
  readonly layers: readonly unknown[];
  /** What the file says of the layers that are none of its own. */
  readonly others: unknown;
  /** Tensors that nothing has taken yet. */
  readonly #left: Map<string, Tensor>;

  constructor(bytes: Uint8Array | ArrayBuffer) {
    const { format, version, layers = '', others = '', checksum: sum } = readSafetensorsMetadata(bytes);
    if (format !== FORMAT)
      throw new FormatError(
        `readInteger: no integer model but '${format ?? 'a file without a format'}'. Write one with writeInteger().`,
      );
    if (version !== VERSION)
      throw new FormatError(
        `readInteger: version ${version ?? 'unknown'} of the format; this library reads version ${VERSION}.`,
      );
    const tensors = readSafetensors(bytes);
    if (checksum([layers, others], tensors) !== sum)
      throw new FormatError('readInteger: the file is damaged: its contents do not have the checksum that it says.');
    this.#left = new Map(Object.entries(tensors));
    let parsed: unknown;
    try {
      parsed = JSON.parse(layers);
      this.others = JSON.parse(others);
    } catch (cause) {
      throw new FormatError('readInteger: the description of the layers is not JSON.', { cause });
    }
    if (!Array.isArray(parsed)) throw new FormatError('readInteger: the description of the layers is not a list.');
    this.layers = parsed;
  }

  /** Names of the tensors that nothing has taken. */
  get left(): string[] {
    return [...this.#left.keys()];
  }

  /** Whether a tensor is there to be taken. */
  has(name: string): boolean {
    return this.#left.has(name);
  }

  /** Takes a tensor out, of the shape and dtype wanted. */
  take(name: string, shape: readonly number[], dtypes: readonly DType[]): Tensor {
    const found = this.#left.get(name);
    if (found === undefined) throw new FormatError(`readInteger: tensor '${name}' is missing.`);
    this.#left.delete(name);
    if (!dtypes.includes(found.dtype) || !sameShape(found.shape, shape))
      throw new FormatError(
        `readInteger: tensor '${name}' is ${found.dtype} ${shown(found.shape)}, the model wants ${dtypes.join(' or ')} ${shown(shape)}.`,
      );
    return found;
  }

  /** Takes a tensor of finite numbers out. */
  floats(name: string, shape: readonly number[], positive: boolean): Float32Array<ArrayBuffer> {
    const values = Float32Array.from(elementsOf(this.take(name, shape, ['float32']))[0]);
    if (!values.every((value) => Number.isFinite(value) && (!positive || value > 0)))
      throw new FormatError(
        `readInteger: tensor '${name}' has values that are not ${positive ? 'positive' : 'finite'}.`,
      );
    return values;
  }
}
