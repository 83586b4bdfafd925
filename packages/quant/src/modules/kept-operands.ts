import { isGradEnabled, keep, type Storage, type Tensor } from '@q/tensor';
import { AffineEncoding } from '../encodings/affine.js';
import { sameEncoding } from '../encodings/same.js';
import { AffineQuantizerBase } from '../quantizers/affine-base.js';
import type { QuantizerBase } from '../quantizers/quantizer.js';
import { QuantizedTensor } from '../tensor.js';
import type { KernelOperand } from './quantized-module.js';

/** A parameter on its grid, and what it was made of. */
interface Kept {
  readonly quantizer: QuantizerBase;
  readonly storage: Storage;
  readonly version: number;
  readonly encoding: AffineEncoding;
  readonly operand: QuantizedTensor;
}

/**
 * Parameters of modules on their grids, for kernels: made anew only where the parameter was written to or replaced, or the range of
 * its quantizer is another. Without gradients only: a kernel may compute them from what its operands were made of.
 */
export class KeptOperands {
  private readonly kept = new WeakMap<object, Map<string, Kept>>();

  /** The operand for a parameter of a module; `make` quantizes it. */
  for(
    module: object,
    name: string,
    quantizer: QuantizerBase,
    parameter: Tensor,
    make: () => KernelOperand,
  ): KernelOperand {
    const { storage } = parameter;
    const encoding = this.encodingOf(quantizer);
    if (encoding === null || !storage.isStable || isGradEnabled()) return make();
    const operands = this.kept.get(module) ?? new Map<string, Kept>();
    const known = operands.get(name);
    const { version } = storage;
    if (
      known?.quantizer === quantizer &&
      known.storage === storage &&
      known.version === version &&
      // Writing to the operand takes its encoding away.
      known.operand.encoding !== null &&
      sameEncoding(known.encoding, encoding)
    )
      return known.operand;
    const operand = make();
    if (operand instanceof QuantizedTensor) {
      // A scope() that is left frees none of it.
      for (const tensor of [operand, encoding.scale, encoding.offset]) keep(tensor);
      if (operand.encoding !== null) [operand.encoding.scale, operand.encoding.offset].forEach(keep);
      operands.set(name, { quantizer, storage, version, encoding, operand });
      this.kept.set(module, operands);
    }
    return operand;
  }

  /** The encoding of a quantizer that does nothing but put floats on a grid; null for others. */
  private encodingOf(quantizer: QuantizerBase): AffineEncoding | null {
    if (!(quantizer instanceof AffineQuantizerBase) || quantizer.isCalibrating()) return null;
    const encoding = quantizer.getEncoding();
    return encoding instanceof AffineEncoding ? encoding.detach() : null;
  }
}
