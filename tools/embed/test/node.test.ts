import { node, type QuickStart } from '../project.js';

describe('in Node', () => {
  const expected = node<QuickStart>('quick-start.node.js');

  it('runs the quick start as an ES module', () => {
    expect(Object.keys(expected.bits).length).toBeGreaterThan(5);
    for (const bits of Object.values(expected.bits)) expect(bits).toMatch(/^([0-9a-f]{2}){40,}$/);
    expect(expected.floats[4]).toBeLessThan(expected.floats[0]!);
  });

  it('computes the same bits without WebAssembly', () => {
    const { bits, floats } = node<QuickStart>(
      '--import',
      'data:text/javascript,delete globalThis.WebAssembly',
      'quick-start.node.js',
    );
    expect(bits).toEqual(expected.bits);
    floats.forEach((value, i) => expect(value).toBeCloseTo(expected.floats[i]!, 3));
  });

  it('needs no eval', () =>
    expect(node('--disallow-code-generation-from-strings', 'quick-start.node.js')).toEqual(expected));

  it('is required from CommonJS, and is the same module there', () => {
    const script = `const { tensor } = require('@q/tensor');
      const { Linear } = require('@q/nn');
      import('@q/nn').then((nn) =>
        console.log(JSON.stringify([nn.Linear === Linear, new Linear(2, 3).forward(tensor([1, 2])).shape])));`;
    expect(node('--input-type=commonjs', '-e', script)).toEqual([true, [3]]);
  });

  it.each(['@q/tensor/io', '@q/nn/optim'])('resolves the subpath %s from both', (name) => {
    const script = `import('${name}').then((module) => console.log(JSON.stringify(module === require('${name}'))))`;
    expect(node('--input-type=commonjs', '-e', script)).toBe(true);
  });

  it('hides what is not exported', () => {
    const script = "import('@q/tensor/dist/storage.js').catch((error) => console.log(JSON.stringify(error.code)))";
    expect(node('--input-type=module', '-e', script)).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });

  it('ends by itself although threads were started', () => {
    const script = `import { getNumThreads, ones, setNumThreads } from '@q/tensor';
      setNumThreads(2);
      const x = ones([512, 512]);
      console.log(JSON.stringify([getNumThreads(), x.matmul(x).sum().item()]));`;
    expect(node('--input-type=module', '-e', script)).toEqual([2, 512 ** 3]);
  });
});
