/** The names `torch`, `F`, `nn` and tensor methods of the golden expressions, mapped to this library. */
import { isFloat, tensor, type Tensor } from '@q/tensor';
import { dtypeOf } from './format.js';
import {
  callMethod,
  exportedClass,
  exportedFunction,
  isTensor,
  property,
  withOptions,
  type Library,
} from './library.js';
import { Slice, type Callable } from './python/data.js';
import { evaluate, type Host } from './python/evaluate.js';
import { Ellipsis, Float, plainOf, type BinaryOperator, type Comparison, type UnaryOperator } from './python/parser.js';
import { LeftOut, NotBuilt } from './runner.js';
import { quantization } from './quantization.js';
import { bind, camelCase } from './signature.js';
import { calls } from './signatures/calls.js';
import { elementwise } from './signatures/elementwise.js';
import { functional } from './signatures/functional.js';
import { functions } from './signatures/functions.js';
import { indexing } from './signatures/indexing.js';
import { matmul } from './signatures/matmul.js';
import { modules } from './signatures/modules.js';
import { movement } from './signatures/movement.js';
import { reduce } from './signatures/reduce.js';

type Kwargs = Readonly<Record<string, unknown>>;

const methods: Readonly<Record<string, string>> = { ...elementwise, ...reduce, ...movement, ...indexing, ...matmul };

const opRules = { isTensor, none: 'absent' } as const;
const moduleRules = { isTensor, none: 'null' } as const;

/** A namespace of Python: `torch`, `torch.nn.functional`, `torch.nn`. */
class PythonModule {
  constructor(readonly path: 'torch' | 'F' | 'nn') {}
}

/** A Python function that knows its name. */
const calledAs = (name: string, callable: Callable): Callable =>
  Object.defineProperty(callable, 'name', { value: name });

/** A Python function as the library calls functions: with its arguments one by one. */
const functionOf = (value: unknown): unknown =>
  typeof value === 'function' ? (...args: readonly unknown[]) => (value as Callable)(args, {}) : value;

/** A Python number. */
type Scalar = number | boolean | Float;

const isScalar = (value: unknown): value is Scalar =>
  typeof value === 'number' || typeof value === 'boolean' || value instanceof Float;

const plainArgs = (args: readonly unknown[]): readonly unknown[] => args.map(plainOf);

const plainKwargs = (kwargs: Kwargs): Kwargs =>
  Object.fromEntries(Object.entries(kwargs).map(([name, value]) => [name, plainOf(value)]));

/** The dtype of numbers written out, nested in lists as they may be; null of none. */
function dtypeOfLiteral(value: unknown): 'bool' | 'int32' | 'float32' | null {
  const found = new Set(Array.isArray(value) ? value.map(dtypeOfLiteral) : []);
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int32' : 'float32';
  if (value instanceof Float) return 'float32';
  return (['float32', 'int32', 'bool'] as const).find((dtype) => found.has(dtype)) ?? null;
}

/** Functions whose result has the dtype of the numbers they are given. */
const literals: Readonly<Record<string, (args: readonly unknown[]) => string | null>> = {
  tensor: ([data]) => dtypeOfLiteral(data),
  full: ([, value]) => dtypeOfLiteral(value),
  arange: dtypeOfLiteral,
};

/** Something with a `forward`: a module of `@q/nn`. */
export const isModule = (value: unknown): value is { forward(...args: readonly unknown[]): unknown } =>
  typeof value === 'object' && value !== null && typeof property(value, 'forward') === 'function';

/** Records such as `{ values, indices }` become tuples that still know their names, as torch's named tuples. */
function named(result: unknown): unknown {
  if (typeof result !== 'object' || result === null || Object.getPrototypeOf(result) !== Object.prototype)
    return result;
  return Object.assign(Object.values(result), result);
}

const binaryMethods: Readonly<Record<BinaryOperator | Comparison, string>> = {
  '+': 'add',
  '-': 'sub',
  '*': 'mul',
  '/': 'div',
  '//': 'floor_divide',
  '%': 'remainder',
  '@': 'matmul',
  '**': 'pow',
  '<<': 'bitwise_left_shift',
  '>>': 'bitwise_right_shift',
  '&': 'bitwise_and',
  '^': 'bitwise_xor',
  '|': 'bitwise_or',
  '<': 'lt',
  '<=': 'le',
  '>': 'gt',
  '>=': 'ge',
  '==': 'eq',
  '!=': 'ne',
};

const mirrored: Readonly<Record<string, Comparison>> = {
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
  '==': '==',
  '!=': '!=',
};

/** What names outside the expression itself mean, for one library. */
export class Torch implements Host {
  /** The names that every expression can use. */
  readonly names: Readonly<Record<string, unknown>> = {
    torch: new PythonModule('torch'),
    F: new PythonModule('F'),
    nn: new PythonModule('nn'),
  };

  private readonly quantization: Readonly<Record<string, Callable>>;

  constructor(private readonly library: Library) {
    this.quantization = quantization(library);
  }

  attribute(value: unknown, name: string): unknown {
    if (value instanceof PythonModule) return this.member(value, name);
    if (isTensor(value)) return this.tensorAttribute(value, name);
    // A class of torch.nn, or an object, whose class may have the method.
    const owner = typeof value === 'function' ? exportedClass(this.library.modules, value.name) : value;
    if ((typeof owner !== 'object' && typeof owner !== 'function') || owner === null)
      throw new Error(`no attribute '${name}'`);
    const target = [owner, owner.constructor].find((candidate) => property(candidate, camelCase(name)) !== undefined);
    const found = property(owner, name) ?? (target && property(target, camelCase(name)));
    if (typeof found !== 'function') return found;
    return ((args, kwargs) =>
      callMethod(
        target ?? owner,
        camelCase(name),
        withOptions(plainArgs(args), plainKwargs(kwargs)),
      )) satisfies Callable;
  }

  subscript(value: unknown, index: unknown): unknown {
    if (!isTensor(value)) throw new Error('only tensors and plain data have subscripts');
    return this.index(value, Array.isArray(index) ? index : [index]);
  }

  call(value: unknown, args: readonly unknown[], kwargs: Kwargs): unknown {
    if (!isModule(value)) throw new Error('not callable');
    const name = value.constructor.name.replace(/^Quantized/, '');
    const signature = calls[name];
    const given =
      signature === undefined
        ? withOptions(plainArgs(args), plainKwargs(kwargs))
        : bind(name, signature, plainArgs(args), plainKwargs(kwargs), opRules).args;
    return named(value.forward(...given));
  }

  binary(op: BinaryOperator | Comparison, left: unknown, right: unknown): unknown {
    if (isTensor(left)) return this.method(left, binaryMethods[op], [right], {});
    if (!isTensor(right) || !isScalar(left)) throw new Error(`no operator ${op} for these operands`);
    const mirror = mirrored[op];
    if (mirror !== undefined) return this.method(right, binaryMethods[mirror], [left], {});
    if (['+', '*', '&', '|', '^'].includes(op)) return this.method(right, binaryMethods[op], [left], {});
    return this.method(this.scalar(left, right), binaryMethods[op], [right], {});
  }

  unary(op: UnaryOperator, operand: unknown): unknown {
    if (!isTensor(operand)) throw new Error(`no unary ${op} for this operand`);
    return op === '+' ? operand : this.method(operand, op === '-' ? 'neg' : 'bitwise_not', [], {});
  }

  /** A 0-d tensor that promotes with `other` as the plain number `value` would. */
  private scalar(value: Scalar, other: Tensor): Tensor {
    if (value instanceof Float) return tensor(value.value, { dtype: isFloat(other.dtype) ? other.dtype : 'float32' });
    if (typeof value === 'boolean') return tensor(Number(value), { dtype: 'bool' });
    if (Number.isInteger(value)) return tensor(value, { dtype: 'int32' });
    return tensor(value, { dtype: other.dtype === 'float64' || other.dtype === 'float32' ? 'float64' : 'float32' });
  }

  private tensorAttribute(x: Tensor, name: string): unknown {
    if (name === 'shape' || name === 'dtype' || name === 'ndim' || name === 'T' || name === 'grad')
      return property(x, name);
    if (name === 'mT') return this.method(x, 'transpose', [-2, -1], {});
    if (name === 'data') return this.method(x, 'detach', [], {});
    return ((args, kwargs) => this.method(x, name, args, kwargs)) satisfies Callable;
  }

  /** `x.name(...)` of torch. */
  method(x: Tensor, name: string, given: readonly unknown[], options: Kwargs): unknown {
    const promotes = !isFloat(x.dtype) && /^x (other|exponent)/.test(methods[name] ?? '');
    // An integral float makes floats of integers.
    const args = promotes
      ? given.map((value) => (value instanceof Float ? this.scalar(value, x) : value))
      : plainArgs(given);
    const kwargs = plainKwargs(options);
    switch (name) {
      case 'size':
        return args.length === 0 ? [...x.shape] : x.shape.at(Number(args[0]));
      case 'dim':
        return x.ndim;
      case 'numel':
      case 'nelement':
        return x.numel;
      case 'item':
        return x.item();
      case 'tolist':
        return x.toArray();
      case 'float':
      case 'double':
      case 'half':
      case 'bfloat16':
      case 'int':
      case 'long':
      case 'short':
      case 'char':
        return callMethod(x, 'to', [name === 'char' ? 'int8' : dtypeOf(name)]);
      case 'cpu':
        return x;
      case 'nonzero':
        // As a tuple: one vector of positions per dim.
        return kwargs.as_tuple === true ? x.nonzero().unbind(1) : x.nonzero();
      case 'requires_grad_':
        x.requiresGrad = args[0] !== false;
        return x;
      case '__getitem__':
        return this.subscript(x, args[0]);
      case '__setitem__':
        return this.assign(x, Array.isArray(args[0]) ? args[0] : [args[0]], args[1]);
      case 'view':
      case 'type_as':
        if (typeof args[0] === 'string' || name === 'type_as')
          throw new LeftOut(`reinterpreting bits: x.${name}(dtype)`);
        break;
    }
    // x.add_(...) is called as x.add(...), on the method of that name here.
    const inPlace = name.endsWith('_') && !name.endsWith('__') ? '_' : '';
    const plain = inPlace === '' ? name : name.slice(0, -1);
    const signature = methods[plain];
    if (signature === undefined) {
      const ours = camelCase(plain) + inPlace;
      if (typeof property(x, ours) !== 'function') throw new NotBuilt(`Tensor.${ours}`);
      return named(callMethod(x, ours, withOptions(args, kwargs)));
    }
    const bound = bind(name, signature, [x, ...args], kwargs, opRules);
    return named(callMethod(x, camelCase(bound.target ?? plain) + inPlace, bound.args.slice(1)));
  }

  /** `torch.name`, `F.name`, `nn.Name`. */
  private member(module: PythonModule, name: string): unknown {
    const { path } = module;
    if (path === 'nn') {
      if (name === 'functional') return this.names.F;
      return calledAs(name, (args, kwargs) => this.construct(name, args, kwargs));
    }
    if (path === 'torch') {
      if (name === 'nn') return this.names.nn;
      if (name === 'inf') return Infinity;
      if (name === 'nan') return NaN;
      if (name === 'pi') return Math.PI;
      if (/^q(u)?int\d+$/.test(name)) return `torch.${name}`;
      if (['linalg', 'special', 'fft'].includes(name)) return this.names.torch;
      const dtype = dtypeOf(name);
      if (dtype !== null) return dtype;
    }
    return calledAs(name, (args, kwargs) => this.function(path, name, args, kwargs));
  }

  /** A module of `@q/nn` from torch's constructor arguments. */
  construct(name: string, givenArgs: readonly unknown[], options: Kwargs): object {
    const args = plainArgs(givenArgs).map(functionOf);
    const kwargs = Object.fromEntries(
      Object.entries(plainKwargs(options)).map(([key, value]) => {
        // Activations are called by their names here.
        if (key === 'activation' && typeof value === 'function') return [key, value.name];
        return [key, functionOf(value)];
      }),
    );
    const constructor = exportedClass(this.library.modules, name);
    const bound = bind(name, modules[name] ?? '*args', args, name in modules ? kwargs : {}, moduleRules);
    const given = name in modules ? bound.args : withOptions(args, kwargs);
    return new constructor(...given);
  }

  private function(path: 'torch' | 'F', name: string, given: readonly unknown[], options: Kwargs): unknown {
    const receiver = given[0] ?? options.input;
    const [first, second] = given;
    if (name in methods && isTensor(second) && isScalar(first))
      return this.method(this.scalar(first, second), name, given.slice(1), options);
    if (name in methods && isTensor(receiver) && !(path === 'F' && name in functional)) {
      const rest = Object.fromEntries(Object.entries(options).filter(([key]) => key !== 'input'));
      return this.method(receiver, name, given.slice(1), given.length > 0 ? options : rest);
    }
    const args = plainArgs(given);
    const kwargs = plainKwargs(name in literals ? { dtype: literals[name]?.(given), ...options } : options);
    const special = this.special[name];
    if (special !== undefined) return special(given, options);
    const quantize = this.quantization[name];
    if (quantize !== undefined) return quantize(args, kwargs);
    const ours = camelCase(name);
    const form = functional[name];
    // F has names of its own that torch or tensors use for something else.
    if (path === 'F' && form !== undefined) return this.functional(name, form, args, kwargs);
    const signature = functions[name];
    if (signature !== undefined) {
      const { target, args: given } = bind(name, signature, args, kwargs, opRules);
      const call = exportedFunction(this.library.tensor, target ?? ours);
      return named(name === 'einsum' ? call(given[0], ...(given[1] as unknown[])) : call(...given));
    }
    if (form !== undefined) return this.functional(name, form, args, kwargs);
    if (path === 'F')
      return named(exportedFunction(this.library.functional, ours, 'functional.')(...withOptions(args, kwargs)));
    if (typeof this.library.tensor[ours] === 'function')
      return named(exportedFunction(this.library.tensor, ours)(...withOptions(args, kwargs)));
    if (isTensor(receiver)) return this.method(receiver, name, args.slice(1), kwargs);
    throw new NotBuilt(`torch.${name}`);
  }

  private functional(name: string, form: string, args: readonly unknown[], kwargs: Kwargs): unknown {
    const { target, args: given } = bind(name, form, args, kwargs, opRules);
    return named(exportedFunction(this.library.functional, target ?? camelCase(name), 'functional.')(...given));
  }

  /** Functions whose call is more than a renaming. */
  private readonly special: Readonly<Record<string, Callable>> = {
    meshgrid: (args, kwargs) => {
      const tensors = args.length === 1 && Array.isArray(args[0]) ? (args[0] as unknown[]) : args;
      return exportedFunction(this.library.tensor, 'meshgrid')(...withOptions([tensors], kwargs));
    },
    where: (args, kwargs) => {
      const [condition] = args;
      if (args.length === 1 && isTensor(condition)) return this.method(condition, 'nonzero', [], { as_tuple: true });
      const { args: given } = bind('where', 'condition input other', args, kwargs, opRules);
      const values = given.map((value) => (value instanceof Float ? this.scalar(value, given[0] as Tensor) : value));
      return exportedFunction(this.library.tensor, 'where')(...values);
    },
  };

  /** `x[index]`: basic parts through `slice`, index tensors through `index`. */
  private index(x: Tensor, index: readonly unknown[]): unknown {
    const items = this.items(x, index);
    return items.some(isTensor) ? callMethod(x, 'index', items) : callMethod(x, 'slice', items);
  }

  private assign(x: Tensor, index: readonly unknown[], value: unknown): null {
    callMethod(x, 'set_', [this.items(x, index), value]);
    return null;
  }

  /** A Python index in this library's terms: numbers, `[start, stop, step]`, `[]` for everything, null for a new dim. */
  private items(x: Tensor, index: readonly unknown[]): unknown[] {
    const consumed = index
      .filter((item) => item !== null && item !== Ellipsis)
      .reduce<number>((count, item) => count + (isTensor(item) && item.dtype === 'bool' ? item.ndim : 1), 0);
    return index.flatMap((item): unknown[] => {
      if (item === Ellipsis) return Array.from({ length: Math.max(0, x.ndim - consumed) }, () => []);
      if (item instanceof Slice) {
        const { start, stop, step } = item;
        if (step !== null) return [[start, stop, step]];
        return [start === null && stop === null ? [] : [start, stop]];
      }
      if (Array.isArray(item)) return [tensor(item as number[], { dtype: dtypeOfLiteral(item) ?? 'int32' })];
      return [item];
    });
  }

  /** A value of `args` or `config`: dtype names become dtypes, written-out non-finite numbers become numbers. */
  literal(value: unknown): unknown {
    if (typeof value !== 'string') return value;
    if (value.startsWith('torch.')) return dtypeOf(value) ?? value;
    return value === 'NaN' || value === 'Infinity' || value === '-Infinity' ? Number(value) : value;
  }

  /** Index parts as the files write them (`{ slice }`, `{ tensor }`, `"..."`, null, integers). */
  indexFrom(parts: readonly unknown[], inputs: Readonly<Record<string, unknown>>): unknown[] {
    return parts.map((part) => {
      if (part === '...') return Ellipsis;
      if (typeof part !== 'object' || part === null) return part;
      if ('tensor' in part) {
        const found = inputs[String(part.tensor)];
        if (found === undefined) throw new Error(`index names an unknown input '${String(part.tensor)}'`);
        return found;
      }
      if ('slice' in part) {
        const [start, stop, step] = part.slice as readonly (number | null)[];
        return new Slice(start ?? null, stop ?? null, step ?? null);
      }
      throw new Error('unknown part of an index');
    });
  }

  /** Evaluates an expression of the files. */
  evaluate(source: string, names: Readonly<Record<string, unknown>>): unknown {
    return evaluate(source, { ...this.names, ...names }, this);
  }
}

/** Tensors of a result in order, tuples and named tuples flattened; null for None. */
export function flattenResult(result: unknown): (Tensor | null)[] {
  if (result === null || result === undefined) return [null];
  if (isTensor(result)) return [result];
  if (Array.isArray(result)) return result.flatMap(flattenResult);
  if (typeof result === 'number' || typeof result === 'boolean') return [tensor(Number(result))];
  if (typeof result === 'object') return Object.values(result).flatMap(flattenResult);
  throw new Error(`not a result: ${String(result)}`);
}
