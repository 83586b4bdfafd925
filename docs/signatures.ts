/** How methods, functions and classes are called, read from their types. */
import { join } from 'node:path';
import ts from 'typescript';

/** How something is called. */
export interface Call {
  /** The name and the arguments: `sum(dim?, { dtype, keepdim })`. */
  readonly text: string;
  /** Whether all arguments stand by themselves, as in Python: neither options nor a list of sizes or dims. */
  readonly isPlain: boolean;
  /** Whether something may be left out. */
  readonly hasOptional: boolean;
}

/** The calls of one name: several where its arguments may be of several kinds. */
export type Calls = ReadonlyMap<string, readonly Call[]>;

/** One argument, as it is written. */
interface Argument {
  readonly name: string;
  readonly text: string;
  readonly kind: 'plain' | 'list' | 'options';
  readonly optional: boolean;
}

const root = join(import.meta.dirname, '..');

/** Reads the types of a package's entry points once. */
export class Signatures {
  private readonly checker: ts.TypeChecker;
  private readonly program: ts.Program;

  /** @param entries paths from the root of the repository */
  constructor(entries: readonly string[]) {
    const { config } = ts.readConfigFile(join(root, 'tsconfig.scripts.json'), ts.sys.readFile) as { config: object };
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
    this.program = ts.createProgram(
      entries.map((entry) => join(root, entry)),
      options,
    );
    this.checker = this.program.getTypeChecker();
  }

  private exportsOf(entry: string): Map<string, ts.Symbol> {
    const module = this.checker.getSymbolAtLocation(this.program.getSourceFile(join(root, entry))!)!;
    return new Map(
      this.checker
        .getExportsOfModule(module)
        .map((symbol) => [
          symbol.name,
          symbol.flags & ts.SymbolFlags.Alias ? this.checker.getAliasedSymbol(symbol) : symbol,
        ]),
    );
  }

  /** The functions that an entry point exports. */
  functions(entry: string): Calls {
    return this.calls(this.exportsOf(entry), ts.SymbolFlags.Value, (type) => type.getCallSignatures());
  }

  /** The constructors of the classes that an entry point exports. */
  classes(entry: string): Calls {
    return this.calls(this.exportsOf(entry), ts.SymbolFlags.Value, (type) => type.getConstructSignatures());
  }

  /** The methods of a class that an entry point exports. */
  methods(entry: string, name: string): Calls {
    const type = this.checker.getDeclaredTypeOfSymbol(this.exportsOf(entry).get(name)!);
    const members = new Map(type.getProperties().map((member) => [member.name, member]));
    return this.calls(members, ts.SymbolFlags.Method, (method) => method.getCallSignatures());
  }

  private calls(
    symbols: ReadonlyMap<string, ts.Symbol>,
    flags: ts.SymbolFlags,
    signaturesOf: (type: ts.Type) => readonly ts.Signature[],
  ): Calls {
    const found = new Map<string, readonly Call[]>();
    for (const [name, symbol] of symbols) {
      const signatures = symbol.flags & flags ? signaturesOf(this.checker.getTypeOfSymbol(symbol)) : [];
      const forms = signatures.map((signature) => this.argumentsOf(signature));
      if (forms.length > 0)
        found.set(
          name,
          distinct(forms).map((form) => callOf(name, form)),
        );
    }
    return found;
  }

  private argumentsOf(signature: ts.Signature): Argument[] {
    const all = signature.parameters.map((parameter) => this.argumentOf(parameter));
    const options = all.findIndex(({ kind }) => kind === 'options');
    // What stands behind the options is for subclasses.
    return options < 0 ? all : all.slice(0, options + 1);
  }

  private argumentOf(parameter: ts.Symbol): Argument {
    const { name } = parameter;
    const declaration = parameter.valueDeclaration as ts.ParameterDeclaration;
    const type = this.checker.getNonNullableType(this.checker.getTypeOfSymbol(parameter));
    const optional = declaration.questionToken !== undefined || declaration.initializer !== undefined;
    if (/^(options|given)$/.test(name)) {
      // An option that can only be undefined is one of another class.
      const names = type
        .getProperties()
        .filter((option) => {
          const given = this.checker.getNonNullableType(this.checker.getTypeOfSymbol(option));
          return !(given.flags & ts.TypeFlags.Never);
        })
        .map((option) => option.name);
      return { name: 'options', text: `{ ${names.join(', ')} }`, kind: 'options', optional };
    }
    if (declaration.dotDotDotToken !== undefined) return { name, text: `...${name}`, kind: 'plain', optional: false };
    const element = this.checker.isArrayType(type) ? this.checker.getTypeArguments(type as ts.TypeReference)[0] : null;
    const isList = element?.flags === ts.TypeFlags.Number;
    return {
      name,
      text: `${isList ? `[...${name}]` : name}${optional ? '?' : ''}`,
      kind: isList ? 'list' : 'plain',
      optional,
    };
  }
}

/** The arguments that stand by themselves. */
const positional = (form: readonly Argument[]): readonly Argument[] => form.filter(({ kind }) => kind !== 'options');

/** Whether a form of a call is another one without its last arguments, or the same. */
const begins = (short: readonly Argument[], long: readonly Argument[]): boolean =>
  positional(short).every(({ name }, i) => name === positional(long)[i]?.name);

/** The forms of a call without those that begin another one: what these leave out is optional there. */
function distinct(forms: readonly (readonly Argument[])[]): readonly (readonly Argument[])[] {
  const covered = (form: readonly Argument[], i: number): boolean =>
    forms.some((other, j) => i !== j && begins(form, other) && (i < j || !begins(other, form)));
  return forms
    .filter((form, i) => !covered(form, i))
    .map((form) => {
      const required = Math.min(
        ...forms.filter((other) => begins(other, form)).map((other) => positional(other).length),
      );
      return form.map((argument, i): Argument =>
        i < required || argument.optional || argument.kind === 'options'
          ? argument
          : { ...argument, text: `${argument.text}?`, optional: true },
      );
    });
}

const callOf = (name: string, form: readonly Argument[]): Call => ({
  text: `${name}(${form.map(({ text }) => text).join(', ')})`,
  isPlain: form.every(({ kind }) => kind === 'plain'),
  hasOptional: form.some(({ optional, kind }) => optional || kind === 'options'),
});
