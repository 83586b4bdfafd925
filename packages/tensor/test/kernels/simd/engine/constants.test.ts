import { f32x4, seq, v128 } from '../../../../src/kernels/simd/assembler/assembler.js';
import { ConstantTable } from '../../../../src/kernels/simd/engine/constants.js';
import { emitted } from '../emitted.js';

describe('ConstantTable', () => {
  it('gives vectors of a float32, of bits and of the first lane, wherever they are asked for', () => {
    const { memory, functions } = emitted(1, ({ module, constants }) =>
      module.func('write', [], () =>
        seq(
          v128.store(4096, constants.splat(1.5)),
          v128.store(4112, f32x4.add(constants.splat(-2), constants.splat(1.5))),
          v128.store(4128, constants.bits(0x80000000 | 0)),
          v128.store(4144, constants.firstLane()),
        ),
      ),
    );
    functions.write!();
    expect([...new Float32Array(memory.buffer, 4096, 8)]).toEqual([1.5, 1.5, 1.5, 1.5, -0.5, -0.5, -0.5, -0.5]);
    expect([...new Int32Array(memory.buffer, 4128, 8)]).toEqual([
      ...new Array<number>(4).fill(-(2 ** 31)),
      -1,
      0,
      0,
      0,
    ]);
  });

  it('holds the same bits once, and tells 0 from -0', () => {
    const table = new ConstantTable();
    expect(table.splat(0.1)).toEqual(table.splat(0.1));
    expect(table.splat(1)).toEqual(table.bits(0x3f800000));
    expect(table.splat(0)).not.toEqual(table.splat(-0));
  });
});
