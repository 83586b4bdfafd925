import * as nn from '@q/nn';
import { enableGrad, noGrad, randn, tensor, type Tensor } from '@q/tensor';
import {
  affine,
  isQuantized,
  lowerToInteger,
  QuantizationMixin,
  QuantizationSimModel,
  QuantizedLinear,
  type DequantizedTensor,
  type QuantizedModule,
} from '../../src/index.js';
import { bits, calibrated, layer, x } from './net.js';

describe('layers', () => {
  it('that the input does not reach, that take integers, and that are called twice', () => {
    class Odd extends nn.Module {
      table = new nn.Embedding(10, 4);
      twice = new nn.Linear(4, 4);
      never = new nn.Linear(4, 4);
      forward(index: Tensor): Tensor {
        return this.twice.forward(this.twice.forward(this.table.forward(index)));
      }
    }
    const index = tensor([1, 2, 3], { dtype: 'int32' });
    const sim = new QuantizationSimModel(new Odd(), { dummyInput: index });
    expect(bits(layer(sim.model, 'table').outputQuantizers)).toEqual([8]);
    expect(bits(layer(sim.model, 'never').outputQuantizers)).toEqual([8]);
    noGrad(() => sim.computeEncodings((net) => net.forward(index)));
    expect(noGrad(() => sim.model.forward(index)).shape).toEqual([3, 4]);
  });

  it('that functions read besides are not taken up by the layer behind them', () => {
    class Read extends nn.Module {
      fc = new nn.Linear(8, 8);
      relu = new nn.ReLU();
      constructor(private readonly use: (y: Tensor, relu: nn.ReLU) => Tensor) {
        super();
      }
      forward(input: Tensor): Tensor {
        return this.use(this.fc.forward(input), this.relu);
      }
    }
    const outputBits = (use: (y: Tensor, relu: nn.ReLU) => Tensor) =>
      bits(layer(new QuantizationSimModel(new Read(use), { dummyInput: x }).model, 'fc').outputQuantizers);
    expect(outputBits((y, relu) => relu.forward(y))).toEqual([null]);
    expect(outputBits((y, relu) => relu.forward(y).sub(1))).toEqual([null]);
    expect(outputBits((y, relu) => relu.forward(y).sub(y))).toEqual([8]);
    expect(outputBits((y, relu) => relu.forward(y.mul_(2)))).toEqual([8]);
    expect(outputBits((y, relu) => relu.forward(y).mul(y.select(-1, 0).mean()))).toEqual([8]);
  });

  it('give functions what they ask for: gradients, and tensors that know their grid', () => {
    class Asking extends nn.Module {
      fc = new nn.Linear(8, 8);
      tanh = new nn.Tanh();
      flatten = new nn.Flatten();
      constructor(private readonly grid: affine.QuantizeDequantize) {
        super();
      }
      forward(input: Tensor): Tensor {
        const leaf = input.detach();
        leaf.requiresGrad = true;
        enableGrad(() => this.tanh.forward(this.fc.forward(leaf)).sum().backward());
        const onGrid = this.flatten.forward(this.grid.forward(leaf.grad!)) as DequantizedTensor;
        return onGrid.quantize().add(1);
      }
    }
    const grid = new affine.QuantizeDequantize({ shape: [], symmetric: false, bitwidth: 8 });
    grid.setRange(-1, 1);
    const sim = new QuantizationSimModel(new Asking(grid), { dummyInput: x });
    expect(bits([...layer(sim.model, 'fc').outputQuantizers, ...layer(sim.model, 'tanh').outputQuantizers])).toEqual([
      8, 8,
    ]);
  });

  it('of attention, whose projections get their weights as inputs', () => {
    const model = new nn.TransformerEncoderLayer(16, 2, { dimFeedforward: 24, batchFirst: true }).eval();
    const sequence = randn([3, 7, 16]);
    const sim = new QuantizationSimModel(model, { dummyInput: sequence });
    const [values, weight, bias] = (sim.model.selfAttn.queryProjection as nn.DynamicLinear & QuantizedModule)
      .inputQuantizers;
    expect([bits([values]), (weight as affine.QuantizeDequantize).symmetric, bias]).toEqual([[8], true, null]);
    noGrad(() => sim.computeEncodings((net) => net.forward(sequence)));
    const wanted = noGrad(() => sim.model.forward(sequence));
    const { model: integer, report } = lowerToInteger(sim.model, sequence);
    expect(report.floats).toEqual([]);
    const step = wanted.max().sub(wanted.min()).item() / 255;
    expect(
      noGrad(() => integer.forward(sequence))
        .sub(wanted)
        .abs()
        .max()
        .item(),
    ).toBeLessThan(4 * step);
  });

  it('that are excluded are float layers again', () => {
    const { sim } = calibrated();
    const { fc } = sim.model;
    expect(() => sim.excludeLayersFromQuantization([fc, new nn.ReLU()])).toThrow(
      /no quantized layer of the simulation/,
    );
    expect(sim.model.fc).toBeInstanceOf(QuantizedLinear);
    sim.excludeLayersFromQuantization([fc]);
    expect(sim.model.fc).not.toBeInstanceOf(QuantizedLinear);
    expect(sim.model.fc.weight).toBe(fc.weight);
    expect(Object.keys(sim.exportEncodings().activation_encodings)).not.toContain('fc');
  });

  it('that hold others are excluded with all quantized layers in them', () => {
    const model = new nn.TransformerEncoderLayer(16, 2, { dimFeedforward: 24, batchFirst: true }).eval();
    const sequence = randn([3, 7, 16]);
    const sim = new QuantizationSimModel(model, { dummyInput: sequence });
    const { selfAttn, linear1 } = sim.model;
    const { inProjWeight } = selfAttn;
    sim.excludeLayersFromQuantization([selfAttn, selfAttn.queryProjection]);
    expect(sim.model.selfAttn.modules().some(isQuantized)).toBe(false);
    expect(sim.model.selfAttn.inProjWeight).toBe(inProjWeight);
    expect(isQuantized(sim.model.linear1)).toBe(true);
    expect(() => sim.excludeLayersFromQuantization([linear1, sim.model.selfAttn])).toThrow(/and holds none/);
    expect(isQuantized(sim.model.linear1)).toBe(true);
    noGrad(() => sim.computeEncodings((net) => net.forward(sequence)));
    sim.excludeLayersFromQuantization([sim.model]);
    expect(noGrad(() => sim.model.forward(sequence)).equal(noGrad(() => model.forward(sequence)))).toBe(true);
  });

  it('that are quantized as a whole are excluded with the quantized layers in them', () => {
    class Block extends nn.Module {
      fc: nn.Module = new QuantizedLinear(8, 8);
      forward(input: Tensor): Tensor {
        return this.fc.forward(input) as Tensor;
      }
    }
    class QuantizedBlock extends QuantizationMixin(Block) {}
    QuantizationMixin.implements(Block)(QuantizedBlock);
    const sim = new QuantizationSimModel<nn.Module>(new Block(), { dummyInput: x });
    sim.excludeLayersFromQuantization([sim.model]);
    expect(sim.model.modules().map(({ constructor }) => constructor.name)).toEqual(['Block', 'Linear']);
  });

  it('a model that is one layer', () => {
    const sim = new QuantizationSimModel<nn.Module>(new nn.Linear(8, 2), { dummyInput: x });
    expect(sim.model).toBeInstanceOf(QuantizedLinear);
    sim.excludeLayersFromQuantization([sim.model]);
    expect(sim.model).not.toBeInstanceOf(QuantizedLinear);
  });
});
