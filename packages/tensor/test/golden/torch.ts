/** The names `torch`, `F`, `nn` and tensor methods of the golden expressions, mapped to this library. */
import { tensor, Tensor } from '@q/tensor';
import { dtypeOf } from './format.js';
import { callMethod, exportedClass, exportedFunction, property, withOptions, type Library } from './library.js';
import { Slice, type Callable } from './python/data.js';
import { evaluate, type Host } from './python/evaluate.js';
import { Ellipsis, type BinaryOperator, type Comparison, type UnaryOperator } from './python/parser.js';
import { LeftOut, NotBuilt } from './runner.js';
import { bind, camelCase } from './signature.js';
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

export const isTensor = (value: unknown): value is Tensor => value instanceof Tensor;

const opRules = { isTensor, none: 'absent' } as const;
const moduleRules = { isTensor, none: 'null' } as const;

/** A namespace of Python: `torch`, `torch.nn.functional`, `torch.nn`. */
class PythonModule {
  constructor(readonly path: 'torch' | 'F' | 'nn') {}
}

/** Something with a `forward`: a module of `@q/nn`. */
export const isModule = (value: unknown): value is { forward(...args: readonly unknown[]): unknown } =>
  typeof value === 'object' && value !== null && typeof property(value, 'forward') === 'function';

/** Records such as `{ values, indices }` become tuples that still know their names, as torch's named tuples. */
function named(result: unknown): unknown {
  if (typeof result !== 'object' || result === null || Object.getPrototypeOf(result) !== Object.prototype)
    return result;
  return Object.assign(Object.values(result), result);
}

/** The quantized tensor that `torch.quantize_per_*` returns. */
interface TorchQuantized {
  readonly int_repr: Callable;
  readonly dequantize: Callable;
}

const quantizedGrids: Readonly<Record<string, readonly ['int8' | 'uint8' | 'int32', number, number]>> = {
  'torch.qint8': ['int8', -128, 127],
  'torch.quint8': ['uint8', 0, 255],
  'torch.qint32': ['int32', -(2 ** 31), 2 ** 31 - 1],
};

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

  constructor(private readonly library: Library) {}

  attribute(value: unknown, name: string): unknown {
    if (value instanceof PythonModule) return this.member(value, name);
    if (isTensor(value)) return this.tensorAttribute(value, name);
    if (typeof value !== 'object' || value === null) throw new Error(`no attribute '${name}'`);
    const found = property(value, name) ?? property(value, camelCase(name));
    if (typeof found !== 'function') return found;
    return ((args, kwargs) => callMethod(value, camelCase(name), withOptions(args, kwargs))) satisfies Callable;
  }

  subscript(value: unknown, index: unknown): unknown {
    if (!isTensor(value)) throw new Error('only tensors and plain data have subscripts');
    return this.index(value, Array.isArray(index) ? index : [index]);
  }

  call(value: unknown, args: readonly unknown[], kwargs: Kwargs): unknown {
    if (!isModule(value)) throw new Error('not callable');
    return named(value.forward(...withOptions(args, kwargs)));
  }

  binary(op: BinaryOperator | Comparison, left: unknown, right: unknown): unknown {
    if (isTensor(left)) return this.method(left, binaryMethods[op], [right], {});
    if (!isTensor(right) || (typeof left !== 'number' && typeof left !== 'boolean'))
      throw new Error(`no operator ${op} for these operands`);
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
  private scalar(value: number | boolean, other: Tensor): Tensor {
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
  method(x: Tensor, name: string, args: readonly unknown[], kwargs: Kwargs): unknown {
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
      return ((args, kwargs) => this.construct(name, args, kwargs)) satisfies Callable;
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
    return ((args, kwargs) => this.function(path, name, args, kwargs)) satisfies Callable;
  }

  /** A module of `@q/nn` from torch's constructor arguments. */
  construct(name: string, args: readonly unknown[], kwargs: Kwargs): object {
    const constructor = exportedClass(this.library.modules, name);
    const bound = bind(name, modules[name] ?? '*args', args, name in modules ? kwargs : {}, moduleRules);
    const given = name in modules ? bound.args : withOptions(args, kwargs);
    return new constructor(...given);
  }

  private function(path: 'torch' | 'F', name: string, args: readonly unknown[], kwargs: Kwargs): unknown {
    const special = this.special[name];
    if (special !== undefined) return special(args, kwargs);
    const ours = camelCase(name);
    const signature = functions[name];
    if (signature !== undefined) {
      const { target, args: given } = bind(name, signature, args, kwargs, opRules);
      const call = exportedFunction(this.library.tensor, target ?? ours);
      return named(name === 'einsum' ? call(given[0], ...(given[1] as unknown[])) : call(...given));
    }
    const receiver = args[0] ?? kwargs.input;
    if (name in methods && isTensor(receiver)) {
      const rest = Object.fromEntries(Object.entries(kwargs).filter(([key]) => key !== 'input'));
      return this.method(receiver, name, args.slice(1), args.length > 0 ? kwargs : rest);
    }
    const form = functional[name];
    if (path === 'F' || form !== undefined) {
      const { target, args: given } =
        form === undefined
          ? { target: null, args: withOptions(args, kwargs) }
          : bind(name, form, args, kwargs, opRules);
      return named(exportedFunction(this.library.functional, target ?? ours, 'functional.')(...given));
    }
    if (typeof this.library.tensor[ours] === 'function')
      return named(exportedFunction(this.library.tensor, ours)(...withOptions(args, kwargs)));
    if (isTensor(receiver)) return this.method(receiver, name, args.slice(1), kwargs);
    throw new NotBuilt(`torch.${name}`);
  }

  /** Functions whose call is more than a renaming. */
  private readonly special: Readonly<Record<string, Callable>> = {
    meshgrid: (args, kwargs) => {
      const tensors = args.length === 1 && Array.isArray(args[0]) ? (args[0] as unknown[]) : args;
      return exportedFunction(this.library.tensor, 'meshgrid')(...withOptions([tensors], kwargs));
    },
    quantize_per_tensor: ([x, scale, zeroPoint, dtype]) => this.quantized(x, scale, zeroPoint, null, dtype),
    quantize_per_channel: ([x, scales, zeroPoints, axis, dtype]) => this.quantized(x, scales, zeroPoints, axis, dtype),
    fake_quantize_per_tensor_affine: (args, kwargs) => {
      const [x, scale, zeroPoint, qmin, qmax] = this.ordered('scale zero_point quant_min quant_max', args, kwargs);
      return this.fakeQuantized(x, scale, zeroPoint, null, qmin, qmax);
    },
    fake_quantize_per_channel_affine: (args, kwargs) => {
      const [x, scale, zeroPoint, axis, qmin, qmax] = this.ordered(
        'scale zero_point axis quant_min quant_max',
        args,
        kwargs,
      );
      return this.fakeQuantized(x, scale, zeroPoint, axis, qmin, qmax);
    },
    _fake_quantize_learnable_per_tensor_affine: (args, kwargs) => {
      const names = 'scale zero_point quant_min quant_max grad_factor';
      const [x, scale, zeroPoint, qmin, qmax, factor] = this.ordered(names, args, kwargs);
      return this.learnable(x, scale, zeroPoint, null, qmin, qmax, factor);
    },
    _fake_quantize_learnable_per_channel_affine: (args, kwargs) => {
      const names = 'scale zero_point axis quant_min quant_max grad_factor';
      const [x, scale, zeroPoint, axis, qmin, qmax, factor] = this.ordered(names, args, kwargs);
      return this.learnable(x, scale, zeroPoint, axis, qmin, qmax, factor);
    },
  };

  private ordered(names: string, args: readonly unknown[], kwargs: Kwargs): readonly unknown[] {
    return ['input', ...names.split(' ')].map((name, i) => args[i] ?? kwargs[name]);
  }

  /** A scale or zero point of torch in the shape that broadcasts against `x`; the library's offset is minus torch's zero point. */
  private along(x: Tensor, value: unknown, axis: unknown, negate: boolean): Tensor {
    const numbers = (isTensor(value) ? value : tensor(Number(value))).to('float32').reshape([-1]);
    const shape = typeof axis === 'number' ? x.shape.map((_, d) => (d === axis ? -1 : 1)) : [];
    return (negate ? numbers.neg() : numbers).reshape(shape);
  }

  private quantized(x: unknown, scale: unknown, zeroPoint: unknown, axis: unknown, dtype: unknown): TorchQuantized {
    const grid = quantizedGrids[String(dtype)];
    if (!isTensor(x) || grid === undefined) throw new NotBuilt(`quantize to ${String(dtype)}`);
    const [storage, qmin, qmax] = grid;
    const [s, o] = [this.along(x, scale, axis, false), this.along(x, zeroPoint, axis, true)];
    const q = exportedFunction(this.library.tensor, 'quantizeLinear')(x, s, o, qmin, qmax, {
      dtype: storage,
    }) as Tensor;
    return { int_repr: () => q, dequantize: () => exportedFunction(this.library.tensor, 'dequantizeLinear')(q, s, o) };
  }

  private fakeQuantized(
    x: unknown,
    scale: unknown,
    zeroPoint: unknown,
    axis: unknown,
    qmin: unknown,
    qmax: unknown,
  ): unknown {
    if (!isTensor(x)) throw new Error('fake_quantize wants a tensor');
    return exportedFunction(this.library.tensor, 'fakeQuantize')(
      x,
      this.along(x, scale, axis, false),
      this.along(x, zeroPoint, axis, true),
      qmin,
      qmax,
    );
  }

  /** Fake quantization whose scale and zero point, rounded straight through, get their gradients times `factor`. */
  private learnable(
    x: unknown,
    scale: unknown,
    zeroPoint: unknown,
    axis: unknown,
    qmin: unknown,
    qmax: unknown,
    factor: unknown,
  ): unknown {
    if (!isTensor(scale) || !isTensor(zeroPoint)) throw new Error('learnable scales and zero points are tensors');
    const damped = (value: Tensor, parameter: Tensor): Tensor =>
      value.add(parameter.sub(parameter.detach()).mul(Number(factor ?? 1)));
    const whole = zeroPoint
      .detach()
      .round()
      .clamp({ min: Number(qmin), max: Number(qmax) });
    return this.fakeQuantized(x, damped(scale.detach(), scale), damped(whole, zeroPoint), axis, qmin, qmax);
  }

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
      if (Array.isArray(item)) return [tensor(item as number[], { dtype: 'int32' })];
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
