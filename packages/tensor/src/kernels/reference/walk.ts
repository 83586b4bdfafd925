import type { Layout } from '../../layout.js';

/** Layouts of one shape, merged into as few dims as all of them allow; strides per operand. */
export interface Merged {
  sizes: number[];
  strides: number[][];
}

/** Merges neighbouring dims that every layout walks as one; sizes of 1 go. */
export function merge(layouts: readonly Layout[]): Merged {
  const shape = layouts[0]!.shape;
  const sizes: number[] = [];
  const strides: number[][] = layouts.map(() => []);
  for (let d = 0; d < shape.length; d++) {
    const size = shape[d]!;
    if (size === 1) continue;
    const last = sizes.length - 1;
    if (last >= 0 && layouts.every((layout, o) => strides[o]![last] === layout.strides[d]! * size)) {
      sizes[last]! *= size;
      layouts.forEach((layout, o) => (strides[o]![last] = layout.strides[d]!));
    } else {
      sizes.push(size);
      layouts.forEach((layout, o) => strides[o]!.push(layout.strides[d]!));
    }
  }
  if (sizes.length === 0) {
    sizes.push(1);
    strides.forEach((steps) => steps.push(0));
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
  const at = layouts.map((layout, o) => layout.offset + bases[o]!);
  if (layouts.every((layout) => layout.isContiguous)) {
    row(
      at,
      at.map(() => 1),
      layouts[0]!.numel,
    );
    return;
  }
  const { sizes, strides } = merge(layouts);
  const inner = sizes.length - 1;
  const count = sizes[inner]!;
  const steps = strides.map((stride) => stride[inner]!);
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

/** Positions of all elements of a layout in order, for kernels whose work per element dwarfs the look-up. */
export function positions(layout: Layout, base: number): Int32Array {
  const out = new Int32Array(layout.numel);
  let next = 0;
  walk([layout], [base], (at, steps, count) => {
    for (let i = 0, p = at[0]!; i < count; i++, p += steps[0]!) out[next++] = p;
  });
  return out;
}
