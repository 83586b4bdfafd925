import fc from 'fast-check';
import { dequantizeLinear, fakeQuantize, quantizeLinear, tensor, where, type Tensor } from '@q/tensor';
import {
  along,
  around,
  broadcasting,
  each,
  fractions,
  moved,
  pair,
  pool,
  positive,
  shapes,
  type Domain,
  type Entry,
} from './case.js';

/** Quotients away from the integers, where rounding them jumps. */
const quotients = (f: (a: Tensor, b: Tensor) => Tensor): Entry =>
  fc
    .record({ shape: shapes(), seed: fc.nat(), whole: fc.integer({ min: -3, max: 3 }) })
    .map(({ shape, seed, whole }) => {
      const [part, divisor] = pool(seed, [0.2017, 0.7913], shape, shape) as [Tensor, Tensor];
      const b = divisor.add(0.9);
      return { inputs: [part.add(whole).mul(b), b], f: (x, y) => f(x!, y!) };
    });

/** Three tensors that broadcast. */
const triple = (f: (a: Tensor, b: Tensor, c: Tensor) => Tensor, domain: Domain = around): Entry =>
  fc.tuple(broadcasting, fc.nat()).map(([[a, b], seed]) => ({
    inputs: pool(seed, domain, a, b, a),
    f: (x, y, z) => f(x!, y!, z!),
  }));

/** Which elements of a tensor a mask names, in a fixed pattern. */
const maskOf = (shape: readonly number[], pattern: number): Tensor => {
  const count = shape.reduce((product, size) => product * size, 1);
  return tensor(
    Array.from({ length: count }, (_, i) => (pattern >> (i % 7)) % 2 === 1),
    { dtype: 'bool' },
  ).reshape(shape);
};

/** A tensor and a mask over it. */
const masked = (f: (x: Tensor, mask: Tensor, value: Tensor) => Tensor): Entry =>
  fc.record({ shape: shapes(), seed: fc.nat(), pattern: fc.nat({ max: 127 }) }).map(({ shape, seed, pattern }) => ({
    inputs: pool(seed, around, shape, []),
    f: (x, value) => f(x!, maskOf(shape, pattern), value!),
  }));

const [qmin, qmax] = [-4, 3];

/** Encodings of a tensor, one entry per tensor or per position of the last dim, and values inside and outside of the grid. */
const encoded = (
  f: (x: Tensor, scale: Tensor, offset: Tensor) => Tensor,
  meant: (t: Tensor, scale: Tensor, offset: Tensor, inside: Tensor, end: Tensor) => Tensor,
): Entry =>
  fc
    .record({ shape: shapes(1), seed: fc.nat(), channels: fc.boolean(), start: fc.integer({ min: -2, max: 2 }) })
    .map(({ shape, seed, channels, start }) => {
      const sizes = channels ? [shape.at(-1)!] : [];
      const [x, scale] = pool(seed, around, shape, sizes) as [Tensor, Tensor];
      const base = { x, scale: moved(scale, around, [0.3, 0.5]) };
      const offset = scale.zerosLike().add(start).to('float64');
      // Rounding is taken for adding a constant, and leaving the grid for a constant.
      const ratio = base.x.div(base.scale);
      const residue = ratio.round().sub(ratio);
      const position = ratio.round().sub(offset);
      const inside = position.ge(qmin).logicalAnd(position.le(qmax));
      const end = position.clamp({ min: qmin, max: qmax });
      return {
        inputs: [base.x, base.scale, offset],
        f: (a, b, c) => f(a!, b!, c!),
        meant: (a, b, c) => meant(a!.div(b!).add(residue), b!, c!, inside, end),
      };
    });

/** Ops on single elements, and on elements that meet by broadcasting. */
export const elementwise: Readonly<Record<string, Entry>> = {
  'activation.elu': each((x) => x.elu({ alpha: 0.7 })),
  'activation.gelu': each((x) => x.gelu()),
  'activation.geluTanh': each((x) => x.gelu({ approximate: 'tanh' })),
  'activation.hardshrink': each((x) => x.hardshrink()),
  'activation.hardsigmoid': each((x) => x.hardsigmoid(), [-4.917, 4.0413]),
  'activation.hardswish': each((x) => x.hardswish(), [-4.917, 4.0413]),
  'activation.hardtanh': each((x) => x.hardtanh({ minVal: -0.7, maxVal: 1.3 })),
  'activation.leakyRelu': each((x) => x.leakyRelu({ negativeSlope: 0.2 })),
  'activation.logsigmoid': each((x) => x.logsigmoid()),
  'activation.mish': each((x) => x.mish()),
  'activation.prelu': fc
    .record({ shape: shapes(2), seed: fc.nat(), single: fc.boolean() })
    .map(({ shape, seed, single }) => ({
      inputs: pool(seed, around, shape, [single ? 1 : shape[1]!]),
      f: (x, weight) => x!.prelu(weight!),
    })),
  'activation.relu': each((x) => x.relu()),
  'activation.sigmoid': each((x) => x.sigmoid()),
  'activation.silu': each((x) => x.silu()),
  'activation.softplus': each((x) => x.softplus({ beta: 1.5, threshold: 2.2 })),
  'activation.softshrink': each((x) => x.softshrink()),
  'activation.softsign': each((x) => x.softsign()),
  'activation.tanh': each((x) => x.tanh()),
  'activation.tanhshrink': each((x) => x.tanhshrink()),
  'activation.threshold': each((x) => x.threshold(0.3, -2)),

  'affine.dequantizeLinear': fc.tuple(shapes(1), fc.nat(), fc.boolean()).map(([shape, seed, channels]) => ({
    inputs: pool(seed, around, shape, channels ? [shape.at(-1)!] : [], channels ? [shape.at(-1)!] : []),
    f: (q, scale, offset) => dequantizeLinear(q!, scale!, offset!),
  })),
  'affine.fakeQuantize': encoded(
    (x, scale, offset) => fakeQuantize(x, scale, offset, qmin, qmax),
    (t, scale, offset, inside, end) => where(inside, t.mul(scale), offset.add(end).mul(scale)),
  ),
  'affine.quantizeLinear': encoded(
    (x, scale, offset) => quantizeLinear(x, scale, offset, qmin, qmax),
    (t, _scale, offset, inside, end) => where(inside, t.sub(offset), end),
  ),

  'arithmetic.add': pair((a, b) => a.add(b, { alpha: 1.5 })),
  'arithmetic.addcdiv': triple((a, b, c) => a.addcdiv(b, c.add(4), { value: 0.7 })),
  'arithmetic.addcmul': triple((a, b, c) => a.addcmul(b, c, { value: 0.7 })),
  'arithmetic.atan2': pair((a, b) => a.atan2(b)),
  'arithmetic.copysign': pair((a, b) => a.copysign(b)),
  'arithmetic.div': pair((a, b) => a.div(b), around, positive),
  'arithmetic.divRounded': quotients((a, b) => a.div(b, { roundingMode: 'floor' })),
  'arithmetic.fmax': pair((a, b) => a.fmax(b)),
  'arithmetic.fmin': pair((a, b) => a.fmin(b)),
  'arithmetic.fmod': quotients((a, b) => a.fmod(b)),
  'arithmetic.hypot': pair((a, b) => a.hypot(b)),
  'arithmetic.lerp': triple((a, b, c) => a.lerp(b, c)),
  'arithmetic.logaddexp': pair((a, b) => a.logaddexp(b)),
  'arithmetic.logaddexp2': pair((a, b) => a.logaddexp2(b)),
  'arithmetic.maximum': pair((a, b) => a.maximum(b)),
  'arithmetic.minimum': pair((a, b) => a.minimum(b)),
  'arithmetic.mul': pair((a, b) => a.mul(b)),
  'arithmetic.pow': pair((a, b) => a.pow(b), positive, around),
  'arithmetic.powNumber': fc
    .constantFrom(-1.5, -1, 0, 0.5, 1, 2, 3)
    .chain((exponent) => each((x) => x.pow(exponent), positive)),
  'arithmetic.remainder': quotients((a, b) => a.remainder(b)),
  'arithmetic.sub': pair((a, b) => a.sub(b, { alpha: 1.5 })),
  'arithmetic.xlogy': pair((a, b) => a.xlogy(b), around, positive),

  // float32 is coarse, but this function is linear, so that the step does not matter.
  'elementwise.to': each((x) => x.to('float32').to('float64')).map((call) => ({ ...call, step: 0.5, tolerance: 1e-5 })),

  'select.clamp': each((x) => x.clamp({ min: -0.7, max: 1.3 })),
  'select.clampMax': pair((a, b) => a.clampMax(b)),
  'select.clampMin': pair((a, b) => a.clampMin(b)),
  'select.maskedFill': masked((x, mask, value) => x.maskedFill(mask, value)),
  'select.nanToNum': each((x) => x.nanToNum()),
  'select.where': masked((x, mask, value) => where(mask, x, value)),

  'softmax.logSoftmax': along((x, dim) => x.logSoftmax(dim)),
  'softmax.softmax': along((x, dim) => x.softmax(dim)),

  'unary.abs': each((x) => x.abs()),
  'unary.acos': each((x) => x.acos(), [-0.917, 0.9041]),
  'unary.acosh': each((x) => x.acosh(), [1.217, 4]),
  'unary.asin': each((x) => x.asin(), [-0.917, 0.9041]),
  'unary.asinh': each((x) => x.asinh()),
  'unary.atan': each((x) => x.atan()),
  'unary.atanh': each((x) => x.atanh(), [-0.917, 0.9041]),
  'unary.ceil': each((x) => x.ceil()),
  'unary.cos': each((x) => x.cos()),
  'unary.cosh': each((x) => x.cosh()),
  'unary.digamma': each((x) => x.digamma(), [0.4117, 4]),
  'unary.erf': each((x) => x.erf()),
  'unary.erfc': each((x) => x.erfc()),
  'unary.erfinv': each((x) => x.erfinv(), [-0.917, 0.9041]),
  'unary.exp': each((x) => x.exp()),
  'unary.exp2': each((x) => x.exp2()),
  'unary.expm1': each((x) => x.expm1()),
  'unary.floor': each((x) => x.floor()),
  'unary.frac': each((x) => x.frac()),
  'unary.lgamma': each((x) => x.lgamma(), [0.4117, 4]),
  'unary.log': each((x) => x.log(), positive),
  'unary.log10': each((x) => x.log10(), positive),
  'unary.log1p': each((x) => x.log1p(), [-0.717, 3]),
  'unary.log2': each((x) => x.log2(), positive),
  'unary.logit': fc.constantFrom(null, 0.2).chain((eps) => each((x) => x.logit(eps), fractions)),
  'unary.neg': each((x) => x.neg()),
  'unary.reciprocal': each((x) => x.reciprocal(), positive),
  'unary.round': each((x) => x.round()),
  'unary.roundTo': each((x) => x.round({ decimals: 1 })),
  'unary.rsqrt': each((x) => x.rsqrt(), positive),
  'unary.sign': each((x) => x.sign()),
  'unary.sin': each((x) => x.sin()),
  'unary.sinc': each((x) => x.sinc(), positive),
  'unary.sinh': each((x) => x.sinh()),
  'unary.sqrt': each((x) => x.sqrt(), positive),
  'unary.square': each((x) => x.square()),
  'unary.tan': each((x) => x.tan(), [-1.217, 1.1041]),
  'unary.trunc': each((x) => x.trunc()),
};
