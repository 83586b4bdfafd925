import { QuantizedLinear, QuantizedLSTM, QuantizedPixelUnshuffle, QuantizedReLU, QuantizedSoftmax } from '@q/quant';
import { routeOf } from '../routes.js';

it.each([
  ['a product', new QuantizedLinear(4, 2), 'integer'],
  ['a function of one element', new QuantizedReLU(), 'integer'],
  ['a softmax', new QuantizedSoftmax(1), 'float inside'],
  ['a layer that is not lowered', new QuantizedLSTM(4, 4), 'float'],
] as const)('finds the route of %s', (_kind, layer, route) => expect(routeOf(layer)).toBe(route));

it('refuses a layer that it cannot call, instead of guessing', () =>
  expect(() => routeOf(new QuantizedPixelUnshuffle(7))).toThrow(
    /QuantizedPixelUnshuffle takes none of the arguments tried/,
  ));
