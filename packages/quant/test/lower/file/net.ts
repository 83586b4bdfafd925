import * as nn from '@q/nn';
import { manualSeed, noGrad, randint, type Tensor } from '@q/tensor';
import { writeSafetensors } from '@q/tensor/io';
import { computeEncodings, lowerToInteger, toQuantized } from '../../../src/index.js';
import { checksum } from '../../../src/lower/file/checksum.js';
import { activation, slots, weights } from '../layers.js';

/** One layer of every rule. */
export class Net extends nn.Module {
  embedding = new nn.Embedding(30, 12);
  conv = new nn.Conv1d(10, 8, 3, { padding: 1 });
  relu = new nn.ReLU();
  up = new nn.ConvTranspose1d(8, 6, 2, { stride: 2, groups: 2 });
  tanh = new nn.Tanh();
  norm = new nn.LayerNorm([24]);
  product = new nn.MatMul();
  add = new nn.Add();
  concat = new nn.Concat(1);
  flatten = new nn.Flatten();
  head = new nn.Linear(6 * 12, 5, { bias: false });

  forward(index: Tensor): Tensor {
    const hidden = this.relu.forward(this.conv.forward(this.embedding.forward(index)));
    const normed = this.norm.forward(this.tanh.forward(this.up.forward(hidden)));
    const square = this.product.forward(normed, normed.transpose(1, 2));
    const sum = this.add.forward(square, square);
    return this.head.forward(this.flatten.forward(this.concat.forward(sum, square)));
  }
}

export const index = randint(0, 30, [4, 10]);

/** The results of a model. */
export const results = (net: nn.Module): unknown => noGrad(() => net.forward(index) as Tensor).data;

/** The model on integers, with weights of so many bits. */
export function integerNet(bits: number) {
  manualSeed(11);
  const net = toQuantized(new Net());
  for (const layer of [net.conv, net.up, net.head, net.embedding, net.norm])
    slots(layer).paramQuantizers.weight = bits === 8 ? weights(8) : activation(bits);
  for (const layer of [net.embedding, net.relu, net.up, net.tanh, net.norm, net.product, net.add, net.concat, net.head])
    slots(layer).outputQuantizers = [activation()];
  noGrad(() => computeEncodings(net, () => net.forward(index)));
  return lowerToInteger(net, index);
}

/** The bytes of a file with these tensors and metadata and the checksum that belongs to them. */
export const fileOf = (tensors: Readonly<Record<string, Tensor>>, metadata: Readonly<Record<string, string>>) =>
  writeSafetensors(tensors, {
    metadata: { ...metadata, checksum: checksum([metadata.layers!, metadata.others!], tensors) },
  });
