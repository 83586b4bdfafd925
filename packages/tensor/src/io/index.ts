export { readNpy, writeNpy } from './npy.js';
export {
  readSafetensors,
  readSafetensorsMetadata,
  writeSafetensors,
  type WriteSafetensorsOptions,
} from './safetensors.js';
