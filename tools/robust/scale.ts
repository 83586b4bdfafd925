/** True for `npm run test:robust`; the plain tests run a fast part of it. */
export const full = process.env['Q_ROBUST'] === 'full';

/** How often to try something. */
export const runs = (fast: number, thorough: number): number => (full ? thorough : fast);

/** Minutes that the soak takes: `Q_SOAK_MINUTES`, or 10 in the full suite and a few seconds else. */
export const soakMinutes = (): number => Number(process.env['Q_SOAK_MINUTES'] ?? (full ? 10 : 0.1));
