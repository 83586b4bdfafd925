import type { Tensor } from '@q/tensor';
import { QuantizationError } from '../errors.js';
import { QuantizerBase } from '../quantizers/quantizer.js';

/** Stands where a quantizer may stand, and hands on what `pass` makes of the tensors that come by. */
export class Probe extends QuantizerBase {
  override readonly encodingAnalyzer = null;
  override readonly numSteps = 0;
  override readonly bitwidth = 32;
  protected override readonly isSymmetric = false;

  /** @param operation who looks at the model, as messages begin */
  constructor(
    private readonly operation: string,
    private readonly pass: (x: Tensor) => Tensor,
  ) {
    super();
  }

  override forward(x: Tensor): Tensor {
    return this.pass(x);
  }

  override quantize(x: Tensor): Tensor {
    return x;
  }

  override isInitialized(): boolean {
    return true;
  }

  /** Kernels rest where it stands. */
  override isCalibrating(): boolean {
    return true;
  }

  override getEncoding(): null {
    return null;
  }

  override getLegacyEncodings(): null {
    return null;
  }

  override clone(): this {
    return this;
  }

  override setLegacyEncodings(): void {
    this.refuse();
  }

  override checkLegacyEncodings(): void {
    this.refuse();
  }

  protected override quantizeWithin(x: Tensor): Tensor {
    return x;
  }

  protected override adopt(): void {
    this.refuse();
  }

  private refuse(): never {
    throw new QuantizationError(`${this.operation}: the model changes quantizers while it runs on dummyInput.`);
  }
}
