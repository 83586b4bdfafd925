import { programOf, runProgram } from './blocks.js';

const page = (...lines: string[]): string => ['Text.', '```ts', ...lines, '```', 'More.'].join('\n');
const run = (...lines: string[]) => runProgram(programOf(page(...lines)).run, {});

describe('the program of a page', () => {
  it('keeps every line where it stands and leaves text and other languages out', () => {
    const { all } = programOf('a\n```ts\nlet x = 1;\n```\n```sh\nls\n```\n```ts no-run\nx = 2;\n```');
    expect(all.split('\n').filter(Boolean)).toEqual(['let x = 1;', 'x = 2;']);
    expect(all.split('\n')[2]).toBe('let x = 1;');
  });

  it('does not run blocks marked no-run', () => {
    const { all, run: runs } = programOf('```ts no-run\nboom();\n```');
    expect(all).toContain('boom');
    expect(runs).not.toContain('boom');
  });

  it('imports a name once though several blocks name it', () => {
    const { all } = programOf(`${page("import { a, b } from 'm';")}\n${page("import { b, c } from 'm';")}`);
    expect(all.match(/\bb\b/g)).toHaveLength(1);
    expect(all).toContain('{ c }');
  });

  it('refuses a block that does not end', () => expect(() => programOf('```ts\nx')).toThrow(/does not end/));
});

describe('claims', () => {
  it('hold where values, output and errors are as written', async () =>
    expect(
      await run(
        '1 + 1; // => 2',
        'const xs = [1, 2]; // => [ 1, 2 ]',
        "for (const x of xs) console.log('x', x);",
        '// prints: x 1',
        '// x 2',
        "await Promise.reject(new RangeError('too far')); // throws: RangeError: too",
      ),
    ).toEqual([]));

  it('are checked inside functions and loops too', async () =>
    expect(await run('for (const x of [1]) {', '  x; // => 2', '}')).toEqual([{ line: 4, claimed: '2', found: '1' }]));

  it('fail with the line of the page where they do not hold', async () =>
    expect(await run('', '1 + 1; // => 3', 'console.log(1); // prints: 2', '5; // throws: Error')).toEqual([
      { line: 4, claimed: '3', found: '2' },
      { line: 5, claimed: '2', found: '1' },
      { line: 6, claimed: 'Error', found: 'undefined' },
    ]));

  it('are refused where they follow nothing', () => expect(run('// => 3')).rejects.toThrow(/1 claims/));

  it('do not hide an error of the program', () => expect(run('null.x;')).rejects.toThrow(/null/));
});
