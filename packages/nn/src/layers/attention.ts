import { ArgumentError, cat, ShapeError, shown, zeros, type Tensor } from '@q/tensor';
import { checkOptionalTensor, checkTensors, optionsOf, sameShape } from '@q/tensor/internal';
import { masked } from '../functional/attention.js';
import { checkProbability, dropout } from '../functional/dropout.js';
import { xavierNormal, xavierUniform, zeros as fillZeros } from '../init.js';
import { Module } from '../module.js';
import { checkBooleans } from '../options.js';
import { Parameter } from '../parameter.js';
import { checkSizes } from '../sizes.js';
import type { StateNames } from '../slots.js';
import { Softmax } from './activation.js';
import { Linear } from './linear.js';
import { DynamicLinear, MatMul } from './product.js';

/** Options of `MultiheadAttention`. */
export interface MultiheadAttentionOptions {
  /** Probability of a dropout of the attention weights in training. Default: 0. */
  readonly dropout?: number;
  /** Whether the projections have biases. Default: true. */
  readonly bias?: boolean;
  /** Whether a learned key and value are appended to the sequence. Default: false. */
  readonly addBiasKv?: boolean;
  /** Whether a key and value of zeros are appended. Default: false. */
  readonly addZeroAttn?: boolean;
  /** Size of the keys. Default: embedDim. */
  readonly kdim?: number | null;
  /** Size of the values. Default: embedDim. */
  readonly vdim?: number | null;
  /** Whether sequences are `[N, L, E]` rather than `[L, N, E]`. Default: false. */
  readonly batchFirst?: boolean;
}

/** Options of a call of `MultiheadAttention`. */
export interface AttendOptions {
  /** `[N, S]` (or `[S]`): bool, true for keys that nobody may see, or numbers to be added to the scores. */
  readonly keyPaddingMask?: Tensor | null;
  /** `[L, S]` or `[N * heads, L, S]`: bool, true where a query may not see a key, or numbers to be added to the scores. */
  readonly attnMask?: Tensor | null;
  /** Whether the attention weights are returned. Default: true. */
  readonly needWeights?: boolean;
  /** Whether the returned weights are the mean over the heads. Default: true. */
  readonly averageAttnWeights?: boolean;
}

/**
 * Attention with several heads (Vaswani et al., 2017): `softmax(Q K^T / sqrt(d)) V` per head, between linear projections.
 *
 * The state dict is PyTorch's: `in_proj_weight` `[3 * embedDim, embedDim]` (or `q_proj_weight`, `k_proj_weight` and
 * `v_proj_weight` where the sizes differ), `in_proj_bias`, `out_proj`. The projections, both products and the softmax are
 * modules, so that quantizers can stand at them.
 *
 * @example
 * const [y, weights] = new MultiheadAttention(64, 8, { batchFirst: true }).forward(x, x, x); // x: [N, L, 64]
 */
export class MultiheadAttention extends Module {
  static override readonly stateNames: StateNames = {
    inProjWeight: 'in_proj_weight',
    qProjWeight: 'q_proj_weight',
    kProjWeight: 'k_proj_weight',
    vProjWeight: 'v_proj_weight',
    inProjBias: 'in_proj_bias',
    biasK: 'bias_k',
    biasV: 'bias_v',
    queryProjection: 'query_projection',
    keyProjection: 'key_projection',
    valueProjection: 'value_projection',
    outProj: 'out_proj',
  };
  /** Size of the queries and of the result. */
  embedDim: number;
  /** Number of heads. */
  numHeads: number;
  /** Size of the keys. */
  kdim: number;
  /** Size of the values. */
  vdim: number;
  /** Probability of the dropout of the attention weights in training. */
  dropout: number;
  /** Whether a key and value of zeros are appended. */
  addZeroAttn: boolean;
  /** Whether sequences are `[N, L, E]` rather than `[L, N, E]`. */
  batchFirst: boolean;
  /** The three projections in one; null where keys or values have another size. */
  inProjWeight: Parameter | null;
  /** Projection of the queries, `[embedDim, embedDim]`; null where `inProjWeight` has it. */
  qProjWeight: Parameter | null;
  /** Projection of the keys, `[embedDim, kdim]`; null where `inProjWeight` has it. */
  kProjWeight: Parameter | null;
  /** Projection of the values, `[embedDim, vdim]`; null where `inProjWeight` has it. */
  vProjWeight: Parameter | null;
  /** Biases of the three projections, `[3 * embedDim]`, or null. */
  inProjBias: Parameter | null;
  /** The learned key that is appended, `[1, 1, embedDim]`, or null. */
  biasK: Parameter | null;
  /** The learned value that is appended, `[1, 1, embedDim]`, or null. */
  biasV: Parameter | null;
  /** Projects the queries. */
  queryProjection: DynamicLinear;
  /** Projects the keys. */
  keyProjection: DynamicLinear;
  /** Projects the values. */
  valueProjection: DynamicLinear;
  /** Q K^T */
  scores: MatMul;
  /** Makes weights of the scores. */
  softmax: Softmax;
  /** The weights times V. */
  context: MatMul;
  /** Projects what the heads give together. */
  outProj: Linear;

  constructor(embedDim: number, numHeads: number, options: MultiheadAttentionOptions = {}) {
    super();
    const {
      bias = true,
      addBiasKv = false,
      addZeroAttn = false,
      batchFirst = false,
    } = optionsOf('MultiheadAttention', options, [
      'dropout',
      'bias',
      'addBiasKv',
      'addZeroAttn',
      'kdim',
      'vdim',
      'batchFirst',
    ]);
    this.embedDim = embedDim;
    this.numHeads = numHeads;
    this.kdim = options.kdim ?? embedDim;
    this.vdim = options.vdim ?? embedDim;
    this.dropout = options.dropout ?? 0;
    checkSizes('MultiheadAttention', { embedDim, numHeads, kdim: this.kdim, vdim: this.vdim });
    checkProbability('MultiheadAttention', this.dropout);
    checkBooleans('MultiheadAttention', { bias, addBiasKv, addZeroAttn, batchFirst });
    if (embedDim % numHeads !== 0)
      throw new ArgumentError(`MultiheadAttention: embedDim ${embedDim} does not divide into ${numHeads} heads.`);
    this.addZeroAttn = addZeroAttn;
    this.batchFirst = batchFirst;
    const packed = this.kdim === embedDim && this.vdim === embedDim;
    const weight = (rows: number, columns: number): Parameter => new Parameter(zeros([rows, columns]));
    this.inProjWeight = packed ? weight(3 * embedDim, embedDim) : null;
    this.qProjWeight = packed ? null : weight(embedDim, embedDim);
    this.kProjWeight = packed ? null : weight(embedDim, this.kdim);
    this.vProjWeight = packed ? null : weight(embedDim, this.vdim);
    this.inProjBias = bias ? new Parameter(zeros([3 * embedDim])) : null;
    this.biasK = addBiasKv ? new Parameter(zeros([1, 1, embedDim])) : null;
    this.biasV = addBiasKv ? new Parameter(zeros([1, 1, embedDim])) : null;
    this.queryProjection = new DynamicLinear();
    this.keyProjection = new DynamicLinear();
    this.valueProjection = new DynamicLinear();
    this.scores = new MatMul();
    this.softmax = new Softmax(-1);
    this.context = new MatMul();
    this.outProj = new Linear(embedDim, embedDim, { bias });
    this.resetParameters();
  }

  /** Draws new parameters, as PyTorch does. */
  resetParameters(): void {
    for (const weight of [this.inProjWeight, this.qProjWeight, this.kProjWeight, this.vProjWeight])
      if (weight) xavierUniform(weight);
    if (this.inProjBias) fillZeros(this.inProjBias);
    if (this.outProj.bias) fillZeros(this.outProj.bias);
    if (this.biasK) xavierNormal(this.biasK);
    if (this.biasV) xavierNormal(this.biasV);
  }

  /** Throws unless query `[L, N, embedDim]`, key `[S, N, kdim]` and value `[S, N, vdim]` fit, all with or all without a batch. */
  protected checkInputs(query: Tensor, key: Tensor, value: Tensor): void {
    checkTensors('MultiheadAttention', { query, key, value });
    const sizes = [this.embedDim, this.kdim, this.vdim];
    const rank = query.ndim;
    const outer = rank === 3 && this.batchFirst ? 1 : 0;
    const fits =
      (rank === 2 || rank === 3) &&
      [query, key, value].every((x, i) => x.ndim === rank && x.shape[rank - 1] === sizes[i]) &&
      key.shape[outer] === value.shape[outer] &&
      (rank === 2 ||
        (query.shape[1 - outer] === key.shape[1 - outer] && key.shape[1 - outer] === value.shape[1 - outer]));
    if (!fits)
      throw new ShapeError(
        `MultiheadAttention: wants ${this.batchFirst ? '[N, L, E], [N, S, K], [N, S, V]' : '[L, N, E], [S, N, K], [S, N, V]'} with E = ${sizes[0]}, K = ${sizes[1]}, V = ${sizes[2]}, or all without N; got ${shown(query.shape)}, ${shown(key.shape)}, ${shown(value.shape)}.`,
      );
  }

  /** The projections of `[L, N, ...]`: each `[length, N, embedDim]`. */
  protected project(query: Tensor, key: Tensor, value: Tensor): [query: Tensor, key: Tensor, value: Tensor] {
    const weights = this.inProjWeight?.chunk(3) ?? [this.qProjWeight!, this.kProjWeight!, this.vProjWeight!];
    const biases = this.inProjBias?.chunk(3) ?? [null, null, null];
    return [
      this.queryProjection.forward(query, weights[0]!, biases[0]!),
      this.keyProjection.forward(key, weights[1]!, biases[1]!),
      this.valueProjection.forward(value, weights[2]!, biases[2]!),
    ];
  }

  /** `[length, N, embedDim]` as `[N * heads, length, embedDim / heads]`. */
  protected heads(x: Tensor): Tensor {
    return x.reshape([x.shape[0]!, x.shape[1]! * this.numHeads, this.embedDim / this.numHeads]).transpose(0, 1);
  }

  /** The scores `[N * heads, L, S]` with both masks, which do not hide the keys that this layer appends. */
  protected hide(scores: Tensor, batch: number, attnMask: Tensor | null, keyPaddingMask: Tensor | null): Tensor {
    const layer = 'MultiheadAttention';
    const [all, queries, keys] = scores.shape as [number, number, number];
    const appended = Number(this.biasK !== null) + Number(this.addZeroAttn);
    const check = (name: string, mask: Tensor, ...shapes: readonly (readonly number[])[]): void => {
      if (!shapes.some((shape) => sameShape(shape, mask.shape)))
        throw new ShapeError(`${layer}: ${name} must be ${shapes.map(shown).join(' or ')}, got ${shown(mask.shape)}.`);
    };
    const extended = (mask: Tensor): Tensor => (appended === 0 ? mask : mask.pad([0, appended]));
    let hidden = scores;
    if (attnMask) {
      const own = keys - appended;
      check('attnMask', attnMask, [queries, own], [all, queries, own]);
      hidden = masked(layer, hidden, extended(attnMask), true);
    }
    if (keyPaddingMask) {
      check('keyPaddingMask', keyPaddingMask, [batch, keys - appended]);
      const perHead = extended(keyPaddingMask).reshape([batch, 1, 1, keys]).expand([batch, this.numHeads, 1, keys]);
      hidden = masked(layer, hidden, perHead.reshape([all, 1, keys]), true);
    }
    return hidden;
  }

  /**
   * @param query `[L, N, embedDim]`, or `[N, L, embedDim]` with `batchFirst`, or `[L, embedDim]`
   * @param key `[S, N, kdim]`
   * @param value `[S, N, vdim]`
   * @returns the result in the shape of the query, and the weights `[N, L, S]` (`[N, heads, L, S]` where not averaged) or null
   */
  forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    options: AttendOptions = {},
  ): [output: Tensor, weights: Tensor | null] {
    const {
      keyPaddingMask = null,
      attnMask = null,
      needWeights = true,
      averageAttnWeights = true,
    } = optionsOf('MultiheadAttention.forward', options, [
      'keyPaddingMask',
      'attnMask',
      'needWeights',
      'averageAttnWeights',
    ]);
    checkBooleans('MultiheadAttention', { needWeights, averageAttnWeights });
    this.checkInputs(query, key, value);
    checkOptionalTensor('MultiheadAttention', 'keyPaddingMask', keyPaddingMask);
    checkOptionalTensor('MultiheadAttention', 'attnMask', attnMask);
    const single = query.ndim === 2;
    const lengthFirst = (x: Tensor): Tensor => (single ? x.unsqueeze(1) : this.batchFirst ? x.transpose(0, 1) : x);
    const [q, k, v] = this.project(lengthFirst(query), lengthFirst(key), lengthFirst(value));
    const [length, batch] = q.shape as [number, number];
    const size = this.embedDim / this.numHeads;
    const append = (x: Tensor, learned: Parameter | null): Tensor => {
      const first = this.heads(learned ? cat([x, learned.expand([1, batch, this.embedDim])]) : x);
      return this.addZeroAttn ? cat([first, zeros([batch * this.numHeads, 1, size], { dtype: x.dtype })], 1) : first;
    };
    const scaled = this.heads(q).div(Math.sqrt(size));
    const scores = this.scores.forward(scaled, append(k, this.biasK).transpose(1, 2));
    const padding =
      keyPaddingMask && single && keyPaddingMask.ndim === 1 ? keyPaddingMask.unsqueeze(0) : keyPaddingMask;
    const probabilities = this.softmax.forward(this.hide(scores, batch, attnMask, padding));
    const weights = dropout(probabilities, { p: this.dropout, training: this.training });
    const context = this.context.forward(weights, append(v, this.biasV));
    const joined = this.outProj.forward(context.transpose(0, 1).reshape([length, batch, this.embedDim]));
    const output = single ? joined.squeeze(1) : this.batchFirst ? joined.transpose(0, 1) : joined;
    if (!needWeights) return [output, null];
    const perHead = weights.reshape([batch, this.numHeads, length, weights.shape[2]!]);
    const shownWeights = averageAttnWeights ? perHead.mean(1) : perHead;
    return [output, single ? shownWeights.squeeze(0) : shownWeights];
  }
}
