import {
  Add,
  Conv2d,
  GELU,
  LayerNorm,
  Linear,
  MatMul,
  Module,
  Permute,
  ReLU,
  ReLU6,
  Reshape,
  Softmax,
  type Layer,
} from '@q/nn';
import { noGrad, type Tensor } from '@q/tensor';
import { DigitsNet, foldBatchNorms } from '../../docs/examples/digits/model.js';
import { started } from './modules.js';
import type { NetworkName } from './workloads.js';

/** 784-1024-1024-10 with ReLUs. */
class WideMlp extends Module {
  fc1 = new Linear(784, 1024);
  relu1 = new ReLU();
  fc2 = new Linear(1024, 1024);
  relu2 = new ReLU();
  fc3 = new Linear(1024, 10);

  forward(x: Tensor): Tensor {
    const hidden = this.relu1.forward(this.fc1.forward(x));
    return this.fc3.forward(this.relu2.forward(this.fc2.forward(hidden)));
  }
}

/** Inverted residual of MobileNetV2 (Sandler et al., 2018) with its batch norms folded: 32 channels, six times as many inside. */
class MobileNetBlock extends Module {
  expand = new Conv2d(32, 192, 1);
  relu1 = new ReLU6();
  depthwise = new Conv2d(192, 192, 3, { padding: 1, groups: 192 });
  relu2 = new ReLU6();
  project = new Conv2d(192, 32, 1);
  add = new Add();

  forward(x: Tensor): Tensor {
    const expanded = this.relu1.forward(this.expand.forward(x));
    const filtered = this.relu2.forward(this.depthwise.forward(expanded));
    return this.add.forward(x, this.project.forward(filtered));
  }
}

const [sequence, width, heads] = [128, 256, 4];

/** Encoder layer with its norms first (Xiong et al., 2020), one sequence: every step is a layer, so that each can be quantized. */
class TransformerBlock extends Module {
  norm1 = new LayerNorm(width);
  query = new Linear(width, width);
  key = new Linear(width, width);
  value = new Linear(width, width);
  splitQuery = new Reshape();
  splitKey = new Reshape();
  splitValue = new Reshape();
  queryHeads = new Permute();
  keyHeads = new Permute();
  valueHeads = new Permute();
  scores = new MatMul();
  softmax = new Softmax(-1);
  context = new MatMul();
  positions = new Permute();
  join = new Reshape();
  out = new Linear(width, width);
  add1 = new Add();
  norm2 = new LayerNorm(width);
  fc1 = new Linear(width, 4 * width);
  gelu = new GELU();
  fc2 = new Linear(4 * width, width);
  add2 = new Add();

  forward(x: Tensor): Tensor {
    const attended = this.add1.forward(x, this.attention(this.norm1.forward(x)));
    const hidden = this.gelu.forward(this.fc1.forward(this.norm2.forward(attended)));
    return this.add2.forward(attended, this.fc2.forward(hidden));
  }

  private attention(x: Tensor): Tensor {
    const split = [sequence, heads, width / heads];
    const query = this.queryHeads.forward(this.splitQuery.forward(this.query.forward(x), split), [1, 0, 2]);
    const key = this.keyHeads.forward(this.splitKey.forward(this.key.forward(x), split), [1, 2, 0]);
    const value = this.valueHeads.forward(this.splitValue.forward(this.value.forward(x), split), [1, 0, 2]);
    const weights = this.softmax.forward(this.scores.forward(query, key));
    const context = this.positions.forward(this.context.forward(weights, value), [1, 0, 2]);
    return this.out.forward(this.join.forward(context, [sequence, width]));
  }
}

/** The scale of the scores, 1 / sqrt(size of a head), goes into the query's projection. */
function scaled(block: TransformerBlock): TransformerBlock {
  noGrad(() => {
    for (const parameter of block.query.parameters()) parameter.mul_(Math.sqrt(heads / width));
  });
  return block;
}

const networks: Readonly<Record<NetworkName, () => Layer>> = {
  mlp: () => started(new WideMlp()),
  cnn: () => foldBatchNorms(started(new DigitsNet())),
  'mobilenet-block': () => started(new MobileNetBlock()),
  'transformer-block': () => scaled(started(new TransformerBlock())),
};

/** The float network of that name, for inference. */
export const networkOf = (name: NetworkName): Layer => networks[name]().eval();
