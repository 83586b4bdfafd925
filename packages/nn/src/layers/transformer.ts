import { full, type Tensor } from '@q/tensor';
import { checkChoice, optionsOf } from '@q/tensor/internal';
import { xavierUniform } from '../init.js';
import { checkModule, Module } from '../module.js';
import { checkBooleans } from '../options.js';
import { checkLayers, checkSizes } from '../sizes.js';
import type { StateNames } from '../slots.js';
import { GELU, ReLU } from './activation.js';
import { MultiheadAttention } from './attention.js';
import { ModuleList } from './container.js';
import { Dropout } from './dropout.js';
import { Add } from './elementwise.js';
import { Linear } from './linear.js';
import { LayerNorm } from './norm/layer.js';
import type { Layer } from './operation.js';

/** Options of the layers of a transformer. */
export interface TransformerLayerOptions {
  /** Size between the two linear layers. Default: 2048. */
  readonly dimFeedforward?: number;
  /** Probability of the dropouts in training. Default: 0.1. */
  readonly dropout?: number;
  /** What stands between the two linear layers: a name, or a module. Default: 'relu'. */
  readonly activation?: 'relu' | 'gelu' | Layer;
  /** Default: 1e-5. */
  readonly layerNormEps?: number;
  /** Whether sequences are `[N, L, E]` rather than `[L, N, E]`. Default: false. */
  readonly batchFirst?: boolean;
  /** Whether normalizations stand before attention and linear layers rather than behind. Default: false. */
  readonly normFirst?: boolean;
  /** Whether linear layers and normalizations have biases. Default: true. */
  readonly bias?: boolean;
}

const layerOptions = [
  'dimFeedforward',
  'dropout',
  'activation',
  'layerNormEps',
  'batchFirst',
  'normFirst',
  'bias',
] as const;

/** Masks of one attention: see `MultiheadAttention`. */
interface Masks {
  readonly attnMask: Tensor | null;
  readonly keyPaddingMask: Tensor | null;
}

/** What encoder and decoder layers share: attention to itself and two linear layers, each added to its input. */
abstract class TransformerLayer extends Module {
  static override readonly stateNames: StateNames = { selfAttn: 'self_attn', multiheadAttn: 'multihead_attn' };
  /** Whether normalizations stand before attention and linear layers rather than behind. */
  normFirst: boolean;
  /** Attention of the sequence to itself. */
  selfAttn: MultiheadAttention;
  /** First linear layer. */
  linear1: Linear;
  /** Dropout between the linear layers. */
  dropout: Dropout;
  /** Second linear layer. */
  linear2: Linear;
  /** First normalization. */
  norm1: LayerNorm;
  /** Second normalization. */
  norm2: LayerNorm;
  /** Dropout of the first residual. */
  dropout1: Dropout;
  /** Dropout of the second residual. */
  dropout2: Dropout;
  /** What stands between the linear layers. */
  activation: Layer;
  /** Addition of the first residual. */
  add1: Add;
  /** Addition of the second residual. */
  add2: Add;

  constructor(dModel: number, nhead: number, options: TransformerLayerOptions) {
    super();
    const layer = this.constructor.name;
    const {
      dimFeedforward = 2048,
      dropout = 0.1,
      activation = 'relu',
      layerNormEps = 1e-5,
    } = optionsOf(layer, options, layerOptions);
    const { batchFirst = false, normFirst = false, bias = true } = options;
    checkSizes(layer, { dModel, nhead, dimFeedforward });
    checkBooleans(layer, { batchFirst, normFirst, bias });
    if (!(activation instanceof Module)) checkChoice(layer, 'activation', activation, ['relu', 'gelu']);
    this.normFirst = normFirst;
    this.selfAttn = new MultiheadAttention(dModel, nhead, { dropout, batchFirst, bias });
    this.linear1 = new Linear(dModel, dimFeedforward, { bias });
    this.dropout = new Dropout(dropout);
    this.linear2 = new Linear(dimFeedforward, dModel, { bias });
    this.norm1 = new LayerNorm(dModel, { eps: layerNormEps, bias });
    this.norm2 = new LayerNorm(dModel, { eps: layerNormEps, bias });
    this.dropout1 = new Dropout(dropout);
    this.dropout2 = new Dropout(dropout);
    this.activation = activation === 'relu' ? new ReLU() : activation === 'gelu' ? new GELU() : activation;
    this.add1 = new Add();
    this.add2 = new Add();
  }

  /** `x` and what a part of the layer makes of it, normalized before or behind. */
  protected residual(x: Tensor, norm: LayerNorm, add: Add, part: (x: Tensor) => Tensor): Tensor {
    return this.normFirst ? add.forward(x, part(norm.forward(x))) : norm.forward(add.forward(x, part(x)));
  }

  /**
   * Attention of a sequence to itself.
   *
   * @internal
   */
  protected attend(x: Tensor, masks: Masks): Tensor {
    return this.dropout1.forward(this.selfAttn.forward(x, x, x, { ...masks, needWeights: false })[0]);
  }

  /** The two linear layers. */
  protected feedForward(x: Tensor, last: Dropout): Tensor {
    const hidden = this.activation.forward(this.linear1.forward(x));
    return last.forward(this.linear2.forward(this.dropout.forward(hidden)));
  }
}

/** Options of a call of `TransformerEncoderLayer`. */
export interface EncoderLayerMasks {
  /** `[L, L]`, see `MultiheadAttention`. */
  readonly srcMask?: Tensor | null;
  /** `[N, L]`, see `MultiheadAttention`. */
  readonly srcKeyPaddingMask?: Tensor | null;
}

/**
 * Attention to itself and two linear layers, each with dropout, residual and normalization (Vaswani et al., 2017).
 *
 * @example
 * new TransformerEncoderLayer(512, 8, { batchFirst: true }).forward(randn([4, 10, 512])); // [4, 10, 512]
 */
export class TransformerEncoderLayer extends TransformerLayer {
  constructor(dModel: number, nhead: number, options: TransformerLayerOptions = {}) {
    super(dModel, nhead, options);
  }

  forward(src: Tensor, options: EncoderLayerMasks = {}): Tensor {
    const { srcMask = null, srcKeyPaddingMask = null } = optionsOf('TransformerEncoderLayer.forward', options, [
      'srcMask',
      'srcKeyPaddingMask',
    ]);
    const x = this.residual(src, this.norm1, this.add1, (y) =>
      this.attend(y, { attnMask: srcMask, keyPaddingMask: srcKeyPaddingMask }),
    );
    return this.residual(x, this.norm2, this.add2, (y) => this.feedForward(y, this.dropout2));
  }
}

/** Options of a call of `TransformerDecoderLayer` and `TransformerDecoder`. */
export interface DecoderMasks {
  /** `[L, L]`, see `MultiheadAttention`. */
  readonly tgtMask?: Tensor | null;
  /** `[L, S]` */
  readonly memoryMask?: Tensor | null;
  /** `[N, L]` */
  readonly tgtKeyPaddingMask?: Tensor | null;
  /** `[N, S]` */
  readonly memoryKeyPaddingMask?: Tensor | null;
}

/** What a decoder layer has beyond an encoder layer, by the property it stands behind. */
const behind: Readonly<Record<string, string>> = {
  selfAttn: 'multiheadAttn',
  norm2: 'norm3',
  dropout2: 'dropout3',
  add2: 'add3',
};

/** Attention to itself, attention to the encoder's result, and two linear layers (Vaswani et al., 2017). */
export class TransformerDecoderLayer extends TransformerLayer {
  /** Attention to the encoder's result. */
  multiheadAttn: MultiheadAttention;
  /** Third normalization. */
  norm3: LayerNorm;
  /** Dropout of the third residual. */
  dropout3: Dropout;
  /** Addition of the third residual. */
  add3: Add;

  constructor(dModel: number, nhead: number, options: TransformerLayerOptions = {}) {
    super(dModel, nhead, options);
    const { dropout = 0.1, layerNormEps = 1e-5, batchFirst = false, bias = true } = options;
    this.multiheadAttn = new MultiheadAttention(dModel, nhead, { dropout, batchFirst, bias });
    this.norm3 = new LayerNorm(dModel, { eps: layerNormEps, bias });
    this.dropout3 = new Dropout(dropout);
    this.add3 = new Add();
  }

  /**
   * The keys in PyTorch's order, in which the third of each kind stands beside the others.
   *
   * @internal
   */
  override slotKeys(owner: object): readonly string[] {
    const keys = super.slotKeys(owner);
    if (owner !== this) return keys;
    const rest = keys.filter((key) => !Object.values(behind).includes(key));
    return rest.flatMap((key) => (behind[key] === undefined ? [key] : [key, behind[key]]));
  }

  /**
   * The target, with the source seen by attention.
   *
   * @param memory what the encoder made of the source
   */
  forward(tgt: Tensor, memory: Tensor, options: DecoderMasks = {}): Tensor {
    const {
      tgtMask = null,
      memoryMask = null,
      tgtKeyPaddingMask = null,
      memoryKeyPaddingMask = null,
    } = optionsOf('TransformerDecoderLayer.forward', options, [
      'tgtMask',
      'memoryMask',
      'tgtKeyPaddingMask',
      'memoryKeyPaddingMask',
    ]);
    const x = this.residual(tgt, this.norm1, this.add1, (y) =>
      this.attend(y, { attnMask: tgtMask, keyPaddingMask: tgtKeyPaddingMask }),
    );
    const seen = { attnMask: memoryMask, keyPaddingMask: memoryKeyPaddingMask, needWeights: false };
    const z = this.residual(x, this.norm2, this.add2, (y) =>
      this.dropout2.forward(this.multiheadAttn.forward(y, memory, memory, seen)[0]),
    );
    return this.residual(z, this.norm3, this.add3, (y) => this.feedForward(y, this.dropout3));
  }
}

/** Options of `TransformerEncoder` and `TransformerDecoder`. */
export interface StackOptions {
  /** Normalization of the result. */
  readonly norm?: Layer | null;
}

/** Options of a call of `TransformerEncoder`. */
export interface EncoderMasks {
  /** `[L, L]`, see `MultiheadAttention`. */
  readonly mask?: Tensor | null;
  /** `[N, L]`, see `MultiheadAttention`. */
  readonly srcKeyPaddingMask?: Tensor | null;
}

function copies<M extends Module>(stack: string, layer: M, count: number): ModuleList<M> {
  checkModule(stack, 'the layer', layer);
  checkLayers(stack, count);
  return new ModuleList<M>(Array.from({ length: count }, () => layer.clone()));
}

/** Copies of an encoder layer, one after the other. They start with the same parameters. */
export class TransformerEncoder extends Module {
  /** The layers in their order. */
  layers: ModuleList<TransformerEncoderLayer>;
  /** Normalization of the result, or null. */
  norm: Layer | null;

  constructor(encoderLayer: TransformerEncoderLayer, numLayers: number, options: StackOptions = {}) {
    const { norm = null } = optionsOf('TransformerEncoder', options, ['norm']);
    super();
    if (norm !== null) checkModule('TransformerEncoder', 'norm', norm);
    this.layers = copies('TransformerEncoder', encoderLayer, numLayers);
    this.norm = norm;
  }

  forward(src: Tensor, options: EncoderMasks = {}): Tensor {
    const { mask = null, srcKeyPaddingMask = null } = optionsOf('TransformerEncoder.forward', options, [
      'mask',
      'srcKeyPaddingMask',
    ]);
    let x = src;
    for (const layer of this.layers) x = layer.forward(x, { srcMask: mask, srcKeyPaddingMask });
    return this.norm ? this.norm.forward(x) : x;
  }
}

/** Copies of a decoder layer, one after the other. They start with the same parameters. */
export class TransformerDecoder extends Module {
  /** The layers in their order. */
  layers: ModuleList<TransformerDecoderLayer>;
  /** Normalization of the result, or null. */
  norm: Layer | null;

  constructor(decoderLayer: TransformerDecoderLayer, numLayers: number, options: StackOptions = {}) {
    const { norm = null } = optionsOf('TransformerDecoder', options, ['norm']);
    super();
    if (norm !== null) checkModule('TransformerDecoder', 'norm', norm);
    this.layers = copies('TransformerDecoder', decoderLayer, numLayers);
    this.norm = norm;
  }

  /**
   * The target through all layers.
   *
   * @param memory what the encoder made of the source
   */
  forward(tgt: Tensor, memory: Tensor, masks: DecoderMasks = {}): Tensor {
    let x = tgt;
    for (const layer of this.layers) x = layer.forward(x, memory, masks);
    return this.norm ? this.norm.forward(x) : x;
  }
}

/** An encoder: a `TransformerEncoder`, or a module that is called as one. */
export interface Encoder extends Module {
  forward(src: Tensor, masks?: EncoderMasks): Tensor;
}

/** A decoder: a `TransformerDecoder`, or a module that is called as one. */
export interface Decoder extends Module {
  forward(tgt: Tensor, memory: Tensor, masks?: DecoderMasks): Tensor;
}

/** Options of `Transformer`. */
export interface TransformerOptions extends TransformerLayerOptions {
  /** Size of the vectors. Default: 512. */
  readonly dModel?: number;
  /** Number of heads. Default: 8. */
  readonly nhead?: number;
  /** Default: 6. */
  readonly numEncoderLayers?: number;
  /** Default: 6. */
  readonly numDecoderLayers?: number;
  /** Takes the place of the encoder. */
  readonly customEncoder?: Encoder | null;
  /** Takes the place of the decoder. */
  readonly customDecoder?: Decoder | null;
}

/** Options of a call of `Transformer`. */
export interface TransformerMasks extends DecoderMasks, EncoderLayerMasks {}

/**
 * An encoder for a source and a decoder for a target (Vaswani et al., 2017), both ended by a normalization; embeddings and
 * the last linear layer are yours.
 *
 * @example
 * const model = new Transformer({ dModel: 64, nhead: 4, numEncoderLayers: 2, numDecoderLayers: 2 });
 * const tgtMask = Transformer.generateSquareSubsequentMask(tgt.shape[0]);
 * model.forward(src, tgt, { tgtMask }); // src: [S, N, 64], tgt: [T, N, 64], result: [T, N, 64]
 */
export class Transformer extends Module {
  /** What reads the source. */
  encoder: Encoder;
  /** What makes the target. */
  decoder: Decoder;
  /** Size of the vectors. */
  dModel: number;
  /** Number of heads. */
  nhead: number;
  /** Whether sequences are `[N, L, E]` rather than `[L, N, E]`. */
  batchFirst: boolean;

  constructor(options: TransformerOptions = {}) {
    super();
    const {
      dModel = 512,
      nhead = 8,
      numEncoderLayers = 6,
      numDecoderLayers = 6,
      customEncoder = null,
      customDecoder = null,
      ...layer
    } = optionsOf('Transformer', options, [
      'dModel',
      'nhead',
      'numEncoderLayers',
      'numDecoderLayers',
      'customEncoder',
      'customDecoder',
      ...layerOptions,
    ]);
    checkSizes('Transformer', { dModel, nhead });
    if (customEncoder !== null) checkModule('Transformer', 'customEncoder', customEncoder);
    if (customDecoder !== null) checkModule('Transformer', 'customDecoder', customDecoder);
    const norm = (): LayerNorm => new LayerNorm(dModel, { eps: layer.layerNormEps, bias: layer.bias });
    this.encoder =
      customEncoder ??
      new TransformerEncoder(new TransformerEncoderLayer(dModel, nhead, layer), numEncoderLayers, { norm: norm() });
    this.decoder =
      customDecoder ??
      new TransformerDecoder(new TransformerDecoderLayer(dModel, nhead, layer), numDecoderLayers, { norm: norm() });
    this.dModel = dModel;
    this.nhead = nhead;
    this.batchFirst = layer.batchFirst ?? false;
    this.resetParameters();
  }

  /** Draws new weights for all matrices, as PyTorch does. */
  resetParameters(): void {
    for (const parameter of this.parameters()) if (parameter.ndim > 1) xavierUniform(parameter);
  }

  /** @returns `[T, N, dModel]`, or `[N, T, dModel]` with `batchFirst` */
  forward(src: Tensor, tgt: Tensor, options: TransformerMasks = {}): Tensor {
    const {
      srcMask = null,
      srcKeyPaddingMask = null,
      ...rest
    } = optionsOf('Transformer.forward', options, [
      'tgtMask',
      'memoryMask',
      'tgtKeyPaddingMask',
      'memoryKeyPaddingMask',
      'srcMask',
      'srcKeyPaddingMask',
    ]);
    const memory = this.encoder.forward(src, { mask: srcMask, srcKeyPaddingMask });
    return this.decoder.forward(tgt, memory, rest);
  }

  /** A mask `[size, size]` to be added to scores, that hides all later positions: -Infinity above the diagonal. */
  static generateSquareSubsequentMask(size: number): Tensor {
    return full([size, size], -Infinity).triu({ diagonal: 1 });
  }
}
