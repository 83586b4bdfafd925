import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { node, project } from '../project.js';

const modules = (folder: string, name: string) => join(folder, 'node_modules', name);

beforeAll(() => {
  mkdirSync(modules(project, '@tensorflow'), { recursive: true });
  for (const name of ['onnxruntime-common', '@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-cpu'])
    symlinkSync(modules(join(import.meta.dirname, '..'), name), modules(project, name));
});

/** Runs a CommonJS program that requires our packages and theirs. */
const run = (program: string) => node('--input-type=commonjs', '-e', program);

it('exchanges tensors with ONNX Runtime without copies', () =>
  expect(
    run(
      `const { Tensor } = require('onnxruntime-common');
       const { arange, tensor } = require('@q/tensor');
       const { fromOnnx, toOnnx } = require('@q/tensor/io');
       const there = new Tensor('float32', new Float32Array([1, 2, 3, 4]), [2, 2]);
       const here = fromOnnx(there);
       there.data[3] = 9;
       const dtypes = ['float32', 'float64', 'float16', 'int32', 'int16', 'uint16', 'int8', 'uint8', 'bool'];
       const back = dtypes.map((dtype) => {
         const x = tensor([[1, 0, 1]], { dtype });
         const sent = toOnnx(x, Tensor);
         return sent instanceof Tensor && sent.type === dtype && fromOnnx(sent).dtype === dtype && fromOnnx(sent).eq(x).all().item();
       });
       const long = fromOnnx(new Tensor('int64', [1n, -2n], [2]));
       console.log(JSON.stringify([here.toArray(), back.every(Boolean), long.toArray(), toOnnx(arange(3), Tensor).size]));`,
    ),
  ).toEqual([
    [
      [1, 2],
      [3, 9],
    ],
    true,
    [1, -2],
    3,
  ]));

it('exchanges tensors with TensorFlow.js', () =>
  expect(
    run(
      `const tf = require('@tensorflow/tfjs-core');
       require('@tensorflow/tfjs-backend-cpu');
       const { arange, tensor } = require('@q/tensor');
       const { fromTfjs, toTfjs } = require('@q/tensor/io');
       const product = tf.matMul(toTfjs(tensor([[1, 2], [3, 4]]), tf.tensor), tf.tensor([[1, 0], [1, 1]]));
       const back = ['float32', 'float16', 'int32', 'int8', 'bool'].map((dtype) => {
         const x = tensor([1, 0, 1], { dtype });
         return fromTfjs(toTfjs(x, tf.tensor)).toArray();
       });
       console.log(JSON.stringify([fromTfjs(product).toArray(), back, toTfjs(arange(6).reshape([2, 3]), tf.tensor).shape]));`,
    ),
  ).toEqual([
    [
      [3, 2],
      [7, 4],
    ],
    Array(5).fill([1, 0, 1]),
    [2, 3],
  ]));
