/** Topic dtype_promotion: the result dtype of an operation for every pair of operand dtypes. */
import { ones, QError, resultType, tensor, type DType, type Tensor } from '@q/tensor';
import { dtypeOf, type GoldenFile } from './format.js';
import { exportedFunction, isTensor, type Library } from './library.js';
import { LeftOut, Mismatch, type GoldenCase } from './runner.js';
import { Torch, flattenResult } from './torch.js';

type Operand = Tensor | number | boolean;

const pythonScalars: Readonly<Record<string, number | boolean>> = { 'py:int': 2, 'py:float': 1.5, 'py:bool': true };

/** `int8[2]` is a vector of two ones, `int8[]` a 0-d one, `py:int` a plain number. */
function operandFrom(text: string): Operand {
  const scalar = pythonScalars[text];
  if (scalar !== undefined) return scalar;
  const [, name = '', size] = /^(\w+)\[(2?)\]$/.exec(text) ?? [];
  const dtype = dtypeOf(name);
  if (dtype === null) throw new Error(`unknown operand ${text}`);
  return size === '2' ? ones([2], { dtype }) : tensor(1, { dtype });
}

/** Operations of the rows as expressions of `a` and `b`. */
const expressions: Readonly<Record<string, string>> = {
  add: 'a + b',
  sub: 'a - b',
  mul: 'a * b',
  div: 'a / b',
  floordiv: 'a // b',
  mod: 'a % b',
  pow: 'a ** b',
  rsub: 'b - a',
  lt: 'a < b',
  eq: 'a == b',
  and: 'a & b',
  cat: 'torch.cat([a, b])',
  sum: 'torch.sum(a)',
  cumsum: 'torch.cumsum(a, 0)',
  softmax: 'torch.softmax(a, 0)',
  clamp_scalar_int: 'torch.clamp(a, 0, 1)',
  clamp_scalar_float: 'torch.clamp(a, 0.5, 1.5)',
  sort: 'torch.sort(a)[0]',
  where: 'where(a, b)',
  // The output of these rows is a 0-d tensor or a vector; only the dtype counts.
  ...Object.fromEntries(
    ['sum', 'prod', 'mean', 'var', 'max', 'argmax', 'all', 'any', 'norm'].map((op) => [op, `torch.${op}(a)`]),
  ),
};

const weakDType = (value: number | boolean): DType =>
  typeof value === 'boolean' ? 'bool' : Number.isInteger(value) ? 'int32' : 'float32';

function promoted(a: Operand, b: Operand): DType {
  const described = [a, b].map((value) =>
    isTensor(value)
      ? { dtype: value.dtype, ndim: value.ndim, weak: null }
      : { dtype: weakDType(value), ndim: 0, weak: weakDType(value) },
  );
  return resultType(described);
}

/** Operations that torch has for some dtypes only: mixed or small ones are errors there. */
const lacksKernels: ReadonlySet<string> = new Set(['matmul', 'argmax', 'argmin']);

/** The rows of a file as cases. Rows that mention int64 are left out: there is no int64 here. */
export function promotionCases(file: GoldenFile, library: Library): readonly GoldenCase[] {
  const torch = new Torch(library);
  const rows = file.fields.rows as readonly (readonly [string, string, string | null, string])[];
  return rows.map(([op, a, b, result]) => ({
    name: `${op}(${a}${b === null ? '' : `, ${b}`})`,
    group: op,
    run: () => {
      if ([a, b].some((operand) => operand?.startsWith('int64')))
        throw new LeftOut('by design: there is no int64 operand');
      const run = (): DType | undefined => {
        const [left, right] = [operandFrom(a), b === null ? 0 : operandFrom(b)];
        if (op === 'result_type') return promoted(left, right);
        const condition = tensor([1, 0], { dtype: 'bool' });
        const names = {
          a: left,
          b: right,
          where: ([x, y]: readonly Operand[]) => exportedFunction(library.tensor, 'where')(condition, x, y),
        };
        const binary = b === null ? '' : ', b';
        return flattenResult(torch.evaluate(expressions[op] ?? `torch.${op}(a${binary})`, names))[0]?.dtype;
      };
      if (result === 'error') {
        let dtype: DType | undefined;
        try {
          dtype = run();
        } catch (error) {
          if (error instanceof QError) return;
          throw error;
        }
        // A more lenient engine is not wrong where torch merely lacks a kernel, as the format says.
        if (lacksKernels.has(op)) return;
        throw new Mismatch(`dtype ${String(dtype)}, expected an error`);
      }
      const dtype = run();
      if (dtype !== dtypeOf(result)) throw new Mismatch(`dtype ${String(dtype)}, expected ${result}`);
    },
  }));
}
