/** Tokens, syntax tree and parser of the Python expression subset that the golden files use. */

export class PythonError extends Error {
  override name = 'PythonError';
}

/** A float that is integral, such as `5.0`, which a JavaScript number would not tell from 5. */
export class Float {
  constructor(readonly value: number) {}
}

/** A Python float: a number, and where it is integral a Float. */
export const floatOf = (value: number): number | Float => (Number.isInteger(value) ? new Float(value) : value);

/** A value in which integral floats are plain numbers. */
export function plainOf(value: unknown): unknown {
  if (value instanceof Float) return value.value;
  return Array.isArray(value) && value.some((item) => plainOf(item) !== item) ? value.map(plainOf) : value;
}

/** Python's `...`. */
export const Ellipsis = Symbol('Ellipsis');

export const binaryOperators = ['+', '-', '*', '/', '//', '%', '@', '**', '<<', '>>', '&', '^', '|'] as const;
export const comparisons = ['<', '<=', '>', '>=', '==', '!='] as const;
export type BinaryOperator = (typeof binaryOperators)[number];
export type Comparison = (typeof comparisons)[number];
export type UnaryOperator = '-' | '+' | '~';

// ---------------------------------------------------------------------------------------------------------- tokens

type Token =
  | { readonly kind: 'number'; readonly value: number | Float }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'name' | 'op'; readonly value: string }
  | { readonly kind: 'end'; readonly value: '' };

const tokenPattern = new RegExp(
  [
    String.raw`\s+`,
    String.raw`(?<number>0[xX][\da-fA-F_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?)`,
    String.raw`(?<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")`,
    String.raw`(?<name>[A-Za-z_]\w*)`,
    String.raw`(?<op>\.\.\.|\*\*|//|<<|>>|<=|>=|==|!=|[-+*/%@<>&^|~()[\]{},.:=])`,
  ].join('|'),
  'y',
);

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '0': '\0' };

function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  tokenPattern.lastIndex = 0;
  while (tokenPattern.lastIndex < source.length) {
    const at = tokenPattern.lastIndex;
    const match = tokenPattern.exec(source);
    if (!match) throw new PythonError(`unexpected character '${source[at]}' at ${at} in: ${source}`);
    const { number, string, name, op } = match.groups ?? {};
    if (number !== undefined) {
      const value = Number(number.replaceAll('_', ''));
      tokens.push({ kind: 'number', value: /^0x|^[^.e]*$/i.test(number) ? value : floatOf(value) });
    } else if (string !== undefined)
      tokens.push({ kind: 'string', value: string.slice(1, -1).replace(/\\(.)/g, (_, c: string) => escapes[c] ?? c) });
    else if (name !== undefined) tokens.push({ kind: 'name', value: name });
    else if (op !== undefined) tokens.push({ kind: 'op', value: op });
  }
  tokens.push({ kind: 'end', value: '' });
  return tokens;
}

// ------------------------------------------------------------------------------------------------------------- tree

export type Node =
  | { type: 'constant'; value: unknown }
  | { type: 'name'; name: string }
  | { type: 'sequence'; items: Node[]; list?: boolean }
  | { type: 'dict'; entries: (readonly [Node | null, Node])[] }
  | { type: 'star'; value: Node }
  | { type: 'attribute'; value: Node; name: string }
  | { type: 'subscript'; value: Node; index: Node }
  | { type: 'slice'; start: Node | null; stop: Node | null; step: Node | null }
  | { type: 'call'; callee: Node; args: Node[]; keywords: (readonly [string | null, Node])[] }
  | { type: 'unary'; op: UnaryOperator | 'not'; operand: Node }
  | { type: 'binary'; op: BinaryOperator; left: Node; right: Node }
  | { type: 'compare'; first: Node; rest: (readonly [string, Node])[] }
  | { type: 'logical'; op: 'and' | 'or'; left: Node; right: Node }
  | { type: 'conditional'; test: Node; then: Node; otherwise: Node }
  | { type: 'lambda'; parameters: string[]; body: Node }
  | { type: 'comprehension'; key: Node | null; element: Node; clauses: Clause[] };

export interface Clause {
  targets: string[];
  iterable: Node;
  conditions: Node[];
}

const binaryLevels: readonly (readonly BinaryOperator[])[] = [
  ['|'],
  ['^'],
  ['&'],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '//', '%', '@'],
];

const constants: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['True', true],
  ['False', false],
  ['None', null],
]);

class Parser {
  private at = 0;
  private readonly tokens: Token[];

  constructor(private readonly source: string) {
    this.tokens = tokenize(source);
  }

  parse(): Node {
    const node = this.tupleOr(() => this.expression());
    if (this.peek().kind !== 'end') this.fail();
    return node;
  }

  private peek(): Token {
    // The last token is the end, which nothing accepts.
    return this.tokens[this.at]!;
  }

  private fail(): never {
    throw new PythonError(`unexpected '${this.peek().value}' in: ${this.source}`);
  }

  private is(value: string): boolean {
    const token = this.peek();
    return (token.kind === 'op' || token.kind === 'name') && token.value === value;
  }

  private accept(value: string): boolean {
    if (!this.is(value)) return false;
    this.at++;
    return true;
  }

  private expect(value: string): void {
    if (!this.accept(value)) this.fail();
  }

  private name(): string {
    const token = this.peek();
    if (token.kind !== 'name') this.fail();
    this.at++;
    return token.value;
  }

  /** `a` or, when a comma follows, the tuple `a, b, ...`. */
  private tupleOr(item: () => Node, end = ''): Node {
    const first = item();
    if (!this.is(',')) return first;
    const items = [first];
    while (this.accept(',')) {
      if (this.peek().kind === 'end' || (end !== '' && this.is(end))) break;
      items.push(item());
    }
    return { type: 'sequence', items };
  }

  private expression(): Node {
    if (this.accept('lambda')) {
      const parameters: string[] = [];
      while (!this.accept(':')) {
        parameters.push(this.name());
        this.accept(',');
      }
      return { type: 'lambda', parameters, body: this.expression() };
    }
    const value = this.disjunction();
    if (!this.accept('if')) return value;
    const test = this.disjunction();
    this.expect('else');
    return { type: 'conditional', test, then: value, otherwise: this.expression() };
  }

  private disjunction(): Node {
    let left = this.conjunction();
    while (this.accept('or')) left = { type: 'logical', op: 'or', left, right: this.conjunction() };
    return left;
  }

  private conjunction(): Node {
    let left = this.inversion();
    while (this.accept('and')) left = { type: 'logical', op: 'and', left, right: this.inversion() };
    return left;
  }

  private inversion(): Node {
    if (this.accept('not')) return { type: 'unary', op: 'not', operand: this.inversion() };
    const first = this.binary(0);
    const rest: (readonly [string, Node])[] = [];
    for (let op = this.comparison(); op !== null; op = this.comparison()) rest.push([op, this.binary(0)]);
    return rest.length === 0 ? first : { type: 'compare', first, rest };
  }

  private comparison(): string | null {
    for (const op of comparisons) if (this.accept(op)) return op;
    if (this.accept('in')) return 'in';
    if (this.accept('is')) return this.accept('not') ? 'is not' : 'is';
    if (this.accept('not')) {
      this.expect('in');
      return 'not in';
    }
    return null;
  }

  private binary(level: number): Node {
    const operators = binaryLevels[level];
    if (operators === undefined) return this.unary();
    let left = this.binary(level + 1);
    for (;;) {
      const op = operators.find((candidate) => this.accept(candidate));
      if (op === undefined) return left;
      left = { type: 'binary', op, left, right: this.binary(level + 1) };
    }
  }

  private unary(): Node {
    for (const op of ['-', '+', '~'] as const) if (this.accept(op)) return { type: 'unary', op, operand: this.unary() };
    const base = this.postfix();
    // The right side of ** binds unary minus: 2 ** -1.
    return this.accept('**') ? { type: 'binary', op: '**', left: base, right: this.unary() } : base;
  }

  private postfix(): Node {
    let node = this.atom();
    for (;;) {
      if (this.accept('.')) node = { type: 'attribute', value: node, name: this.name() };
      else if (this.accept('(')) node = this.call(node);
      else if (this.accept('[')) {
        node = { type: 'subscript', value: node, index: this.tupleOr(() => this.subscriptItem(), ']') };
        this.expect(']');
      } else return node;
    }
  }

  private subscriptItem(): Node {
    const part = (): Node | null => (this.is(':') || this.is(',') || this.is(']') ? null : this.expression());
    const start = part();
    if (!this.accept(':')) return start ?? this.fail();
    const stop = part();
    return { type: 'slice', start, stop, step: this.accept(':') ? part() : null };
  }

  private call(callee: Node): Node {
    const args: Node[] = [];
    const keywords: (readonly [string | null, Node])[] = [];
    while (!this.accept(')')) {
      const next = this.tokens[this.at + 1];
      if (this.accept('**')) keywords.push([null, this.expression()]);
      else if (this.accept('*')) args.push({ type: 'star', value: this.expression() });
      else if (this.peek().kind === 'name' && next?.kind === 'op' && next.value === '=') {
        const name = this.name();
        this.expect('=');
        keywords.push([name, this.expression()]);
      } else {
        const element = this.expression();
        args.push(this.is('for') ? this.comprehension(null, element) : element);
      }
      if (!this.is(')')) this.expect(',');
    }
    return { type: 'call', callee, args, keywords };
  }

  private comprehension(key: Node | null, element: Node): Node {
    const clauses: Clause[] = [];
    while (this.accept('for')) {
      const bracketed = this.accept('(');
      const targets = [this.name()];
      while (this.accept(',')) targets.push(this.name());
      if (bracketed) this.expect(')');
      this.expect('in');
      const iterable = this.disjunction();
      const conditions: Node[] = [];
      while (this.accept('if')) conditions.push(this.disjunction());
      clauses.push({ targets, iterable, conditions });
    }
    return { type: 'comprehension', key, element, clauses };
  }

  private item = (): Node => (this.accept('*') ? { type: 'star', value: this.expression() } : this.expression());

  private sequence(end: string): Node {
    const items: Node[] = [];
    while (!this.accept(end)) {
      const item = this.item();
      items.push(item);
      if (items.length === 1 && this.is('for')) {
        const comprehension = this.comprehension(null, item);
        this.expect(end);
        return comprehension;
      }
      if (!this.is(end)) this.expect(',');
    }
    return { type: 'sequence', items, list: true };
  }

  private dict(): Node {
    const entries: (readonly [Node | null, Node])[] = [];
    while (!this.accept('}')) {
      if (this.accept('**')) entries.push([null, this.expression()]);
      else {
        const key = this.expression();
        this.expect(':');
        const value = this.expression();
        if (this.is('for')) {
          const comprehension = this.comprehension(key, value);
          this.expect('}');
          return comprehension;
        }
        entries.push([key, value]);
      }
      if (!this.is('}')) this.expect(',');
    }
    return { type: 'dict', entries };
  }

  private atom(): Node {
    const token = this.peek();
    if (token.kind === 'number') {
      this.at++;
      return { type: 'constant', value: token.value };
    }
    if (token.kind === 'string') {
      let value = '';
      for (let next = this.peek(); next.kind === 'string'; next = this.peek()) {
        value += next.value;
        this.at++;
      }
      return { type: 'constant', value };
    }
    if (token.kind === 'name') {
      this.at++;
      return constants.has(token.value)
        ? { type: 'constant', value: constants.get(token.value) }
        : { type: 'name', name: token.value };
    }
    if (this.accept('...')) return { type: 'constant', value: Ellipsis };
    if (this.accept('[')) return this.sequence(']');
    if (this.accept('{')) return this.dict();
    if (this.accept('(')) {
      if (this.accept(')')) return { type: 'sequence', items: [] };
      const first = this.item();
      if (this.is('for')) {
        const comprehension = this.comprehension(null, first);
        this.expect(')');
        return comprehension;
      }
      if (this.accept(')')) return first;
      const items = [first];
      while (this.accept(',')) if (!this.is(')')) items.push(this.item());
      this.expect(')');
      return { type: 'sequence', items };
    }
    return this.fail();
  }
}

/** Syntax tree of one expression; throws PythonError where the source is not in the subset. */
export function parse(source: string): Node {
  return new Parser(source).parse();
}
