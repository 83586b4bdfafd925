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

it('takes the tensors of ONNX Runtime and TensorFlow.js as they are typed', () => {
  const packages = ['onnxruntime-common', '@tensorflow/tfjs-core'];
  const paths = Object.fromEntries(
    packages.map((name) => [name, [join(import.meta.dirname, '../node_modules', name)]]),
  );
  const config = join(project, 'tsconfig.exchange.json');
  const compilerOptions = { ...strict, module: 'ESNext', moduleResolution: 'bundler', skipLibCheck: true, paths };
  writeFileSync(config, JSON.stringify({ compilerOptions, files: ['exchange.ts'] }));
  expect(tool('tsc', '-p', config)).toEqual({ status: 0, output: '' });
});
