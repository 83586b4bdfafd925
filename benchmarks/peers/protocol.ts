import type { Numbers } from './peer.js';

/** What the process of a contender is asked for. */
export type Request = { readonly ask: 'prepare'; readonly workload: string } | { readonly ask: 'warm up' | 'sample' };

export interface Response {
  /** Null where the contender has no means for the workload. */
  readonly results?: readonly Numbers[] | null;
  readonly microseconds?: number;
  readonly error?: string;
}

/** Results in arrays of their own, to be sent. */
export const readOf = (results: readonly Numbers[]): readonly Numbers[] =>
  results.map((values) => (values instanceof Int32Array ? Int32Array.from(values) : Float32Array.from(values)));
