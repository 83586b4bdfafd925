import type { View } from '../../../storage.js';
import type { Epilogue, MatmulKernels } from '../../contract/matmul.js';
import type { Family, SimdEngine } from '../engine/engine.js';
import { divideProduct } from './divided.js';
import { batchArguments, SMALL_PRODUCT } from './gemm.js';
import { emitGemmF32, GEMM_F32_WORKSPACE, gemmVariant, packedF32 } from './gemm-f32.js';
import { emitGemv } from './gemv.js';
import { formOfVariant, packedForm } from './packed.js';
import { addressOf, byteStrides, lineOf } from '../engine/places.js';

/** Products below which the plain loops are as fast. */
const FEW_PRODUCTS = 512;

/** Rows from which packing the second operand costs nothing beside the product. */
const MANY_ROWS = 512;

/** Multiplications that one thread does in a nanosecond, roughly. */
const RATE = 20;

const PLAIN: Epilogue = { bias: null, relu: false };

const matrixFamily: Family = ({ module, features }) => emitGemmF32(module, gemmVariant(features));

const vectorFamily: Family = ({ module, features }) => emitGemv(module, features.fused);

/** Matrix products of float32; every other dtype goes to `fallback`. */
export function simdMatmul(engine: SimdEngine, fallback: Pick<MatmulKernels, 'matmul'>): Pick<MatmulKernels, 'matmul'> {
  const { memory } = engine;

  const packing = formOfVariant(engine, (variant) => ({
    bytes: ({ layout: { shape } }) => packedF32(variant, shape[1]!, shape[2]!),
    pack(view, to) {
      const [, k, n] = view.layout.shape as [number, number, number];
      const [, row, column] = byteStrides(view);
      engine.load(matrixFamily)['packF32']!(n, k, addressOf(memory, view), row, column, 0, to);
    },
  }));

  /** Products with one row or one column, where the matrix lies so that it can be read in order; false elsewhere. */
  function vectorProduct(x: View, y: View, { bias, relu }: Epilogue, out: View): boolean {
    const [batches, m, k] = x.layout.shape as [number, number, number];
    const n = y.layout.shape[2]!;
    const [[xb, xr, xc], [yb, yr, yc]] = [byteStrides(x), byteStrides(y)];
    // The lines of the matrix are what the result counts.
    const [vector, vectorStep, along, across] = m === 1 ? [x, xc, yr, yc] : [y, yr, xc, xr];
    const count = m === 1 ? n : m;
    const name = along === 4 ? 'gemvDots' : across === 4 ? 'gemvRows' : null;
    const stride = name === 'gemvDots' ? across : along;
    if (!name) return false;
    const product = engine.load(vectorFamily)[name]!;
    const target = out.storage.writePointer(memory, out.layout);
    if (target === null) return false;
    const [a, b, c] = [addressOf(memory, x), addressOf(memory, y), target + out.layout.offset * 4];
    const gathered = vectorStep === 4 ? 0 : memory.scratch(k * 4);
    let addend = bias ? lineOf(memory, bias) : 0;
    const repeated = addend !== 0 && m > 1 ? memory.scratch(m * 4) : 0;
    const heap = memory.heap('float32');
    if (repeated) {
      heap.fill(heap[addend / 4]!, repeated / 4, repeated / 4 + m);
      addend = repeated;
    }
    for (let i = 0; i < batches; i++) {
      let v = vector === x ? a + i * xb : b + i * yb;
      if (gathered) {
        for (let p = 0; p < k; p++) heap[gathered / 4 + p] = heap[(v + p * vectorStep) / 4]!;
        v = gathered;
      }
      const [at, lines] = [v, m === 1 ? b + i * yb : a + i * xb];
      if (name === 'gemvDots')
        engine.divide(vectorFamily, name, { count, grain: 4, work: (k * count) / 8 }, (start, end) => [
          at,
          k,
          lines + start * stride,
          end - start,
          stride,
          c + (i * count + start) * 4,
          addend && addend + start * 4,
          Number(relu),
        ]);
      else product(at, k, lines, count, stride, c + i * count * 4, addend, Number(relu));
    }
    return true;
  }

  return {
    matmul(x, y, epilogue, out) {
      const [batches, m, k] = x.layout.shape as [number, number, number];
      const n = y.layout.shape[2]!;
      const fits = x.storage.dtype === 'float32' && y.storage.dtype === 'float32';
      if (!fits || batches === 0 || batches * m * n * k < FEW_PRODUCTS) return fallback.matmul(x, y, epilogue, out);
      const { bias, relu } = epilogue ?? PLAIN;
      memory.beginKernel();
      try {
        if ((m === 1 || n === 1) && vectorProduct(x, y, { bias, relu }, out)) return;
        const to = out.storage.writePointer(memory, out.layout);
        if (to === null) return fallback.matmul(x, y, epilogue, out);
        const [a, b, c] = [addressOf(memory, x), addressOf(memory, y), to + out.layout.offset * 4];
        const [[xb, xr, xc], [yb, yr, yc]] = [byteStrides(x), byteStrides(y)];
        const variant = gemmVariant(engine.used);
        const packed = batches === 1 && m < MANY_ROWS ? packedForm(memory, y, packing()) : 0;
        const addend = bias ? lineOf(memory, bias) : 0;
        const call = {
          m,
          n,
          k,
          a: { at: a, row: xr, column: xc },
          b: { at: b, row: yr, column: yc },
          c,
          cRow: n * 4,
          packed,
          bias: addend,
          relu,
        };
        const work = (m * n * k) / RATE;
        const workspace = GEMM_F32_WORKSPACE;
        if (batches > 1 && work < SMALL_PRODUCT) {
          const steps = { a: xb, b: yb, c: m * n * 4 };
          engine.divide(
            matrixFamily,
            'gemmF32Batch',
            { count: batches, grain: 1, work: batches * work, workspace },
            (start, end) => batchArguments(call, steps, start, end - start),
          );
          return;
        }
        const tile = { rows: variant.MR, columns: variant.NV * 4 };
        for (let i = 0; i < batches; i++) {
          const one = {
            ...call,
            a: { ...call.a, at: a + i * xb },
            b: { ...call.b, at: b + i * yb },
            c: c + i * m * n * 4,
          };
          divideProduct(engine, matrixFamily, 'gemmF32', one, {
            tile,
            workspace,
            packedColumn: k * 4,
            rate: RATE,
            wide: variant.MR > 2 ? 1 : 4,
          });
        }
      } finally {
        memory.endKernel();
      }
    },
  };
}
