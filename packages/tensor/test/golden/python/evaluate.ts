/**
 * Evaluator for the Python expressions of the golden files: literals, names, calls, attributes, subscripts, operators,
 * lambdas, conditional expressions and comprehensions. Anything that is not plain Python data is left to a `Host`.
 */

import {
  binaryData,
  builtins,
  dictMethods,
  equal,
  isData,
  isDict,
  numberOf,
  orders,
  sequenceOf,
  Slice,
  subscriptData,
  truthy,
  type Callable,
} from './data.js';
import {
  comparisons,
  Float,
  floatOf,
  parse,
  plainOf,
  PythonError,
  type BinaryOperator,
  type Comparison,
  type Node,
  type UnaryOperator,
} from './parser.js';

/** What the evaluator asks about values that are not plain Python data (tensors, modules, namespaces). */
export interface Host {
  attribute(value: unknown, name: string): unknown;
  subscript(value: unknown, index: unknown): unknown;
  call(value: unknown, args: readonly unknown[], kwargs: Readonly<Record<string, unknown>>): unknown;
  binary(op: BinaryOperator | Comparison, left: unknown, right: unknown): unknown;
  unary(op: UnaryOperator, operand: unknown): unknown;
}

type Scope = ReadonlyMap<string, unknown>;

class Evaluator {
  constructor(private readonly host: Host) {}

  run(node: Node, scope: Scope): unknown {
    switch (node.type) {
      case 'constant':
        return node.value;
      case 'name': {
        if (scope.has(node.name)) return scope.get(node.name);
        if (node.name in builtins) return builtins[node.name];
        throw new PythonError(`name '${node.name}' is not defined`);
      }
      case 'sequence':
        return this.items(node.items, scope);
      case 'dict':
        return Object.fromEntries(
          node.entries.flatMap(([key, value]) => {
            const item = this.run(value, scope);
            return key === null ? Object.entries(item as object) : [[String(this.run(key, scope)), item]];
          }),
        );
      case 'star':
        throw new PythonError('* outside of a call or sequence');
      case 'attribute': {
        const value = this.run(node.value, scope);
        if (!isDict(value)) return this.host.attribute(value, node.name);
        if (node.name in value) return value[node.name];
        const method = dictMethods[node.name];
        if (method !== undefined) return method(value);
        throw new PythonError(`no attribute '${node.name}'`);
      }
      case 'subscript': {
        const value = this.run(node.value, scope);
        const index = this.run(node.index, scope);
        if (isData(value)) return subscriptData(value, index);
        // x[[2, 0]] is an index list; x[2, 0], a tuple, is an index per dim.
        const isList = node.index.type === 'sequence' && node.index.list === true;
        return this.host.subscript(value, isList ? [index] : index);
      }
      case 'slice': {
        const part = (n: Node | null): number | null => {
          const value = n === null ? null : this.run(n, scope);
          return value === null ? null : numberOf(value);
        };
        return new Slice(part(node.start), part(node.stop), part(node.step));
      }
      case 'call':
        return this.call(node, scope);
      case 'unary': {
        const operand = this.run(node.operand, scope);
        if (node.op === 'not') return !truthy(operand);
        if (!isData(operand)) return this.host.unary(node.op, operand);
        const value = numberOf(operand);
        const result = node.op === '-' ? -value : node.op === '~' ? ~value : value;
        return operand instanceof Float ? floatOf(result) : result;
      }
      case 'binary': {
        const left = this.run(node.left, scope);
        const right = this.run(node.right, scope);
        return isData(left) && isData(right)
          ? binaryData(node.op, left, right)
          : this.host.binary(node.op, left, right);
      }
      case 'compare':
        return this.compare(node, scope);
      case 'logical': {
        const left = this.run(node.left, scope);
        return truthy(left) === (node.op === 'and') ? this.run(node.right, scope) : left;
      }
      case 'conditional':
        return this.run(truthy(this.run(node.test, scope)) ? node.then : node.otherwise, scope);
      case 'lambda':
        return ((args) => {
          if (args.length !== node.parameters.length)
            throw new PythonError(`lambda takes ${node.parameters.length} arguments, got ${args.length}`);
          return this.run(
            node.body,
            new Map([...scope, ...node.parameters.map((name, i) => [name, args[i]] as const)]),
          );
        }) satisfies Callable;
      case 'comprehension':
        return this.comprehension(node, scope);
    }
  }

  private items(nodes: readonly Node[], scope: Scope): unknown[] {
    return nodes.flatMap((node) =>
      node.type === 'star' ? [...sequenceOf(this.run(node.value, scope))] : [this.run(node, scope)],
    );
  }

  private call(node: Extract<Node, { type: 'call' }>, scope: Scope): unknown {
    const callee = this.run(node.callee, scope);
    const args = this.items(node.args, scope);
    const kwargs: Record<string, unknown> = {};
    for (const [name, value] of node.keywords) {
      const item = this.run(value, scope);
      if (name !== null) kwargs[name] = item;
      else if (isDict(item)) Object.assign(kwargs, item);
      else throw new PythonError('** needs a dict');
    }
    return typeof callee === 'function' ? (callee as Callable)(args, kwargs) : this.host.call(callee, args, kwargs);
  }

  private compare(node: Extract<Node, { type: 'compare' }>, scope: Scope): unknown {
    let left = this.run(node.first, scope);
    let result: unknown = true;
    for (const [op, next] of node.rest) {
      const right = this.run(next, scope);
      result = this.comparePair(op, left, right);
      if (node.rest.length > 1 && !truthy(result)) return false;
      left = right;
    }
    return result;
  }

  private comparePair(op: string, left: unknown, right: unknown): unknown {
    if (op === 'is' || op === 'is not') return (left === right) === (op === 'is');
    if (op === 'in' || op === 'not in') return sequenceOf(right).some((item) => equal(item, left)) === (op === 'in');
    const comparison = comparisons.find((candidate) => candidate === op);
    if (comparison === undefined) throw new PythonError(`unknown comparison ${op}`);
    if (!isData(left) || !isData(right)) return this.host.binary(comparison, left, right);
    if (comparison === '==' || comparison === '!=') return equal(left, right) === (comparison === '==');
    return orders[comparison](numberOf(left), numberOf(right));
  }

  private comprehension(node: Extract<Node, { type: 'comprehension' }>, scope: Scope): unknown {
    const { key, element, clauses } = node;
    const collected: (readonly [unknown, unknown])[] = [];
    const walk = (depth: number, inner: Scope): void => {
      const clause = clauses[depth];
      if (clause === undefined) {
        collected.push([key === null ? null : this.run(key, inner), this.run(element, inner)]);
        return;
      }
      const { targets, iterable, conditions } = clause;
      for (const item of sequenceOf(this.run(iterable, inner))) {
        const values = targets.length === 1 ? [item] : sequenceOf(item);
        const next = new Map([...inner, ...targets.map((name, i) => [name, values[i]] as const)]);
        if (conditions.every((condition) => truthy(this.run(condition, next)))) walk(depth + 1, next);
      }
    };
    walk(0, scope);
    return key === null
      ? collected.map(([, value]) => value)
      : Object.fromEntries(collected.map(([name, value]) => [String(name), value]));
  }
}

/**
 * Value of a Python expression. Tuples and lists are arrays, dicts are plain objects, None is null; functions and the
 * host get integral floats as `Float`, the result has plain numbers.
 * Throws PythonError for anything outside the supported subset; errors of the host pass through.
 */
export function evaluate(source: string, names: Readonly<Record<string, unknown>>, host: Host): unknown {
  return plainOf(new Evaluator(host).run(parse(source), new Map(Object.entries(names))));
}
