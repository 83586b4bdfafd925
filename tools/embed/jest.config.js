import { join } from 'node:path';
import base from '../../jest.config.js';

const [{ transform }] = base.projects;

/** `npm run test:embed`: the packed packages in an empty folder, in Node, compilers, bundlers and a browser. */
export default {
  rootDir: join(import.meta.dirname, '../..'),
  testEnvironment: 'node',
  testMatch: ['<rootDir>/tools/embed/test/**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/packages/.*/dist/'],
  globalSetup: '<rootDir>/tools/embed/pack.ts',
  globalTeardown: '<rootDir>/tools/embed/unpack.ts',
  testTimeout: 180_000,
  maxWorkers: 2,
  transform,
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
};
