import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { project, tool } from '../project.js';

const strict = {
  strict: true,
  noEmit: true,
  target: 'ES2022',
  lib: ['ES2022', 'ESNext.Disposable'],
  types: [],
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: false,
};

describe.each([
  ['bundler', 'ESNext'],
  ['nodenext', 'NodeNext'],
])('TypeScript with moduleResolution %s', (moduleResolution, module) => {
  // The declarations of the packages themselves are checked too, so nothing in them may be missing.
  it('finds the types, and errors exactly where they are expected', () => {
    const config = join(project, `tsconfig.${moduleResolution}.json`);
    const compilerOptions = { ...strict, module, moduleResolution, skipLibCheck: false };
    writeFileSync(config, JSON.stringify({ compilerOptions, files: ['user.ts'] }));
    const { status, output } = tool('tsc', '-p', config);
    expect(output).toBe('');
    expect(status).toBe(0);
  });
});
