/** In CI, property-based tests draw the same cases every time: a red build points to a change, not to luck. */
const { configureGlobal } = require('fast-check');

if (process.env.CI) configureGlobal({ seed: 20260101 });
