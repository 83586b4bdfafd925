import { functional } from '@q/nn';
import { Adam, CosineAnnealingLR } from '@q/nn/optim';
import { manualSeed, randperm } from '@q/tensor';
import type { Digits } from './dataset.js';
import type { DigitsNet } from './model.js';

/** How a network is fine-tuned. */
export interface TrainOptions {
  readonly epochs: number;
  readonly batchSize?: number;
  readonly lr?: number;
  readonly seed?: number;
  /** Called after every batch with the share of the work that is done. */
  readonly onBatch?: (done: number) => void;
  /** Called after every epoch with the mean loss of its batches. */
  readonly onEpoch?: (epoch: number, loss: number) => void;
}

/**
 * Quantization-aware training: the network learns while it computes with quantized values. The ranges of its quantizers are
 * parameters as its weights are, and are learned with them.
 */
export function fineTune(net: DigitsNet, { images, labels }: Digits, options: TrainOptions): void {
  const { epochs, batchSize = 32, lr = 5e-4, seed = 1, onBatch, onEpoch } = options;
  const batches = Math.floor(labels.numel / batchSize);
  const optimizer = new Adam(net.parameters(), { lr });
  const schedule = new CosineAnnealingLR(optimizer, epochs * batches);
  manualSeed(seed);
  for (let epoch = 1; epoch <= epochs; epoch++) {
    net.train();
    const order = randperm(labels.numel);
    let total = 0;
    for (let batch = 0; batch < batches; batch++) {
      const picked = order.slice([batch * batchSize, (batch + 1) * batchSize]);
      const logits = net.forward(images.indexSelect(0, picked));
      const loss = functional.crossEntropy(logits, labels.indexSelect(0, picked), { labelSmoothing: 0.05 });
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      schedule.step();
      total += loss.item();
      onBatch?.((epoch - 1 + (batch + 1) / batches) / epochs);
    }
    onEpoch?.(epoch, total / batches);
  }
  net.eval();
}
