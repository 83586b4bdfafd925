import type { Layout } from '../../layout.js';

/** Layouts of one shape, merged into as few dims as all of them allow; strides per operand. */
export interface Merged {
  sizes: number[];
  strides: number[][];
}

/** True where dim `d`, of `size`, continues the last merged dim in every layout. */
function continues(
  layouts: readonly Layout[],
  strides: readonly number[][],
  last: number,
  d: number,
  size: number,
): boolean {
  for (let o = 0; o < layouts.length; o++) if (strides[o]![last] !== layouts[o]!.strides[d]! * size) return false;
  return true;
}

/** Merges neighbouring dims, in their order or another, that every layout walks as one; sizes of 1 go. */
export function merge(layouts: readonly Layout[], order: readonly number[] | null = null): Merged {
  const { shape } = layouts[0]!;
  const sizes: number[] = [];
  const strides: number[][] = [];
  for (let o = 0; o < layouts.length; o++) strides.push([]);
  for (let i = 0; i < shape.length; i++) {
    const d = order === null ? i : order[i]!;
    const size = shape[d]!;
    if (size === 1) continue;
    const last = sizes.length - 1;
    const merges = last >= 0 && continues(layouts, strides, last, d, size);
    if (merges) sizes[last]! *= size;
    else sizes.push(size);
    for (let o = 0; o < layouts.length; o++) strides[o]![merges ? last : last + 1] = layouts[o]!.strides[d]!;
  }
  if (sizes.length === 0) {
    sizes.push(1);
    for (const steps of strides) steps.push(0);
  }
  return { sizes, strides };
}

/**
 * Visits layouts of one shape row by row: `row(at, steps, count)` gets the position of each operand's first element, its
 * step and the length of the row. Dims that walk as one are merged first, so contiguous operands make a single row.
 */
export function walk(
  layouts: readonly Layout[],
  bases: readonly number[],
  row: (at: readonly number[], steps: readonly number[], count: number) => void,
): void {
  if (layouts[0]!.numel === 0) return;
  const at: number[] = [];
  const steps: number[] = [];
  let contiguous = true;
  for (let o = 0; o < layouts.length; o++) {
    at.push(layouts[o]!.offset + bases[o]!);
    steps.push(1);
    contiguous &&= layouts[o]!.isContiguous;
  }
  if (contiguous) return row(at, steps, layouts[0]!.numel);
  const { sizes, strides } = merge(layouts);
  const inner = sizes.length - 1;
  const count = sizes[inner]!;
  for (let o = 0; o < at.length; o++) steps[o] = strides[o]![inner]!;
  const index = new Array<number>(inner).fill(0);
  for (;;) {
    row(at, steps, count);
    let d = inner - 1;
    for (; d >= 0; d--) {
      index[d]!++;
      for (let o = 0; o < at.length; o++) at[o]! += strides[o]![d]!;
      if (index[d]! < sizes[d]!) break;
      for (let o = 0; o < at.length; o++) at[o]! -= strides[o]![d]! * sizes[d]!;
      index[d] = 0;
    }
    if (d < 0) return;
  }
}

/** Positions in an array: one of bytes may have more than 2^31. */
export type Positions = Uint32Array;

function fill<A extends Positions | Int32Array>(out: A, layout: Layout, base: number): A {
  let next = 0;
  walk([layout], [base], (at, steps, count) => {
    for (let i = 0, p = at[0]!; i < count; i++, p += steps[0]!) out[next++] = p;
  });
  return out;
}

/** Positions of all elements of a layout in order, for kernels whose work per element dwarfs the look-up. */
export const positions = (layout: Layout, base: number): Positions => fill(new Uint32Array(layout.numel), layout, base);

/** The same, from wherever a layout begins. */
export const distances = (layout: Layout): Int32Array => fill(new Int32Array(layout.numel), layout, 0);
