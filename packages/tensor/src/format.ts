import { isFloat, type DType } from './dtype.js';
import { shown } from './errors.js';
import type { Layout } from './layout.js';
import type { Tensor } from './tensor.js';

/** Tensors of more elements are shortened: the first and last positions of each long dim stay. */
const THRESHOLD = 1000;
const EDGE = 3;
const LINE_WIDTH = 80;
const DIGITS = 4;

/** A row of elements, rows of rows, or the dots between. */
type Block = number | '...' | readonly Block[];

/** The elements to show. */
function shownPart(x: Tensor, layout: Layout, shorten: boolean): Block {
  if (layout.ndim === 0) return x.wrap({ storage: x.storage, layout }).item();
  const size = layout.shape[0]!;
  const part = (from: number, to: number): Block[] => {
    if (layout.ndim === 1)
      return x.wrap({ storage: x.storage, layout: layout.range(0, [from, to]) }).toArray() as number[];
    return Array.from({ length: to - from }, (_, i) => shownPart(x, layout.select(0, from + i), shorten));
  };
  if (!shorten || size <= 2 * EDGE) return part(0, size);
  return [...part(0, EDGE), '...', ...part(size - EDGE, size)];
}

function numbersOf(block: Block, into: number[] = []): number[] {
  if (typeof block === 'number') into.push(block);
  else if (block !== '...') for (const entry of block) numbersOf(entry, into);
  return into;
}

/** One notation for all elements, chosen as PyTorch does: integral, fixed or scientific by the range of the sizes. */
function notation(dtype: DType, numbers: readonly number[]): (x: number) => string {
  if (dtype === 'bool') return (x) => (x ? 'true' : 'false');
  if (!isFloat(dtype)) return String;
  let least = Infinity;
  let most = 0;
  let integral = true;
  for (const x of numbers) {
    if (!Number.isFinite(x)) continue;
    integral &&= Number.isInteger(x);
    if (x === 0) continue;
    least = Math.min(least, Math.abs(x));
    most = Math.max(most, Math.abs(x));
  }
  const scientific = most > 0 && (most / least > 1000 || most > 1e8 || (!integral && least < 1e-4));
  const signed = (x: number, text: string): string => (Object.is(x, -0) ? `-${text}` : text);
  return (x) => {
    if (Number.isNaN(x)) return 'nan';
    if (!Number.isFinite(x)) return x > 0 ? 'inf' : '-inf';
    if (scientific) return signed(x, x.toExponential(DIGITS).replace(/e([+-])(\d)$/, 'e$10$2'));
    return signed(x, integral ? `${x.toFixed(0)}.` : x.toFixed(DIGITS));
  };
}

function brackets(block: Block, indent: number, write: (x: number) => string, width: number): string {
  if (typeof block === 'number') return write(block);
  if (block === '...') return block;
  const pad = ' '.repeat(indent + 1);
  if (block.some((entry) => typeof entry === 'object'))
    return `[${block.map((entry) => brackets(entry, indent + 1, write, width)).join(`,\n${'\n'.repeat(depth(block) - 2)}${pad}`)}]`;
  const words = block.map((entry) => (typeof entry === 'number' ? write(entry) : '...').padStart(width));
  const perLine = Math.max(1, Math.floor((LINE_WIDTH - indent) / (width + 2)));
  const lines: string[] = [];
  for (let at = 0; at < words.length; at += perLine) lines.push(words.slice(at, at + perLine).join(', '));
  return `[${lines.join(`,\n${pad}`)}]`;
}

const depth = (block: Block): number => (typeof block === 'object' ? 1 + Math.max(0, ...block.map(depth)) : 0);

/** A tensor as text, as PyTorch prints it: its elements in columns, shortened beyond 1000 of them, and its dtype. */
export function format(x: Tensor): string {
  const shorten = x.numel > THRESHOLD;
  const block = x.numel === 0 ? [] : shownPart(x, x.layout, shorten);
  const numbers = numbersOf(block);
  const write = notation(x.dtype, numbers);
  const width = numbers.reduce((most, number) => Math.max(most, write(number).length), 0);
  const prefix = 'tensor(';
  const facts = [
    ...(shorten || (x.numel === 0 && x.ndim > 1) ? [`shape=${shown(x.shape)}`] : []),
    `dtype=${x.dtype}`,
    ...(x.requiresGrad ? ['requiresGrad=true'] : []),
  ];
  return `${prefix}${brackets(block, prefix.length, write, width)}, ${facts.join(', ')})`;
}
