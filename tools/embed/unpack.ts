import { rmSync } from 'node:fs';

/** Removes the folder that `pack` made. */
export default function unpack(): void {
  rmSync(process.env.Q_EMBED_PROJECT!, { recursive: true, force: true });
}
