import network from '../digits/assets/cnn.safetensors';
import images from '../digits/assets/images.u8';
import labels from '../digits/assets/labels.u8';

/** A page cannot read files, so the build has put the dataset's into it. */
const files: Readonly<Record<string, Uint8Array>> = {
  'cnn.safetensors': network,
  'images.u8': images,
  'labels.u8': labels,
};

/** Takes the place of Node's `readFileSync`: the files differ in their names. */
export const readFileSync = (path: string): Uint8Array => files[path]!;

/** Takes the place of Node's `join`: what is left of a path is the file's name. */
export const join = (...parts: readonly string[]): string => parts.at(-1)!;
