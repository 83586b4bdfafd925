import { manualSeed, randn, type Tensor } from '@q/tensor';
import { measureLoop } from './loop.js';

manualSeed(1);
const x = randn([1_000_000]);
let y: Tensor = x;

measureLoop('operation on a million elements', 10_000, (i) => {
  y = i % 4 === 0 ? x.mul(0.5) : i % 2 === 0 ? y.tanh() : y.add(x);
});
