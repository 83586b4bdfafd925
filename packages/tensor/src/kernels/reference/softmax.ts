import type { SoftmaxKernels } from '../contract/softmax.js';
import { lines } from './lines.js';

export const softmax: SoftmaxKernels = {
  softmax(x, log, out) {
    const [from, to] = [lines(x), lines(out)];
    const [read, write] = [x.storage.array, out.storage.array];
    const n = from.size;
    for (let l = 0; l < from.starts.length; l++) {
      const [xi, yi] = [from.starts[l]!, to.starts[l]!];
      let most = -Infinity;
      for (let i = 0, p = xi; i < n; i++, p += from.step) if (read[p]! > most || read[p] !== read[p]) most = read[p]!;
      let sum = 0;
      if (log) {
        for (let i = 0, p = xi; i < n; i++, p += from.step) sum += Math.exp(read[p]! - most);
        const norm = Math.log(sum);
        for (let i = 0, p = xi, q = yi; i < n; i++, p += from.step, q += to.step) write[q] = read[p]! - most - norm;
      } else {
        for (let i = 0, p = xi, q = yi; i < n; i++, p += from.step, q += to.step) {
          const e = Math.exp(read[p]! - most);
          sum += e;
          write[q] = e;
        }
        for (let i = 0, q = yi; i < n; i++, q += to.step) write[q] = write[q]! / sum;
      }
    }
  },

  softmaxGrad(grad, y, log, out) {
    const [upstream, result, to] = [lines(grad), lines(y), lines(out)];
    const [g, v, write] = [grad.storage.array, y.storage.array, out.storage.array];
    for (let l = 0; l < to.starts.length; l++) {
      const [gi, vi, oi] = [upstream.starts[l]!, result.starts[l]!, to.starts[l]!];
      let sum = 0;
      for (let i = 0, p = gi, q = vi; i < to.size; i++, p += upstream.step, q += result.step)
        sum += log ? g[p]! : g[p]! * v[q]!;
      for (let i = 0, p = gi, q = vi, o = oi; i < to.size; i++, p += upstream.step, q += result.step, o += to.step)
        write[o] = log ? g[p]! - Math.exp(v[q]!) * sum : v[q]! * (g[p]! - sum);
    }
  },
};
