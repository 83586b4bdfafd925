import { DTypeError, isInt } from '@q/tensor';
import { checkTensor } from '@q/tensor/internal';
import { IntegerLayer, type Computed } from './layer.js';
import { numbers, type Integers } from './operands.js';
import type { PartsWith } from './parts.js';

/** `Embedding` on integers: the rows of its weight are put on the output's grid once. */
export class IntegerEmbedding extends IntegerLayer {
  /** A field, so that the rows are part of the state. */
  readonly rows: Integers;

  constructor(parts: PartsWith<'rows'>) {
    super(parts);
    this.rows = parts.rows;
  }

  protected override compute([index]: readonly unknown[]): Computed {
    checkTensor(this.name, 'the indices', index);
    if (!isInt(index.dtype)) throw new DTypeError(`${this.name}: indices must be integers, got ${index.dtype}.`);
    const { values, encoding } = this.rows;
    const picked = values.indexSelect(0, index.reshape([-1]).to('int32'));
    return { y: numbers({ values: picked.reshape([...index.shape, values.shape[1]!]), encoding }), route: 'integer' };
  }
}
