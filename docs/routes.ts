/** How layers compute that `lowerToInteger` made, found by lowering each of them with grids of 8 bits. */
import { Module } from '@q/nn';
import { affine, lowerToInteger, type QuantizedModule, type Route } from '@q/quant';
import { randint, randn, tensor, type Tensor } from '@q/tensor';

/** A layer that is never called: what the report says of it holds for all inputs. */
class Idle extends Module {
  constructor(readonly layer: Module) {
    super();
  }

  forward(x: Tensor): Tensor {
    return x;
  }
}

/** Shapes of which most layers take one. */
const shapes = [
  [2, 4, 4, 4, 4],
  [2, 4, 4, 4],
  [2, 16, 4, 4],
  [2, 4, 4],
  [4, 4],
];

/** Arguments of `forward`, among which every layer finds some that it takes. */
const calls: readonly (() => readonly unknown[])[] = [
  ...shapes.map((shape) => () => [randn(shape)]),
  () => [randn([2, 4, 4]), randn([2, 4, 4])],
  () => [randn([4, 4]), randn([4, 4]), null],
  () => [randint(4, [3])],
  () => [randn([4, 4]), 2],
  () => [randn([4, 4]), 0, 1],
  () => [randn([4, 4]), 0, tensor([1, 2], { dtype: 'int32' })],
  () => [randn([4, 4]), [1, 0]],
  () => [randn([4, 4]), [4, 4]],
];

/** A grid of 8 bits. */
function grid(symmetric: boolean): affine.QuantizeDequantize {
  const quantizer = new affine.QuantizeDequantize({ shape: [], bitwidth: 8, symmetric });
  quantizer.setRange(-1, 1);
  return quantizer;
}

/** Routes from the best to the worst. */
const routes: readonly Route[] = ['integer', 'float inside', 'float'];

/** The route with the fewest floats that a quantized layer can take. Its quantizers become such grids. */
export function routeOf(layer: Module & QuantizedModule): Route {
  const [idle] = lowerToInteger(new Idle(layer), randn([1])).report.layers;
  if (idle!.why.startsWith('there is no integer kernel')) return 'float';
  layer.inputQuantizers = layer.inputQuantizers.map(() => grid(false));
  layer.outputQuantizers = layer.outputQuantizers.map(() => grid(false));
  if ('weight' in layer.paramQuantizers) layer.paramQuantizers['weight'] = grid(true);
  const found = new Set<Route>();
  for (const call of calls) {
    if (found.has('integer')) break;
    try {
      for (const { route } of lowerToInteger(layer, call()).report.layers) found.add(route);
    } catch {
      // The layer takes other arguments.
    }
  }
  const best = routes.find((route) => found.has(route));
  if (best === undefined)
    throw new Error(`routes: ${layer.constructor.name} takes none of the arguments tried. Add some that suit it.`);
  return best;
}
