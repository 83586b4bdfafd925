export { readCheckpoint, writeCheckpoint } from './checkpoint.js';
export { readNpy, writeNpy } from './npy.js';
export { fromOnnx, toOnnx, type OnnxTensorLike, type OnnxType } from './onnx.js';
export {
  readSafetensors,
  readSafetensorsMetadata,
  writeSafetensors,
  type WriteSafetensorsOptions,
} from './safetensors.js';
export { fromTfjs, toTfjs, type TfjsTensorLike, type TfjsType } from './tfjs.js';
