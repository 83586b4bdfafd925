import type { View } from '../../storage.js';
import type { Classes, LossKernels } from '../contract/loss.js';
import { walk } from './walk.js';

/** Calls `visit` with every sample that counts: its class, the weight of that, and its place among the samples. */
function samples(
  { target, weight, ignoreIndex }: Classes,
  visit: (n: number, s: number, t: number, w: number) => void,
): void {
  const [batch, positions] = target.layout.shape as [number, number];
  const [row, column] = target.layout.strides as [number, number];
  const classes = target.storage.array;
  const factors = weight?.storage.array;
  const [step] = (weight?.layout.strides ?? [0]) as [number];
  const first = weight ? weight.storage.base + weight.layout.offset : 0;
  for (let n = 0; n < batch; n++) {
    let at = target.storage.base + target.layout.offset + n * row;
    for (let s = 0; s < positions; s++, at += column) {
      const t = classes[at]!;
      if (t !== ignoreIndex) visit(n, s, t, factors ? factors[first + t * step]! : 1);
    }
  }
}

/** Place of an element of a view. */
const place = ({ storage, layout }: View, ...index: readonly number[]): number =>
  index.reduce((at, i, d) => at + i * layout.strides[d]!, storage.base + layout.offset);

function zeroed({ storage, layout }: View): void {
  walk([layout], [storage.base], ([at], [step], count) => {
    for (let i = 0; i < count; i++) storage.array[at! + i * step!] = 0;
  });
}

export const loss: LossKernels = {
  nll(x, classes, reduction, out) {
    const read = x.storage.array;
    const write = out.storage.array;
    if (reduction === 'none') {
      zeroed(out);
      return samples(classes, (n, s, t, w) => (write[place(out, n, s)] = -w * read[place(x, n, t, s)]!));
    }
    let sum = 0;
    let total = 0;
    samples(classes, (n, s, t, w) => {
      sum -= w * read[place(x, n, t, s)]!;
      total += w;
    });
    write[place(out)] = reduction === 'mean' ? sum / total : sum;
  },

  nllGrad(grad, classes, reduction, out) {
    const read = grad.storage.array;
    const write = out.storage.array;
    let total = 1;
    if (reduction === 'mean') {
      total = 0;
      samples(classes, (_n, _s, _t, w) => (total += w));
    }
    zeroed(out);
    samples(classes, (n, s, t, w) => {
      const slope = reduction === 'none' ? read[place(grad, n, s)]! : read[place(grad)]! / total;
      write[place(out, n, t, s)] = -w * slope;
    });
  },
};
