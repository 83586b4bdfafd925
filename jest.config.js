/** Tests run the sources: `@q/*` maps to each package's `src`, and TypeScript is only transpiled (`npm run check` type-checks). */
const transform = {
  '^.+\\.ts$': [
    'ts-jest',
    { tsconfig: '<rootDir>/tsconfig.jest.json', astTransformers: { before: ['<rootDir>/tools/jest-import-meta.cjs'] } },
  ],
};

const moduleNameMapper = {
  '^@q/(tensor|nn|quant)$': '<rootDir>/packages/$1/src/index.ts',
  '^@q/(tensor|nn|quant)/(\\w+)$': '<rootDir>/packages/$1/src/$2/index.ts',
  '^(\\.{1,2}/.*)\\.js$': '$1',
};

const project = (displayName, directory) => ({
  displayName,
  rootDir: import.meta.dirname,
  testEnvironment: 'node',
  setupFiles: ['<rootDir>/tools/jest-properties.cjs'],
  testMatch: [`<rootDir>/${directory}/test/**/*.test.ts`],
  modulePathIgnorePatterns: ['<rootDir>/packages/.*/dist/'],
  transform,
  moduleNameMapper,
});

export default {
  maxWorkers: '100%',
  projects: [
    project('tensor', 'packages/tensor'),
    project('nn', 'packages/nn'),
    project('quant', 'packages/quant'),
    project('docs', 'docs'),
    project('robust', 'tools/robust'),
  ],
};
