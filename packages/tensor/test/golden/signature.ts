/**
 * Signatures: one line says how a Python call becomes a call of this library.
 *
 *     sum:     'x dim? {keepdim dtype}'      torch.sum(x, dim, keepdim, dtype)  ->  x.sum(dim, { keepdim, dtype })
 *     div:     'x other {rounding_mode}'     snake_case becomes camelCase
 *     permute: 'x *dims'                     the rest of the positional arguments, or one list
 *     max:     'x | x dim {keepdim} | x other:T -> maximum'    the first form that fits; `:T` wants a tensor, `:N` none
 *     var:     'x {unbiased:B} dim? | ...'   `:B` wants True or False
 *     foo:     'x {qmin:quant_min}'          an option of another name
 *     relu:    'x ~inplace'                  accepted and dropped: it changes no result
 *
 * Names are Python's, in Python's order. `?` marks what may be absent. The first name is the receiver of a method; in
 * the tables of functions and constructors every name is an argument.
 */

/** Arguments as they are passed on: positional ones and, when any is given, one options object. */
export interface Bound {
  readonly target: string | null;
  readonly args: readonly unknown[];
}

interface Parameter {
  readonly name: string;
  readonly ours: string;
  readonly option: boolean;
  readonly optional: boolean;
  readonly rest: boolean;
  readonly kind: Kind | null;
  readonly dropped: boolean;
}

/** What a value must be: a tensor, no tensor, True or False. */
type Kind = 'T' | 'N' | 'B';

interface Form {
  readonly parameters: readonly Parameter[];
  readonly target: string | null;
}

export const camelCase = (name: string): string =>
  name
    .replace(/^_+/, '')
    .replace(/_+([a-z0-9])/gi, (_, c: string) => c.toUpperCase())
    .replace(/_+$/, '');

/** Python names that mean the same argument. */
const synonyms: Readonly<Record<string, string>> = { axis: 'dim', axes: 'dims', self: 'input' };

function parseForm(text: string): Form {
  const [signature = '', target] = text.split('->').map((part) => part.trim());
  const parameters: Parameter[] = [];
  let option = false;
  for (const token of signature.match(/[{}]|[^\s{}]+/g) ?? []) {
    if (token === '{' || token === '}') {
      option = token === '{';
      continue;
    }
    const [, mark = '', ours, name, kind, optional] =
      /^([*~]?)(?:(\w+):(?=[a-z_]))?(\w+)(?::([TNB]))?(\??)$/.exec(token) ?? [];
    if (name === undefined) throw new Error(`bad signature '${text}' at '${token}'`);
    parameters.push({
      name,
      ours: ours ?? camelCase(name),
      option,
      optional: option || optional === '?' || mark !== '',
      rest: mark === '*',
      kind: (kind as Kind | undefined) ?? null,
      dropped: mark === '~',
    });
  }
  return { parameters, target: target ?? null };
}

const parsed = new Map<string, readonly Form[]>();

function formsOf(signature: string): readonly Form[] {
  let forms = parsed.get(signature);
  if (forms === undefined) {
    forms = signature.split('|').map((form) => parseForm(form.trim()));
    parsed.set(signature, forms);
  }
  return forms;
}

interface Rules {
  /** Is a value a tensor? */
  readonly isTensor: (value: unknown) => boolean;
  /** Python's None: absent, or null passed on. */
  readonly none: 'absent' | 'null';
}

function isOf(kind: Kind, value: unknown, rules: Rules): boolean {
  return kind === 'B' ? typeof value === 'boolean' : rules.isTensor(value) === (kind === 'T');
}

function bindForm(
  { parameters, target }: Form,
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>>,
  rules: Rules,
): Bound | string {
  const values = new Map<string, unknown>();
  let at = 0;
  for (const parameter of parameters) {
    if (at >= args.length) break;
    if (parameter.rest) {
      values.set(parameter.name, at === args.length - 1 && Array.isArray(args[at]) ? args[at] : args.slice(at));
      at = args.length;
    } else values.set(parameter.name, args[at++]);
  }
  if (at < args.length) return `at most ${parameters.length} arguments, got ${args.length}`;
  for (const [key, value] of Object.entries(kwargs)) {
    const known = (name: string): boolean => parameters.some((parameter) => parameter.name === name);
    const synonym = synonyms[key];
    // `input` is whatever the table calls its first parameter.
    const name = known(key) ? key : key === 'input' ? (parameters[0]?.name ?? key) : (synonym ?? key);
    if (!known(name)) return `no parameter '${key}'`;
    if (values.has(name)) return `two values for '${key}'`;
    values.set(name, value);
  }
  const positional: unknown[] = [];
  const options: Record<string, unknown> = {};
  let anyOption = false;
  for (const parameter of parameters) {
    const { name, ours, option, optional, kind, dropped } = parameter;
    const given = values.has(name) && (rules.none === 'null' || values.get(name) !== null);
    const value = values.get(name);
    if (!given && !optional) return `no value for '${name}'`;
    if (given && kind !== null && !isOf(kind, value, rules)) return `'${name}' is of another kind`;
    if (dropped) continue;
    if (!option) positional.push(given ? value : undefined);
    else if (given) {
      options[ours] = value;
      anyOption = true;
    }
  }
  if (!anyOption) while (positional.length > 0 && positional[positional.length - 1] === undefined) positional.pop();
  return { target, args: anyOption ? [...positional, options] : positional };
}

/** Binds a Python call to a signature; throws where no form fits. */
export function bind(
  name: string,
  signature: string,
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>>,
  rules: Rules,
): Bound {
  const reasons: string[] = [];
  for (const form of formsOf(signature)) {
    const bound = bindForm(form, args, kwargs, rules);
    if (typeof bound !== 'string') return bound;
    reasons.push(bound);
  }
  throw new Error(`${name}: the call does not fit the signature '${signature}': ${reasons.join('; ')}`);
}
