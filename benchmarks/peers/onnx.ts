/** Writes ONNX models, as far as the graphs of the benchmarks need it (onnx.proto3, fields by their numbers). */

export type ElementType = 'float32' | 'uint8' | 'int8' | 'int32' | 'int64';

/** onnx.TensorProto.DataType. */
const elementTypes: Record<ElementType, number> = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7 };

export interface ValueType {
  readonly type: ElementType;
  readonly shape: readonly number[];
}

export interface Constant extends ValueType {
  readonly values: Float32Array | Uint8Array | Int8Array | Int32Array | BigInt64Array;
}

export interface Node {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, number | readonly number[]>>;
}

export interface Graph {
  readonly inputs: Readonly<Record<string, ValueType>>;
  readonly outputs: Readonly<Record<string, ValueType>>;
  readonly constants?: Readonly<Record<string, Constant>>;
  readonly nodes: readonly Node[];
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) + 128);
  return [...bytes, value];
}

const joined = (parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

const integer = (field: number, value: number): Uint8Array => Uint8Array.from([...varint(field * 8), ...varint(value)]);

function bytes(field: number, content: Uint8Array | string): Uint8Array {
  const encoded = typeof content === 'string' ? Buffer.from(content) : content;
  return joined([Uint8Array.from([...varint(field * 8 + 2), ...varint(encoded.length)]), encoded]);
}

const message = (field: number, ...parts: readonly Uint8Array[]): Uint8Array => bytes(field, joined(parts));

const attribute = ([name, value]: [string, number | readonly number[]]): Uint8Array =>
  typeof value === 'number'
    ? message(5, bytes(1, name), integer(3, value), integer(20, 2))
    : message(5, bytes(1, name), ...value.map((item) => integer(8, item)), integer(20, 7));

const node = ({ op, inputs, outputs, attributes = {} }: Node): Uint8Array =>
  message(
    1,
    ...inputs.map((name) => bytes(1, name)),
    ...outputs.map((name) => bytes(2, name)),
    bytes(4, op),
    ...Object.entries(attributes).map(attribute),
  );

const constant = ([name, { type, shape, values }]: [string, Constant]): Uint8Array =>
  message(
    5,
    ...shape.map((size) => integer(1, size)),
    integer(2, elementTypes[type]),
    bytes(8, name),
    bytes(9, new Uint8Array(values.buffer, values.byteOffset, values.byteLength)),
  );

const value = (field: number, [name, { type, shape }]: [string, ValueType]): Uint8Array => {
  const dims = message(2, ...shape.map((size) => message(1, integer(1, size))));
  return message(field, bytes(1, name), message(2, message(1, integer(1, elementTypes[type]), dims)));
};

/** The bytes of a model of ONNX opset 20. */
export function onnxModel({ inputs, outputs, constants = {}, nodes }: Graph): Uint8Array {
  const graph = message(
    7,
    ...nodes.map(node),
    bytes(2, 'benchmark'),
    ...Object.entries(constants).map(constant),
    ...Object.entries(inputs).map((entry) => value(11, entry)),
    ...Object.entries(outputs).map((entry) => value(12, entry)),
  );
  return joined([integer(1, 9), graph, message(8, bytes(1, ''), integer(2, 20))]);
}
