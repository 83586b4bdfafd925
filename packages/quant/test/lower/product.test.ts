import * as nn from '@q/nn';
import { manualSeed, noGrad, randn, ShapeError, type Tensor } from '@q/tensor';
import { affine, computeEncodings, lowerToInteger, toQuantized, type QuantizedModule } from '../../src/index.js';

const grid = (symmetric = false) => new affine.QuantizeDequantize({ shape: [], bitwidth: 8, symmetric });

/** A transposed convolution that is asked for the sizes of its result. */
class Sized extends nn.Module {
  up = new nn.ConvTranspose1d(2, 3, 3, { stride: 2, padding: 1 });
  size: number | null = null;

  forward(x: Tensor): Tensor {
    return this.up.forward(x, { outputSize: this.size === null ? null : [this.size] });
  }
}

it('a transposed convolution gives the sizes that its call asks for', () => {
  manualSeed(3);
  const model = new Sized();
  toQuantized(model);
  const slots = model.up as unknown as QuantizedModule;
  Object.assign(slots, { inputQuantizers: [grid()], outputQuantizers: [grid()] });
  slots.paramQuantizers.weight = grid(true);
  const x = randn([2, 2, 5]);
  model.size = 10;
  noGrad(() => computeEncodings(model, () => model.forward(x)));
  const { model: integer, report } = lowerToInteger(model, x);
  expect(report.floats).toEqual([]);
  const step = (slots.outputQuantizers[0]!.getEncoding() as unknown as { scale: Tensor }).scale.item();
  for (const size of [10, 9, null]) {
    integer.size = model.size = size;
    const [ours, theirs] = [integer, model].map((m) => noGrad(() => m.forward(x)));
    expect(ours!.shape).toEqual([2, 3, size ?? 9]);
    expect(ours!.sub(theirs!).abs().max().item()).toBeLessThanOrEqual(1.01 * step);
  }
  integer.size = 11;
  expect(() => integer.forward(x)).toThrow(ShapeError);
  expect(() => integer.forward(x)).toThrow(/'up'.*\[11\] is impossible; it can be \[9\] to \[10\]/);
});
