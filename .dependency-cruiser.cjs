/** Imports point down: tensor <- nn <- quant, and inside a package towards the ground floor. */
const tensor = '^packages/tensor/src';
const tensorClass = `${tensor}/tensor([.]ts$|/)`;
const groundFloor = `${tensor}/(allocator|dtype|errors|foreign|layout|memory|shape|storage)[.]ts$`;

module.exports = {
  forbidden: [
    {
      name: 'no-runtime-cycle',
      severity: 'error',
      comment: 'Modules that need each other at run time are one module, or one of them needs a third to stand on.',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-type-cycle',
      severity: 'error',
      comment: 'Only the Tensor class and what it calls may know each other through types.',
      from: {},
      to: { circular: true, viaOnly: { pathNot: tensorClass } },
    },
    {
      name: 'tensor-stands-alone',
      severity: 'error',
      comment: '@q/tensor knows neither modules nor quantizers.',
      from: { path: '^packages/tensor/' },
      to: { path: '^(packages/(nn|quant)/|docs/|benchmarks/|@q/(nn|quant))' },
    },
    {
      name: 'nn-below-quant',
      severity: 'error',
      comment: '@q/nn knows nothing of quantizers.',
      from: { path: '^packages/nn/' },
      to: { path: '^(packages/quant/|docs/|benchmarks/|@q/quant)' },
    },
    {
      name: 'packages-by-name',
      severity: 'error',
      comment: 'Another package is imported by its name, never by a path into its sources.',
      from: { path: '^packages/([^/]+)/src' },
      to: { path: '^packages/', pathNot: ['^packages/$1/', '^packages/[^/]+/src/((io|internal|optim)/)?index[.]ts$'] },
    },
    {
      name: 'ground-floor',
      severity: 'error',
      comment: 'allocator, dtype, errors, foreign, layout, memory, shape and storage import only each other.',
      from: { path: groundFloor },
      to: { pathNot: groundFloor },
    },
    {
      name: 'kernels-know-no-tensors',
      severity: 'error',
      comment: 'A kernel takes views of storages; tensors, ops and autograd stand above it.',
      from: { path: `${tensor}/kernels/` },
      to: { path: [tensorClass, `${tensor}/(ops/|autograd|create|format|random|io/)`] },
    },
    {
      name: 'ops-know-tensor-as-type',
      severity: 'error',
      comment: 'Use `import type { Tensor }`: tensors import ops at run time.',
      from: { path: `${tensor}/ops/` },
      to: { path: tensorClass, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-barrel-from-inside',
      severity: 'error',
      comment: 'An index.ts is for users of the package; inside, import the module itself.',
      from: { path: '^packages/([^/]+)/src/', pathNot: '/index[.]ts$' },
      to: { path: ['^packages/$1/src/index[.]ts$', '^packages/$1/src/.+/index[.]ts$'] },
    },
    {
      name: 'no-third-party',
      severity: 'error',
      comment: 'The packages have no runtime dependency outside this repository.',
      from: { path: '^packages/[^/]+/src/' },
      to: { dependencyTypes: ['npm', 'npm-dev', 'npm-peer', 'npm-optional', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'node-only-in-threads',
      severity: 'error',
      comment: 'The packages run in browsers too; only the thread pool may ask Node for something.',
      from: { path: '^packages/[^/]+/src/', pathNot: `${tensor}/kernels/threads/` },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'sources-below-tests',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/' },
      to: { path: '^packages/[^/]+/test/' },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '/dist/'] },
    // The libraries that benchmarks compare with are installed only for that.
    exclude: { path: ['/dist/', '^benchmarks/peers/'] },
    tsConfig: { fileName: 'tsconfig.scripts.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['types', 'import', 'default'] },
  },
};
