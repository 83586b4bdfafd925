import { checkTensor } from '../arguments.js';
import { ArgumentError, described, ShapeError, shown } from '../errors.js';
import { wrapDims } from '../shape.js';
import type { Tensor } from '../tensor.js';

/** A tensor whose dims have labels: letters of the equation, or numbers for the dims of an ellipsis, counted from the right. */
interface Labelled {
  readonly tensor: Tensor;
  readonly labels: readonly string[];
}

interface Equation {
  readonly operands: readonly (readonly string[])[];
  readonly output: readonly string[];
}

const wrong = (equation: string, problem: string): ArgumentError =>
  new ArgumentError(`einsum: '${equation}': ${problem}`);

/** `ab...c` as `['a', 'b', '...', 'c']`. */
function tokens(equation: string, term: string): string[] {
  const found = term.match(/\.\.\.|[a-zA-Z]/g) ?? [];
  if (found.join('') !== term) throw wrong(equation, `'${term}' may hold letters and one '...' only.`);
  if (found.filter((token) => token === '...').length > 1) throw wrong(equation, `'${term}' has more than one '...'.`);
  return found;
}

const spread = (labels: readonly string[], ellipsis: number): string[] =>
  labels.flatMap((label) =>
    label === '...' ? Array.from({ length: ellipsis }, (_, i) => String(ellipsis - 1 - i)) : [label],
  );

function parse(equation: string, tensors: readonly Tensor[]): Equation {
  const [left, right, ...more] = equation.replaceAll(' ', '').split('->');
  if (more.length > 0) throw wrong(equation, "at most one '->' is possible.");
  const terms = left!.split(',').map((term) => tokens(equation, term));
  if (terms.length !== tensors.length)
    throw wrong(equation, `describes ${terms.length} operands, got ${tensors.length}.`);
  let widest = 0;
  const operands = terms.map((labels, i) => {
    const { ndim, shape } = tensors[i]!;
    const rest = ndim - labels.filter((label) => label !== '...').length;
    if (rest < 0 || (rest > 0 && !labels.includes('...')))
      throw new ShapeError(
        `einsum: '${equation}': operand ${i} of shape ${shown(shape)} has ${ndim} dims, its term describes ${ndim - rest}.`,
      );
    widest = labels.includes('...') ? Math.max(widest, rest) : widest;
    return spread(labels, rest);
  });
  const known = new Set(operands.flat());
  if (right === undefined) {
    const counts = new Map<string, number>();
    for (const label of terms.flat()) counts.set(label, (counts.get(label) ?? 0) + 1);
    const once = [...counts].filter(([label, count]) => label !== '...' && count === 1).map(([label]) => label);
    return { operands, output: [...spread(['...'], widest), ...once.sort()] };
  }
  const output = spread(tokens(equation, right), widest);
  for (const [i, label] of output.entries()) {
    if (!known.has(label)) throw wrong(equation, `the output's '${label}' is in no operand.`);
    if (output.indexOf(label) !== i) throw wrong(equation, `the output names '${label}' twice.`);
  }
  return { operands, output };
}

/** Repeated labels of one operand become one dim, its diagonal. */
function diagonals(equation: string, tensor: Tensor, labels: readonly string[]): Labelled {
  const second = labels.findIndex((label, d) => labels.indexOf(label) !== d);
  if (second < 0) return { tensor, labels };
  const first = labels.indexOf(labels[second]!);
  if (tensor.shape[first] !== tensor.shape[second])
    throw new ShapeError(
      `einsum: '${equation}': '${labels[second]}' stands for sizes ${tensor.shape[first]} and ${tensor.shape[second]}.`,
    );
  const rest = labels.filter((_, d) => d !== first && d !== second);
  return diagonals(equation, tensor.diagonal({ dim1: first, dim2: second }), [...rest, labels[second]!]);
}

/** Sums over the dims whose label is not wanted any more. */
function sumOut({ tensor, labels }: Labelled, wanted: (label: string) => boolean): Labelled {
  const dims = labels.flatMap((label, d) => (wanted(label) ? [] : [d]));
  return dims.length === 0 ? { tensor, labels } : { tensor: tensor.sum(dims), labels: labels.filter(wanted) };
}

/** Without the given labels, whose dims have size 1. */
function squeezed({ tensor, labels }: Labelled, gone: readonly string[]): Labelled {
  if (gone.length === 0) return { tensor, labels };
  const kept = labels.map((label) => !gone.includes(label));
  return { tensor: tensor.reshape(tensor.shape.filter((_, d) => kept[d])), labels: labels.filter((_, d) => kept[d]) };
}

const sizeOf = ({ tensor, labels }: Labelled, label: string): number => tensor.shape[labels.indexOf(label)]!;

/** The dims in the order of `order`, a new one of size 1 for a label that is not there. */
function arranged({ tensor, labels }: Labelled, order: readonly string[]): Tensor {
  const there = order.filter((label) => labels.includes(label));
  const moved = tensor.permute(there.map((label) => labels.indexOf(label)));
  let next = 0;
  return moved.reshape(order.map((label) => (labels.includes(label) ? moved.shape[next++]! : 1)));
}

/** The product of two operands, summed over labels that neither the output nor a later operand wants. */
function contract(equation: string, a: Labelled, b: Labelled, wanted: (label: string) => boolean): Labelled {
  const differing = a.labels.filter((label) => b.labels.includes(label) && sizeOf(a, label) !== sizeOf(b, label));
  for (const label of differing)
    if (sizeOf(a, label) !== 1 && sizeOf(b, label) !== 1)
      throw new ShapeError(
        `einsum: '${equation}': ${/\d/.test(label) ? "'...'" : `'${label}'`} stands for sizes ${sizeOf(a, label)} and ${sizeOf(b, label)}.`,
      );
  a = squeezed(
    a,
    differing.filter((label) => sizeOf(a, label) === 1),
  );
  b = squeezed(
    b,
    differing.filter((label) => sizeOf(b, label) === 1),
  );
  const left = sumOut(a, (label) => wanted(label) || b.labels.includes(label));
  const right = sumOut(b, (label) => wanted(label) || a.labels.includes(label));
  const shared = left.labels.filter((label) => right.labels.includes(label));
  const batch = shared.filter(wanted);
  const summed = shared.filter((label) => !wanted(label));
  const rows = left.labels.filter((label) => !shared.includes(label));
  const columns = right.labels.filter((label) => !shared.includes(label));
  const labels = [...batch, ...rows, ...columns];
  if (summed.length === 0) return { tensor: arranged(left, labels).mul(arranged(right, labels)), labels };
  const count = (operand: Labelled, names: readonly string[]): number =>
    names.reduce((product, label) => product * sizeOf(operand, label), 1);
  const [n, m, k, p] = [count(left, batch), count(left, rows), count(left, summed), count(right, columns)];
  const x = arranged(left, [...batch, ...rows, ...summed]).reshape([n, m, k]);
  const y = arranged(right, [...batch, ...summed, ...columns]).reshape([n, k, p]);
  const shape = labels.map((label) => sizeOf(left.labels.includes(label) ? left : right, label));
  return { tensor: x.matmul(y).reshape(shape), labels };
}

/**
 * Sums of products in Einstein's notation, as `torch.einsum`: letters name dims, letters absent from the output are summed,
 * a letter repeated in one operand takes its diagonal, `...` stands for dims that broadcast. Without `->` the output has
 * the ellipsis and then the letters that occur once, sorted. Pairs are contracted from left to right by matrix products.
 *
 * @throws ArgumentError for an equation that says nothing sensible; ShapeError where sizes contradict each other
 * @example
 * einsum('bij,bjk->bik', a, b); // batched matrix product
 * einsum('ii->', a); // trace
 */
export function einsum(equation: string, ...operands: readonly Tensor[]): Tensor {
  if (typeof equation !== 'string')
    throw new ArgumentError(`einsum: the equation must be a string, got ${described(equation)}.`);
  operands.forEach((operand, i) => checkTensor('einsum', `operand ${i}`, operand));
  if (operands.length === 0) throw new ArgumentError(`einsum: '${equation}' needs at least one operand.`);
  const { operands: terms, output } = parse(equation, operands);
  const labelled = operands.map((tensor, i) => diagonals(equation, tensor, terms[i]!));
  let result = labelled[0]!;
  for (let i = 1; i < labelled.length; i++) {
    const later = new Set([...output, ...labelled.slice(i + 1).flatMap(({ labels }) => labels)]);
    result = contract(equation, result, labelled[i]!, (label) => later.has(label));
  }
  result = sumOut(result, (label) => output.includes(label));
  return arranged(result, output);
}

/** Which dims `tensordot` sums over: the last n of `a` with the first n of `b`, or a list for each. */
export type TensordotDims = number | readonly [readonly number[], readonly number[]];

/**
 * Sum of products over the given dims of `a` and `b`, as `torch.tensordot`. The result has the other dims of `a`, then of `b`.
 *
 * @throws ShapeError where the sizes of paired dims differ
 */
export function tensordot(a: Tensor, b: Tensor, dims: TensordotDims = 2): Tensor {
  checkTensor('tensordot', 'a', a);
  checkTensor('tensordot', 'b', b);
  if (typeof dims === 'number' && !(Number.isInteger(dims) && dims >= 0 && dims <= Math.min(a.ndim, b.ndim)))
    throw new ShapeError(
      `tensordot: dims must be 0 to ${Math.min(a.ndim, b.ndim)} for shapes ${shown(a.shape)} and ${shown(b.shape)}, got ${dims}.`,
    );
  if (typeof dims !== 'number' && !(Array.isArray(dims) && dims.length === 2))
    throw new ArgumentError(`tensordot: dims are a number or two lists of dims, got ${described(dims)}.`);
  const range = (count: number, from: number): number[] => Array.from({ length: count }, (_, d) => from + d);
  const [given, others] = typeof dims === 'number' ? [range(dims, a.ndim - dims), range(dims, 0)] : dims;
  const [left, right] = [wrapDims('tensordot', given, a.ndim), wrapDims('tensordot', others, b.ndim)];
  if (left.length !== right.length || left.some((dim, i) => a.shape[dim] !== b.shape[right[i]!]))
    throw new ShapeError(
      `tensordot: dims ${shown(left)} of ${shown(a.shape)} and ${shown(right)} of ${shown(b.shape)} differ in size.`,
    );
  const rows = range(a.ndim, 0).filter((dim) => !left.includes(dim));
  const columns = range(b.ndim, 0).filter((dim) => !right.includes(dim));
  const size = (x: Tensor, names: readonly number[]): number =>
    names.reduce((product, dim) => product * x.shape[dim]!, 1);
  const x = a.permute([...rows, ...left]).reshape([size(a, rows), size(a, left)]);
  const y = b.permute([...right, ...columns]).reshape([size(b, right), size(b, columns)]);
  return x.matmul(y).reshape([...rows.map((dim) => a.shape[dim]!), ...columns.map((dim) => b.shape[dim]!)]);
}
