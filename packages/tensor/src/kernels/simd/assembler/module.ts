import { unsigned, expr, code, typeByte, type Code, type Expr, type Local, type Stmt, type ValueType } from './code.js';

/** What a function body is written with. */
export interface FunctionScope {
  local<T extends ValueType>(type: T): Local<T>;
  /** Several locals of one type; with a literal count the result destructures without checks. */
  locals<T extends ValueType, const N extends number>(type: T, count: N): Locals<T, N>;
}

/** A tuple of N locals where N is a literal, else an array. */
export type Locals<T extends ValueType, N extends number, R extends Local<T>[] = []> = number extends N
  ? Local<T>[]
  : R['length'] extends N
    ? R
    : Locals<T, N, [...R, Local<T>]>;

/** A function of the module; calling it makes a call statement. Numbers are of type i32. */
export type EmittedFunction = (...args: readonly (Expr<ValueType> | number)[]) => Stmt;

type Params<P extends readonly ValueType[]> = { [K in keyof P]: Local<P[K]> };

interface Signature {
  readonly params: readonly ValueType[];
  readonly locals: readonly ValueType[];
  readonly body: Code;
  readonly name: string | null;
}

function localAt<T extends ValueType>(type: T, index: number): Local<T> {
  const at = unsigned(index);
  return {
    type,
    code: [0x20, at],
    set: (value) => expr('none', code(type, value), 0x21, at),
    tee: (value) => expr(type, code(type, value), 0x22, at),
  };
}

/** How a module sees the memory it imports as `env.memory`; sizes in pages of 64 KiB. */
export interface MemoryImport {
  readonly initial: number;
  readonly maximum: number;
  readonly shared: boolean;
}

/** Collects functions and assembles them into a module that imports one memory. */
export class ModuleBuilder {
  private readonly functions: Signature[] = [];

  constructor(private readonly memory: MemoryImport | null) {}

  /** Adds a function; a name exports it. The body gets a scope for locals and the parameters. */
  func<const P extends readonly ValueType[]>(
    name: string | null,
    params: P,
    body: (scope: FunctionScope, ...params: Params<P>) => Stmt,
  ): EmittedFunction {
    const locals: ValueType[] = [];
    const scope: FunctionScope = {
      local: (type) => localAt(type, params.length + locals.push(type) - 1),
      locals: <T extends ValueType, N extends number>(type: T, count: N) =>
        Array.from({ length: count }, () => scope.local(type)) as Locals<T, N>,
    };
    const parameters = params.map((type, index) => localAt(type, index)) as unknown as Params<P>;
    const statement = body(scope, ...parameters);
    const index = this.functions.push({ params, locals, body: statement.code, name }) - 1;
    return (...args) =>
      expr(
        'none',
        args.map((arg) => code('i32', arg)),
        0x10,
        unsigned(index),
      );
  }

  /** The bytes of the module. */
  bytes(): Uint8Array<ArrayBuffer> {
    const vector = (entries: readonly Code[]): Code => [unsigned(entries.length), ...entries];
    const section = (id: number, content: Code): Code => {
      const flat = flatten(content);
      return [id, unsigned(flat.length), flat];
    };
    const text = (value: string): Code => vector([...value].map((character) => character.charCodeAt(0)));
    const sections: Code[] = [
      section(1, vector(this.functions.map(({ params }) => [0x60, vector(params.map((type) => typeByte[type])), 0]))),
    ];
    if (this.memory) {
      const { initial, maximum, shared } = this.memory;
      sections.push(
        section(2, vector([[text('env'), text('memory'), 2, shared ? 3 : 1, unsigned(initial), unsigned(maximum)]])),
      );
    }
    sections.push(section(3, vector(this.functions.map((_, index) => unsigned(index)))));
    const exported = this.functions.flatMap(({ name }, index) =>
      name === null ? [] : [[text(name), 0, unsigned(index)]],
    );
    sections.push(section(7, vector(exported)));
    const bodies = this.functions.map(({ locals, body }) => {
      const flat = flatten([vector(locals.map((type) => [1, typeByte[type]])), body, 0x0b]);
      return [unsigned(flat.length), flat];
    });
    sections.push(section(10, vector(bodies)));
    return Uint8Array.from(flatten([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...sections]));
  }
}

/** The bytes one after the other. A plain loop: most modules are made while nothing is optimised yet. */
function flatten(nested: Code, out: number[] = []): number[] {
  if (typeof nested === 'number') {
    out.push(nested);
    return out;
  }
  for (let i = 0; i < nested.length; i++) {
    const part = nested[i]!;
    if (typeof part === 'number') out.push(part);
    else flatten(part, out);
  }
  return out;
}
