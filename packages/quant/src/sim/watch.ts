import { Storage, Tensor } from '@q/tensor';

/** What `x` is, over a storage of the same elements. */
export function over(storage: Storage, x: Tensor): Tensor {
  const y = new Tensor(storage, x.layout);
  if (x.node !== null) y.attach(x.node, x.outputIndex);
  return y;
}

/**
 * A tensor that tells when somebody asks for its elements, to read or to write them, through whatever view: it has a storage of
 * its own, which takes the array of `x` only then. From then on both see what is written to either.
 */
export function watched(x: Tensor, asked: () => void): Tensor {
  const { storage } = x;
  const take = () => {
    asked();
    return storage.expose();
  };
  return over(new Storage(storage.dtype, storage.length, take, true, storage), x);
}
