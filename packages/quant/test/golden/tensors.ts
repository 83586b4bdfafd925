/** Topic g: encodings as objects, and what operations do to tensors that carry one. */
import { noGrad, Tensor } from '@q/tensor';
import { firstDifference, resultOf } from '../../../tensor/test/golden/compare.js';
import { isFields, isTensorRecord, tensorFrom, type Fields } from '../../../tensor/test/golden/format.js';
import { callMethod, exportedClass, property, type Library } from '../../../tensor/test/golden/library.js';
import { LeftOut, Mismatch, same, type Topic } from '../../../tensor/test/golden/runner.js';
import { camelCase } from '../../../tensor/test/golden/signature.js';
import { Torch } from '../../../tensor/test/golden/torch.js';
import { topicOf } from './affine.js';
import {
  checkEncoding,
  checkTensor,
  checkValue,
  classOf,
  expecting,
  exportsOfQuant,
  isError,
  list,
  namespaceOf,
  newQuantizer,
  record,
  setRange,
  tensorBy,
  tensorsOf,
} from './quantizers.js';

/** Positional arguments of the reference after scale and offset: bitwidth and signedness, or qmin and qmax; then symmetry. */
function encodingOptions(config: Fields): Fields {
  const args = list(config.args);
  const numbers = args.filter((value) => typeof value === 'number');
  const booleans = args.filter((value) => typeof value === 'boolean');
  const grid =
    numbers.length > 1
      ? { qmin: numbers[0], qmax: numbers[1], symmetry: booleans[0] }
      : { bitwidth: numbers[0], signed: booleans[0], symmetry: booleans[1] };
  const named = Object.entries(record(config.kwargs)).map(([name, value]) => [camelCase(name), value]);
  const entries = [...Object.entries(grid).filter(([, value]) => value !== undefined), ...named];
  return Object.fromEntries(entries) as Fields;
}

/** g_affine_encoding */
export const affineEncoding = topicOf(
  () => 'AffineEncoding',
  (golden) => {
    const { scale, offset } = tensorsOf(golden.inputs);
    const expected = record(golden.expected);
    const create = (): object =>
      new (exportedClass(namespaceOf('affine'), 'AffineEncoding'))(
        scale,
        offset,
        encodingOptions(record(golden.config)),
      );
    expecting(expected, create, (encoding) => {
      checkEncoding('encoding', encoding, expected);
      for (const [dtype, wanted] of Object.entries(record(expected.to)))
        expecting(
          wanted,
          () => callMethod(encoding, 'to', [dtype]) as object,
          (converted) => {
            if (record(wanted).scale_dtype === undefined) return;
            checkValue(
              `to ${dtype}: scale`,
              (property(converted, 'scale') as Tensor).dtype,
              record(wanted).scale_dtype,
            );
            checkValue(
              `to ${dtype}: offset`,
              (property(converted, 'offset') as Tensor).dtype,
              record(wanted).offset_dtype,
            );
          },
        );
      const { x, out, dequantize_of_out: back } = record(expected.quantize);
      if (!isTensorRecord(x)) return;
      const quantized = tensorBy(encoding, 'quantize', tensorFrom(x));
      checkTensor('quantize', quantized, out);
      checkTensor('dequantize', tensorBy(encoding, 'dequantize', quantized), back);
    });
  },
);

/** The operations by the names of the files, on `q` (which carries the encoding) and the plain tensor `other`. */
const operations: Readonly<Record<string, string>> = {
  contiguous: 'q.contiguous()',
  clone: 'q.clone()',
  deepcopy: 'q.clone()',
  requires_grad_: 'q.requires_grad_()',
  'requires_grad_(True)': 'q.requires_grad_(True)',
  'torch.clone': 'torch.clone(q)',
  detach: 'q.detach()',
  'torch.detach': 'torch.detach(q)',
  float: 'q.float()',
  double: 'q.double()',
  half: 'q.half()',
  'to(float64)': 'q.to(torch.float64)',
  'to(float32)': 'q.to(torch.float32)',
  'type(float64)': 'q.type(torch.float64)',
  int: 'q.int()',
  long: 'q.long()',
  short: 'q.short()',
  char: 'q.char()',
  'to(int32)': 'q.to(torch.int32)',
  'type_as(float64)': 'q.to(torch.zeros(1, dtype=torch.float64).dtype)',
  'to(bool)': 'q.to(torch.bool)',
  bool: 'q.bool()',
  byte: 'q.byte()',
  reshape: 'q.reshape(4, 3)',
  'torch.reshape': 'torch.reshape(q, (2, 6))',
  view: 'q.view(-1)',
  flatten: 'q.flatten()',
  'torch.flatten': 'torch.flatten(q)',
  unsqueeze: 'q.unsqueeze(0)',
  squeeze: 'q.squeeze()',
  transpose: 'q.transpose(0, 1)',
  t: 'q.t()',
  permute: 'q.permute(1, 0)',
  'torch.permute': 'torch.permute(q, (1, 0))',
  index_int: 'q[1]',
  index_slice: 'q[:, 1:3]',
  index_mask: 'q[torch.tensor([True, False, True])]',
  index_list: 'q[[2, 0]]',
  narrow: 'q.narrow(1, 1, 2)',
  select: 'q.select(0, 2)',
  chunk: 'q.chunk(2, 1)',
  split: 'q.split(3, 1)',
  'torch.split': 'torch.split(q, [1, 3], 1)',
  tensor_split: 'q.tensor_split(2, 1)',
  'torch.unbind': 'torch.unbind(q)',
  expand: 'q.expand(2, 3, 4)',
  expand_as: 'q.expand_as(torch.zeros(2, 3, 4))',
  broadcast_to: 'q.broadcast_to((2, 3, 4))',
  repeat: 'q.repeat(1, 2)',
  tile: 'q.tile((2, 1))',
  'torch.tile': 'torch.tile(q, (1, 2))',
  flip: 'q.flip(0)',
  fliplr: 'q.fliplr()',
  gather: 'q.gather(1, torch.tensor([[0, 0], [0, 0], [0, 0]], dtype=torch.int64))',
  'torch.gather': 'torch.gather(q, 1, torch.tensor([[1], [1], [1]], dtype=torch.int64))',
  index_select: 'q.index_select(1, torch.tensor([0, 3], dtype=torch.int64))',
  masked_select: 'q.masked_select(torch.tensor([[True, False, True, False]] * 3))',
  take: 'q.take(torch.tensor([0, 5], dtype=torch.int64))',
  movedim: 'q.movedim(0, 1)',
  swapaxes: 'q.swapaxes(0, 1)',
  unflatten: 'q.unflatten(1, (2, 2))',
  sort: 'tuple(q.sort(1))',
  msort: 'q.sort(0)[0]',
  'torch.equal': 'torch.equal(q, q)',
  roll: 'q.roll(1, 0)',
  'torch.roll': 'torch.roll(q, 1, 0)',
  diagonal: 'q.diagonal()',
  view_as: 'q.view_as(torch.zeros(6, 2))',
  reshape_as: 'q.reshape_as(torch.zeros(6, 2))',
  add_scalar: 'q + 1',
  radd_scalar: '1 + q',
  add_tensor: 'q + other',
  plain_add_q: 'other + q',
  add_self: 'q + q',
  sub: 'q - other',
  mul: 'q * 2',
  'torch.mul': 'torch.mul(q, other)',
  'torch.mul_plain_first': 'torch.mul(other, q)',
  div: 'q / 2',
  neg: '-q',
  abs: 'q.abs()',
  pow: 'q ** 2',
  exp: 'q.exp()',
  round: 'q.round()',
  clamp: 'q.clamp(-1, 1)',
  'torch.clamp': 'torch.clamp(q, min=0)',
  sigmoid: 'q.sigmoid()',
  relu: 'q.relu()',
  'F.relu': 'F.relu(q)',
  'F.softmax': 'F.softmax(q, dim=1)',
  sum: 'q.sum()',
  mean: 'q.mean(1)',
  max: 'q.max()',
  max_dim: 'tuple(q.max(1))',
  min: 'q.min()',
  amax: 'q.amax(1)',
  argmax: 'q.argmax()',
  matmul: 'q @ other.t()',
  plain_matmul_q: 'other @ q.t()',
  'F.linear(plain,q)': 'F.linear(other, q)',
  'F.linear(q,plain)': 'F.linear(q, other)',
  cumsum: 'q.cumsum(1)',
  eq: 'q == q',
  lt: 'q < other',
  isnan: 'torch.isnan(q)',
  tolist: 'q.tolist()',
  item: 'q[0, 0].item()',
  numel: 'q.numel()',
  size: 'q.size()',
  shape: 'q.shape',
  dim: 'q.dim()',
  cat: 'torch.cat([q, q])',
  cat_plain_first: 'torch.cat([other, q])',
  stack: 'torch.stack([q, q])',
  where: 'torch.where(q > 0, q, other)',
  zeros_like: 'torch.zeros_like(q)',
  ones_like: 'torch.ones_like(q)',
  masked_fill: 'q.masked_fill(q > 0, 0)',
  triu: 'q.triu()',
  'F.pad': 'F.pad(q, (1, 1))',
  add_: 'q.add_(1)',
  mul_: 'q.mul_(other)',
  clamp_: 'q.clamp_(-1, 1)',
  relu_: 'q.relu_()',
  iadd: 'q.add_(1)',
  zero_: 'q.zero_()',
  copy_: 'q.copy_(other)',
  fill_: 'q.fill_(2)',
  quantize: 'q.quantize()',
  dequantize: 'q.dequantize()',
  'quantize.quantize': 'q.quantize().quantize()',
  'dequantize.dequantize': 'q.dequantize().dequantize()',
  'quantize.dequantize': 'q.quantize().dequantize()',
  'dequantize.quantize': 'q.dequantize().quantize()',
  'dequantize.quantize.dequantize': 'q.dequantize().quantize().dequantize()',
  quantized_repr: 'q.quantized_repr()',
  'reshape.quantize': 'q.reshape(-1).quantize()',
  'reshape.dequantize': 'q.reshape(-1).dequantize()',
  'transpose.quantized_repr': 'q.transpose(0, 1).quantized_repr()',
  'add_.quantize': 'q.add_(1).quantize()',
  'add_.dequantize': 'q.add_(1).dequantize()',
  'view.contiguous.dequantize': 'q.view(-1).contiguous().dequantize()',
  'clone.dequantize': 'q.clone().dequantize()',
  'chunk.dequantize': '[part.dequantize() for part in q.chunk(2, 1)]',
  'double.dequantize': 'q.double().dequantize()',
  // Below: operations that the reference treats unlike their siblings; values are compared, class and encoding are not.
  'torch.transpose': 'torch.transpose(q, 0, 1)',
  '.T': 'q.T',
  unbind: 'q.unbind()',
  iter: 'q.unbind()',
  'F.dropout_eval': 'F.dropout(q, training=False)',
  'torch.broadcast_to': 'torch.broadcast_to(q, (2, 3, 4))',
  bfloat16: 'q.bfloat16()',
  kthvalue: 'tuple(q.kthvalue(2))',
};

const inconsistent = new Set(
  'torch.transpose .T unbind iter msort torch.broadcast_to bfloat16 kthvalue F.dropout_eval'.split(' '),
);

const pythonOnly =
  `copy.copy cpu to(cpu) as_strided new_zeros new_empty empty_like*0 as_subclass(Tensor) setitem unsqueeze_ squeeze_ t_
  transpose_ data`.split(/\s+/);

/** A result of an operation compared with `{ class, has_encoding, data, scale } ` or `{ class: 'python', value }`. */
function checkResult(what: string, actual: unknown, expected: Fields, rtol: number, strict: boolean): void {
  if (expected.class === 'python') return checkValue(what, actual, expected.value);
  if (!(actual instanceof Tensor)) throw new Mismatch(`${what}: ${String(actual)}, expected a tensor`);
  if (strict) {
    const encoding = property(actual, 'encoding') ?? null;
    checkValue(`${what}: has an encoding`, encoding !== null, expected.has_encoding);
    // A tensor that lost its encoding may be a plain one.
    if (expected.has_encoding === true) checkValue(`${what}: class`, classOf(actual), expected.class);
    if (isTensorRecord(expected.scale) && encoding !== null)
      checkTensor(`${what}: scale`, property(encoding as object, 'scale'), expected.scale);
  }
  if (!isTensorRecord(expected.data)) return;
  const largest = Math.max(0, ...resultOf(tensorFrom(expected.data)).values.map(Math.abs));
  const tolerance = rtol > 0 ? ([0, rtol * largest] as const) : 'exact';
  same(`${what}: data`, firstDifference(resultOf(actual), expected.data, tolerance));
}

/** The same numbers as a tensor of the same class that has no encoding. */
const withoutEncoding = (encoded: Tensor): object =>
  new (exportedClass(exportsOfQuant, classOf(encoded)))(encoded.add(0), null);

function tensorOperation(golden: Fields, fields: Fields, torch: Torch): void {
  const config = record(golden.config);
  const op = String(config.op);
  if (pythonOnly.includes(op))
    throw new LeftOut("by design: Python's and torch's own surface (deepcopy, devices, views in place, ...)");
  const expr = operations[op];
  if (expr === undefined) throw new LeftOut(`no rule for operation ${op}`);
  const inputs = record(golden.inputs);
  const stored = isFields(fields.shared_inputs) ? record(fields.shared_inputs[String(inputs.shared)]) : {};
  const { x, other, min, max } = tensorsOf({ ...stored, ...inputs });
  const quantizer = newQuantizer(config);
  setRange(quantizer, min, max);
  const encoded = tensorBy(quantizer, 'forward', x);
  const q = config.granularity === 'none' ? withoutEncoding(encoded) : encoded;
  const expected = record(golden.expected);
  expecting(
    expected,
    () => torch.evaluate(expr, { q, other }),
    (result) => {
      const wanted = list(expected.results).map(record);
      const results = wanted.length > 1 && Array.isArray(result) ? (result as unknown[]) : [result];
      if (results.length !== wanted.length) throw new Mismatch(`${results.length} results, expected ${wanted.length}`);
      wanted.forEach((entry, i) =>
        checkResult(`result ${i}`, results[i], entry, Number(expected.rtol ?? 0), !inconsistent.has(op)),
      );
    },
  );
  const after = record(expected.self_after);
  if (!isError(expected) && !inconsistent.has(op) && 'has_encoding' in after)
    checkValue('encoding of the tensor afterwards', (property(q, 'encoding') ?? null) !== null, after.has_encoding);
}

/** g_tensor_ops */
export function tensorOperations(library: Library): Topic {
  const torch = new Torch(library);
  return topicOf(
    (golden) => `${String(record(golden.config).granularity)} ${String(record(golden.config).cls)}`,
    // Writing in place is for tensors outside the autograd graph.
    (golden, fields) => noGrad(() => tensorOperation(golden, fields, torch)),
  );
}
