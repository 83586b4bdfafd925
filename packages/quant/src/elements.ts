import { dtypes, isFloat, type Tensor, type TypedArray } from '@q/tensor';

/**
 * The elements of tensors in row-major order, to be read (or written, where nobody else has the tensor yet) before any other
 * operation runs. Unlike `data`, it leaves them where kernels reach them fastest; those of 16-bit floats come as float32.
 */
export function elementsOf<T extends readonly Tensor[]>(...tensors: T): { readonly [K in keyof T]: TypedArray } {
  // A copy may move what was looked at before it, so all copies come first.
  const packed = tensors.map((x) =>
    (dtypes[x.dtype].bytes === 2 && isFloat(x.dtype) ? x.to('float32') : x).contiguous(),
  );
  return packed.map(({ storage, layout }) => {
    const { array, base } = storage;
    return array.subarray(base + layout.offset, base + layout.offset + layout.numel);
  }) as { readonly [K in keyof T]: TypedArray };
}
