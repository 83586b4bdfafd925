import { Module } from '@q/nn';
import { tensor, type Tensor } from '@q/tensor';
import { writeSafetensors } from '@q/tensor/io';
import { checkInstance } from '../../arguments.js';
import type { AffineEncoding } from '../../encodings/affine.js';
import { QuantizationError } from '../../errors.js';
import { under } from '../../modules/model.js';
import { isQuantized } from '../../modules/quantized-module.js';
import type { Target } from '../grids.js';
import { IntegerLayer } from '../layer.js';
import { IntegerProduct } from '../product.js';
import type { IntegerWeight } from '../weights.js';
import { checksum } from './checksum.js';
import {
  FORMAT,
  otherLayers,
  outside,
  pathsOf,
  VERSION,
  type StoredEncoding,
  type StoredLayer,
  type StoredTarget,
  type StoredWeight,
} from './format.js';

const storedEncoding = ({ scale, offset, qmin, qmax, symmetry }: AffineEncoding): StoredEncoding => ({
  scale: scale.item(),
  offset: offset.item(),
  qmin,
  qmax,
  symmetry,
});

const storedTarget = ({ encoding, low, high }: Target): StoredTarget => ({ on: storedEncoding(encoding), low, high });

const storedWeight = ({ bits, signed, halved, factors, blockScales }: IntegerWeight): StoredWeight => ({
  bits,
  signed,
  halved,
  factors: factors?.shape[1] ?? 0,
  blockScales: blockScales?.shape[0] ?? 0,
});

/** An integer layer, and where it stands in the model that is written: in another one than was lowered, maybe. */
type Placed = readonly [path: string, layer: IntegerLayer];

const isPlaced = (entry: readonly [string, Module]): entry is [string, IntegerLayer] =>
  entry[1] instanceof IntegerLayer;

/** What the metadata say of a layer; what does not apply to it is undefined, which JSON leaves out. */
function storedLayer([path, layer]: Placed): StoredLayer {
  const { kind, places, weight, settings, dim, float } = layer.parts;
  const lends = layer instanceof IntegerProduct ? layer.lends : null;
  return {
    path,
    kind,
    route: layer.sealed ?? 'integer',
    lends: lends === null ? undefined : storedTarget(lends),
    inputs: places.inputs.map((encoding) => encoding && storedEncoding(encoding)),
    output: places.output && storedEncoding(places.output),
    settings: settings ?? dim ?? float?.extraRepr(),
    weight: weight && storedWeight(weight),
  };
}

/** The tensors of a layer by name. */
function tensorsOf([path, { parts }]: Placed): Record<string, Tensor> {
  const { weight, bias, rows, float } = parts;
  const tensors: Record<string, Tensor> = {};
  const put = (name: string, value: Tensor | null | undefined): void => {
    if (value) tensors[under(path, name)] = value;
  };
  if (weight) {
    const { values, scale, zero, factors, blockScales } = weight;
    put('weight', values);
    put('weight_scale', tensor(scale));
    put('weight_zero', zero && tensor(zero, { dtype: 'int32' }));
    put('weight_factors', factors);
    put('weight_block_scales', blockScales);
  }
  put('bias', bias && tensor(bias));
  put('rows', rows?.values);
  for (const [name, value] of Object.entries(float?.stateDict() ?? {})) put(name, value);
  return tensors;
}

/**
 * A model that `lowerToInteger` made, as the bytes of a safetensors file: integer weights (int4 packed two a byte), scales and
 * biases under the paths of the layers, encodings in the metadata.
 *
 * @throws QuantizationError where layers remained fake-quantized
 */
export function writeInteger(model: Module): Uint8Array<ArrayBuffer> {
  checkInstance('writeInteger', 'the model', model, Module);
  const simulated = model.namedModules().filter(([, module]) => isQuantized(module));
  if (simulated.length > 0)
    throw new QuantizationError(
      `writeInteger: ${simulated.map(([path]) => path || 'the model').join(', ')} did not become integer layers. See the report of lowerToInteger().`,
    );
  const layers = model.namedModules().filter(isPlaced);
  if (layers.length === 0)
    throw new QuantizationError('writeInteger: the model has no integer layers. Make them with lowerToInteger().');
  const rest = outside(
    model.stateDict(),
    pathsOf(model, (module) => module instanceof IntegerLayer),
  );
  const tensors: Record<string, Tensor> = Object.assign(rest, ...layers.map(tensorsOf));
  const described = JSON.stringify(layers.map(storedLayer));
  const others = JSON.stringify(otherLayers(model, new Set(layers.map(([path]) => path))));
  const sum = checksum([described, others], tensors);
  return writeSafetensors(tensors, {
    metadata: { format: FORMAT, version: VERSION, checksum: sum, layers: described, others },
  });
}
