import type { TypedArray } from '../../dtype.js';

/** A matrix in a typed array: element (i, j) is `array[at + i * row + j * column]`. */
export interface Matrix {
  readonly array: TypedArray;
  readonly at: number;
  readonly row: number;
  readonly column: number;
}

/** The matrix with its rows and columns exchanged. */
export const transposed = ({ array, at, row, column }: Matrix): Matrix => ({ array, at, row: column, column: row });

/** Rows and columns of the tiles that are computed in registers: nine sums and six factors fit sixteen registers. */
const TILE = 3;

/** Columns of y that are packed at a time: they stay in the cache while all of x goes by. */
const BLOCK = 32 * TILE;

/** Rows `first` to `first + TILE` side by side, as doubles; rows from `rows` on are zero. */
function packFloat(to: Float64Array, at: number, x: Matrix, first: number, rows: number, k: number): void {
  const { array, row, column } = x;
  for (let r = 0; r < TILE; r++) {
    let next = at + r;
    if (first + r >= rows) for (let p = 0; p < k; p++, next += TILE) to[next] = 0;
    else for (let p = 0, i = x.at + (first + r) * row; p < k; p++, i += column, next += TILE) to[next] = array[i]!;
  }
}

/** As `packFloat`, minus a zero point per row. */
function packInteger(
  to: Int32Array,
  at: number,
  x: Matrix,
  first: number,
  rows: number,
  k: number,
  zero: Matrix | null,
): void {
  const { array, row, column } = x;
  for (let r = 0; r < TILE; r++) {
    let next = at + r;
    if (first + r >= rows) for (let p = 0; p < k; p++, next += TILE) to[next] = 0;
    else {
      const z = zero === null ? 0 : zero.array[zero.at + (first + r) * zero.row]!;
      for (let p = 0, i = x.at + (first + r) * row; p < k; p++, i += column, next += TILE) to[next] = array[i]! - z;
    }
  }
}

/** The products of TILE packed rows and TILE packed columns. */
function tileFloat(a: Float64Array, ai: number, b: Float64Array, bi: number, k: number, sums: Float64Array): void {
  let [c00, c01, c02, c10, c11, c12, c20, c21, c22] = [0, 0, 0, 0, 0, 0, 0, 0, 0];
  for (let p = 0; p < k; p++, ai += TILE, bi += TILE) {
    const y0 = b[bi]!;
    const y1 = b[bi + 1]!;
    const y2 = b[bi + 2]!;
    const x0 = a[ai]!;
    c00 += x0 * y0;
    c01 += x0 * y1;
    c02 += x0 * y2;
    const x1 = a[ai + 1]!;
    c10 += x1 * y0;
    c11 += x1 * y1;
    c12 += x1 * y2;
    const x2 = a[ai + 2]!;
    c20 += x2 * y0;
    c21 += x2 * y1;
    c22 += x2 * y2;
  }
  sums[0] = c00;
  sums[1] = c01;
  sums[2] = c02;
  sums[3] = c10;
  sums[4] = c11;
  sums[5] = c12;
  sums[6] = c20;
  sums[7] = c21;
  sums[8] = c22;
}

function tileInteger(a: Int32Array, ai: number, b: Int32Array, bi: number, k: number, sums: Int32Array): void {
  let [c00, c01, c02, c10, c11, c12, c20, c21, c22] = [0, 0, 0, 0, 0, 0, 0, 0, 0];
  for (let p = 0; p < k; p++, ai += TILE, bi += TILE) {
    const y0 = b[bi]!;
    const y1 = b[bi + 1]!;
    const y2 = b[bi + 2]!;
    const x0 = a[ai]!;
    c00 = (c00 + Math.imul(x0, y0)) | 0;
    c01 = (c01 + Math.imul(x0, y1)) | 0;
    c02 = (c02 + Math.imul(x0, y2)) | 0;
    const x1 = a[ai + 1]!;
    c10 = (c10 + Math.imul(x1, y0)) | 0;
    c11 = (c11 + Math.imul(x1, y1)) | 0;
    c12 = (c12 + Math.imul(x1, y2)) | 0;
    const x2 = a[ai + 2]!;
    c20 = (c20 + Math.imul(x2, y0)) | 0;
    c21 = (c21 + Math.imul(x2, y1)) | 0;
    c22 = (c22 + Math.imul(x2, y2)) | 0;
  }
  sums[0] = c00;
  sums[1] = c01;
  sums[2] = c02;
  sums[3] = c10;
  sums[4] = c11;
  sums[5] = c12;
  sums[6] = c20;
  sums[7] = c21;
  sums[8] = c22;
}

/** Calls `panel(j, columns)` for each block of columns and `tile(i, j, at)` for each tile of it, `at` its place in the block. */
function tiles(
  m: number,
  n: number,
  panels: (j: number) => void,
  rows: (i: number) => void,
  tile: (i: number, j: number, at: number) => void,
): void {
  for (let j0 = 0; j0 < n; j0 += BLOCK) {
    const end = Math.min(n, j0 + BLOCK);
    panels(j0);
    for (let i = 0; i < m; i += TILE) {
      rows(i);
      for (let j = j0; j < end; j += TILE) tile(i, j, (j - j0) / TILE);
    }
  }
}

function store(c: TypedArray, at: number, m: number, n: number, i: number, j: number, sums: TypedArray): void {
  const rows = Math.min(TILE, m - i);
  const columns = Math.min(TILE, n - j);
  for (let r = 0; r < rows; r++)
    for (let q = 0, p = at + (i + r) * n + j; q < columns; q++) c[p + q] = sums[r * TILE + q]!;
}

/** Few rows: each row of y is read once per row of x, in its own order. */
function rowsFloat(x: Matrix, y: Matrix, c: TypedArray, at: number, m: number, k: number, n: number): void {
  const sums = new Float64Array(n);
  const { array: b, row, column } = y;
  for (let i = 0; i < m; i++) {
    sums.fill(0);
    for (let p = 0; p < k; p++) {
      const w = x.array[x.at + i * x.row + p * x.column]!;
      for (let j = 0, q = y.at + p * row; j < n; j++, q += column) sums[j]! += w * b[q]!;
    }
    for (let j = 0; j < n; j++) c[at + i * n + j] = sums[j]!;
  }
}

/** One product after the other, for matrices too small to pack. */
function dotsFloat(x: Matrix, y: Matrix, c: TypedArray, at: number, m: number, k: number, n: number): void {
  const { array: a } = x;
  const { array: b } = y;
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let p = 0, ai = x.at + i * x.row, bi = y.at + j * y.column; p < k; p++, ai += x.column, bi += y.row)
        sum += a[ai]! * b[bi]!;
      c[at + i * n + j] = sum;
    }
}

/** `c = x @ y` from `c[at]` on, row-major: summed as doubles and rounded once. */
export function gemmFloat(x: Matrix, y: Matrix, c: TypedArray, at: number, m: number, k: number, n: number): void {
  if (n < TILE || m * n * k < 512) return dotsFloat(x, y, c, at, m, k, n);
  if (m < TILE) return y.row === 1 ? dotsFloat(x, y, c, at, m, k, n) : rowsFloat(x, y, c, at, m, k, n);
  const width = Math.ceil(Math.min(n, BLOCK) / TILE) * TILE;
  const [a, b] = [new Float64Array(TILE * k), new Float64Array(width * k)];
  const sums = new Float64Array(TILE * TILE);
  const columns = transposed(y);
  tiles(
    m,
    n,
    (j0) => {
      for (let j = j0; j < Math.min(n, j0 + BLOCK); j += TILE) packFloat(b, (j - j0) * k, columns, j, n, k);
    },
    (i) => packFloat(a, 0, x, i, m, k),
    (i, j, panel) => {
      tileFloat(a, 0, b, panel * TILE * k, k, sums);
      store(c, at, m, n, i, j, sums);
    },
  );
}

/** `c = (x - xZero) @ (y - yZero)` in int32 with wrap-around; a zero point per row of x and per row of yZero. */
export function gemmInteger(
  x: Matrix,
  y: Matrix,
  c: TypedArray,
  at: number,
  m: number,
  k: number,
  n: number,
  xZero: Matrix | null = null,
  yZero: Matrix | null = null,
): void {
  const width = Math.ceil(Math.min(n, BLOCK) / TILE) * TILE;
  const [a, b] = [new Int32Array(TILE * k), new Int32Array(width * k)];
  const sums = new Int32Array(TILE * TILE);
  const columns = transposed(y);
  const columnZero = yZero && transposed(yZero);
  tiles(
    m,
    n,
    (j0) => {
      for (let j = j0; j < Math.min(n, j0 + BLOCK); j += TILE)
        packInteger(b, (j - j0) * k, columns, j, n, k, columnZero);
    },
    (i) => packInteger(a, 0, x, i, m, k, xZero),
    (i, j, panel) => {
      tileInteger(a, 0, b, panel * TILE * k, k, sums);
      store(c, at, m, n, i, j, sums);
    },
  );
}
