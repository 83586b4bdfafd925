/**
 * The TypeScript of the guides: all ```ts blocks of a page are one program, in order, with what its comments claim checked.
 *
 * `// => text` after an expression or a `const`: the value, as Node prints it. `// prints: text` after a statement: what it
 * wrote to the console. `// throws: text` after a statement: part of its error, the class included. A comment may go on in
 * the lines below. White space does not count. Blocks marked `ts no-run` are only type-checked.
 */
import { inspect } from 'node:util';
import ts from 'typescript';

/** The TypeScript of a page, every character at the line of the page where it stands. */
export interface Program {
  /** All blocks: what is type-checked. */
  readonly all: string;
  /** The blocks that run. */
  readonly run: string;
  /** Number of blocks. */
  readonly blocks: number;
}

/** Reads the ```ts blocks of a page. Throws for a block that does not end. */
export function programOf(markdown: string): Program {
  const all: string[] = [];
  const run: string[] = [];
  let open: 'run' | 'check' | null = null;
  let blocks = 0;
  for (const line of markdown.split('\n')) {
    const fence = /^```(.*)$/.exec(line);
    const isCode = open !== null && fence === null;
    all.push(isCode ? line : '');
    run.push(isCode && open === 'run' ? line : '');
    if (fence === null) continue;
    if (open !== null) open = null;
    else if (/^ts\b/.test(fence[1]!)) {
      open = /\bno-run\b/.test(fence[1]!) ? 'check' : 'run';
      blocks++;
    }
  }
  if (open !== null) throw new Error('A block of TypeScript does not end.');
  return { all: importedOnce(all.join('\n')), run: importedOnce(run.join('\n')), blocks };
}

/** A replacement of part of a source. */
interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

function edited(source: string, edits: readonly Edit[]): string {
  let result = source;
  for (const { start, end, text } of [...edits].sort((a, b) => b.start - a.start || b.end - a.end))
    result = result.slice(0, start) + text + result.slice(end);
  return result;
}

const parse = (source: string): ts.SourceFile => ts.createSourceFile('page.ts', source, ts.ScriptTarget.ES2022, true);

/** Each block names what it uses; within one program a name may be imported only once. */
function importedOnce(source: string): string {
  const seen = new Set<string>();
  const edits: Edit[] = [];
  for (const statement of parse(source).statements) {
    if (!ts.isImportDeclaration(statement)) continue;
    const names = statement.importClause?.namedBindings;
    if (names === undefined || !ts.isNamedImports(names)) continue;
    const fresh = names.elements.filter(({ name }) => !seen.has(name.text));
    fresh.forEach(({ name }) => seen.add(name.text));
    if (fresh.length === names.elements.length) continue;
    const lines = names.getText().split('\n').length - 1;
    const text = `{ ${fresh.map((element) => element.getText()).join(', ')} }${'\n'.repeat(lines)}`;
    edits.push({ start: names.getStart(), end: names.end, text });
  }
  return edited(source, edits);
}

interface Claim {
  readonly kind: '=>' | 'prints:' | 'throws:';
  readonly text: string;
}

/** The claim in the comments that follow a statement. */
function claimAfter(source: string, end: number): Claim | null {
  const [first = '', ...rest] = source.slice(end).split('\n');
  const same = /^\s*\/\/ (=>|prints:|throws:) ?(.*)$/.exec(first);
  let lines = rest;
  let found = same;
  if (same === null) {
    if (first.trim() !== '') return null;
    found = /^\s*\/\/ (=>|prints:|throws:) ?(.*)$/.exec(rest[0] ?? '');
    lines = rest.slice(1);
  }
  if (found === null) return null;
  const text = [found[2]!];
  for (const line of lines) {
    const more = /^\s*\/\/ (?!=>|prints:|throws:)(.*)$/.exec(line);
    if (more === null) break;
    text.push(more[1]!);
  }
  return { kind: found[1] as Claim['kind'], text: text.join('\n') };
}

/** The source with a check after every statement that is followed by a claim. */
function withChecks(source: string): string {
  const file = parse(source);
  const edits: Edit[] = [];
  let claims = 0;
  const visit = (node: ts.Node): void => {
    if (ts.isStatement(node)) {
      const claim = claimAfter(source, node.end);
      if (claim !== null) {
        claims++;
        edits.push(...checked(node, claim, file.getLineAndCharacterOfPosition(node.getStart()).line + 1));
        return;
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  const written = source.split('\n').filter((line) => /\/\/ (=>|prints:|throws:)/.test(line)).length;
  if (written !== claims) throw new Error(`${written} claims in comments, but only ${claims} follow a statement.`);
  return edited(source, edits);
}

function checked(node: ts.Statement, { kind, text }: Claim, line: number): Edit[] {
  const [start, end] = [node.getStart(), node.end];
  const args = `${JSON.stringify(text)}, ${line}`;
  const after = (code: string): Edit => ({ start: end, end, text: code });
  const before = (code: string): Edit => ({ start, end: start, text: code });
  if (kind === 'prints:') return [before('claims.start();'), after(`;claims.printed(${args});`)];
  if (kind === 'throws:')
    return [
      before('{ let error; try {'),
      after(`} catch (caught) { error = caught; } claims.thrown(error, ${args}); }`),
    ];
  if (ts.isVariableStatement(node)) {
    const { name } = node.declarationList.declarations.at(-1)!;
    return [after(`;claims.equal(${name.getText()}, ${args});`)];
  }
  if (!ts.isExpressionStatement(node)) throw new Error(`line ${line}: "=>" follows neither an expression nor a const.`);
  const { expression } = node;
  return [{ start: expression.end, end, text: `, ${args});` }, before('claims.equal(')];
}

const shownValue = (value: unknown): string =>
  inspect(value, { depth: 6, breakLength: Infinity, compact: true, maxArrayLength: 1000 });

const squeezed = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** What a page said that is not so. */
export interface Discrepancy {
  readonly line: number;
  readonly claimed: string;
  readonly found: string;
}

/** Runs the program of a page with the modules it may import. Gives the claims that do not hold; throws where it throws. */
export async function runProgram(source: string, modules: Readonly<Record<string, object>>): Promise<Discrepancy[]> {
  const { outputText } = ts.transpileModule(withChecks(source), {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
  });
  const discrepancies: Discrepancy[] = [];
  const compare = (line: number, claimed: string, found: string, holds: boolean): void => {
    if (!holds) discrepancies.push({ line, claimed: squeezed(claimed), found: squeezed(found) });
  };
  let output: string[] = [];
  const write = (...values: unknown[]): void => {
    output.push(values.map((value) => (typeof value === 'string' ? value : shownValue(value))).join(' '));
  };
  const claims = {
    start: () => (output = []),
    printed: (text: string, line: number) =>
      compare(line, text, output.join('\n'), squeezed(text) === squeezed(output.join('\n'))),
    equal: (value: unknown, text: string, line: number) =>
      compare(line, text, shownValue(value), squeezed(text) === squeezed(shownValue(value))),
    thrown: (error: unknown, text: string, line: number) =>
      compare(line, text, String(error), squeezed(String(error)).includes(squeezed(text))),
  };
  const load = (name: string): object => {
    const found = modules[name];
    if (found === undefined) throw new Error(`A guide may not import '${name}'.`);
    return found;
  };
  const AsyncFunction = (async () => undefined).constructor as new (
    ...parameters: string[]
  ) => (...args: unknown[]) => Promise<void>;
  const program = new AsyncFunction('require', 'exports', 'console', 'claims', outputText);
  await program(load, {}, { log: write, warn: write, info: write, error: write }, claims);
  return discrepancies;
}

/** Type errors of the programs of several pages, as `page:line: message`. */
export function typeErrors(programs: ReadonlyMap<string, string>, root: string): string[] {
  const { config } = ts.readConfigFile(`${root}/tsconfig.scripts.json`, ts.sys.readFile) as { config: object };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const files = new Map(
    [...programs].map(([page, source]) => [`${root}/docs/${page}.page.ts`, `${source}\nexport {};`]),
  );
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists } = host;
  host.readFile = (path) => files.get(path) ?? readFile(path);
  host.fileExists = (path) => files.has(path) || fileExists(path);
  const program = ts.createProgram(
    [...files.keys()],
    { ...options, noUnusedLocals: false, noUnusedParameters: false, composite: false, incremental: false },
    host,
  );
  return [...files.keys()].flatMap((path) => {
    const file = program.getSourceFile(path)!;
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
      ({ start = 0, messageText }) =>
        `${path.slice(root.length + 6, -8)}:${file.getLineAndCharacterOfPosition(start).line + 1}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
    );
  });
}
