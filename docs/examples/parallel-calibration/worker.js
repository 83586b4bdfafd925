/** Where a worker starts: the loader of TypeScript does not reach into workers by itself. Compiled code needs no such file. */
import { register } from 'tsx/esm/api';

register();
await import('./observe-shard.ts');
