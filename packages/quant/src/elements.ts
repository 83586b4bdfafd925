import type { Tensor, TypedArray } from '@q/tensor';

/**
 * The elements of tensors in row-major order, to be read (or written, where nobody else has the tensor yet) before any other
 * operation runs. Unlike `data`, it leaves them where kernels reach them fastest.
 */
export function elementsOf<T extends readonly Tensor[]>(...tensors: T): { readonly [K in keyof T]: TypedArray } {
  // A copy may move what was looked at before it, so all copies come first.
  const packed = tensors.map((x) => x.contiguous());
  return packed.map(({ storage, layout }) => {
    const { array, base } = storage;
    return array.subarray(base + layout.offset, base + layout.offset + layout.numel);
  }) as { readonly [K in keyof T]: TypedArray };
}
