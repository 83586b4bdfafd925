import * as nn from '@q/nn';
import { opTypesOf } from '../../src/sim/op-types.js';

it("a layer is called by ONNX's name, if there is one, and by that of its class", () => {
  class Own extends nn.Linear {}
  expect(opTypesOf(nn.Linear)).toEqual(['Gemm', 'Linear']);
  expect(opTypesOf(nn.GLU)).toEqual(['GLU']);
  expect(opTypesOf(Own)).toEqual(['Own']);
});

it('is called so where a minifier has renamed the class, too', () => {
  Object.defineProperty(nn.Linear, 'name', { value: 'a' });
  expect(opTypesOf(nn.Linear)).toEqual(['Gemm', 'Linear']);
  Object.defineProperty(nn.Linear, 'name', { value: 'Linear' });
});
