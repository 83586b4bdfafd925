/** The quantization functions of torch: scales and zero points in torch's order, on this library's affine functions. */
import { tensor, type Tensor } from '@q/tensor';
import { exportedFunction, isTensor, type Library } from './library.js';
import type { Callable } from './python/data.js';
import { NotBuilt } from './runner.js';

type Kwargs = Readonly<Record<string, unknown>>;

/** The quantized tensor that `torch.quantize_per_*` returns. */
interface TorchQuantized {
  readonly int_repr: Callable;
  readonly dequantize: Callable;
}

const quantizedGrids: Readonly<Record<string, readonly ['int8' | 'uint8' | 'int32', number, number]>> = {
  'torch.qint8': ['int8', -128, 127],
  'torch.quint8': ['uint8', 0, 255],
  'torch.qint32': ['int32', -(2 ** 31), 2 ** 31 - 1],
};

class Quantization {
  constructor(private readonly library: Library) {}

  readonly functions: Readonly<Record<string, Callable>> = {
    quantize_per_tensor: ([x, scale, zeroPoint, dtype]) => this.quantized(x, scale, zeroPoint, null, dtype),
    quantize_per_channel: ([x, scales, zeroPoints, axis, dtype]) => this.quantized(x, scales, zeroPoints, axis, dtype),
    fake_quantize_per_tensor_affine: (args, kwargs) => {
      const [x, scale, zeroPoint, qmin, qmax] = this.ordered('scale zero_point quant_min quant_max', args, kwargs);
      return this.fakeQuantized(x, scale, zeroPoint, null, qmin, qmax);
    },
    fake_quantize_per_channel_affine: (args, kwargs) => {
      const [x, scale, zeroPoint, axis, qmin, qmax] = this.ordered(
        'scale zero_point axis quant_min quant_max',
        args,
        kwargs,
      );
      return this.fakeQuantized(x, scale, zeroPoint, axis, qmin, qmax);
    },
    _fake_quantize_learnable_per_tensor_affine: (args, kwargs) => {
      const names = 'scale zero_point quant_min quant_max grad_factor';
      const [x, scale, zeroPoint, qmin, qmax, factor] = this.ordered(names, args, kwargs);
      return this.learnable(x, scale, zeroPoint, null, qmin, qmax, factor);
    },
    _fake_quantize_learnable_per_channel_affine: (args, kwargs) => {
      const names = 'scale zero_point axis quant_min quant_max grad_factor';
      const [x, scale, zeroPoint, axis, qmin, qmax, factor] = this.ordered(names, args, kwargs);
      return this.learnable(x, scale, zeroPoint, axis, qmin, qmax, factor);
    },
  };

  private ordered(names: string, args: readonly unknown[], kwargs: Kwargs): readonly unknown[] {
    return ['input', ...names.split(' ')].map((name, i) => args[i] ?? kwargs[name]);
  }

  /** A scale or zero point of torch in the shape that broadcasts against `x`; the library's offset is minus torch's zero point. */
  private along(x: Tensor, value: unknown, axis: unknown, negate: boolean): Tensor {
    const numbers = (isTensor(value) ? value : tensor(Number(value))).to('float32').reshape([-1]);
    const shape = typeof axis === 'number' ? x.shape.map((_, d) => (d === axis ? -1 : 1)) : [];
    return (negate ? numbers.neg() : numbers).reshape(shape);
  }

  private quantized(x: unknown, scale: unknown, zeroPoint: unknown, axis: unknown, dtype: unknown): TorchQuantized {
    const grid = quantizedGrids[String(dtype)];
    if (!isTensor(x) || grid === undefined) throw new NotBuilt(`quantize to ${String(dtype)}`);
    const [storage, qmin, qmax] = grid;
    const [s, o] = [this.along(x, scale, axis, false), this.along(x, zeroPoint, axis, true)];
    const q = exportedFunction(this.library.tensor, 'quantizeLinear')(x, s, o, qmin, qmax, {
      dtype: storage,
    }) as Tensor;
    return { int_repr: () => q, dequantize: () => exportedFunction(this.library.tensor, 'dequantizeLinear')(q, s, o) };
  }

  private fakeQuantized(
    x: unknown,
    scale: unknown,
    zeroPoint: unknown,
    axis: unknown,
    qmin: unknown,
    qmax: unknown,
  ): unknown {
    if (!isTensor(x)) throw new Error('fake_quantize wants a tensor');
    return exportedFunction(this.library.tensor, 'fakeQuantize')(
      x,
      this.along(x, scale, axis, false),
      this.along(x, zeroPoint, axis, true),
      qmin,
      qmax,
    );
  }

  /** Fake quantization whose scale and zero point, rounded straight through, get their gradients times `factor`. */
  private learnable(
    x: unknown,
    scale: unknown,
    zeroPoint: unknown,
    axis: unknown,
    qmin: unknown,
    qmax: unknown,
    factor: unknown,
  ): unknown {
    if (!isTensor(scale) || !isTensor(zeroPoint)) throw new Error('learnable scales and zero points are tensors');
    const damped = (value: Tensor, parameter: Tensor): Tensor =>
      value.add(parameter.sub(parameter.detach()).mul(Number(factor ?? 1)));
    const whole = zeroPoint
      .detach()
      .round()
      .clamp({ min: Number(qmin), max: Number(qmax) });
    return this.fakeQuantized(x, damped(scale.detach(), scale), damped(whole, zeroPoint), axis, qmin, qmax);
  }
}

/** The functions by their names in torch. */
export const quantization = (library: Library): Readonly<Record<string, Callable>> =>
  new Quantization(library).functions;
