import { i32 } from '../../../../src/kernels/simd/assembler/assembler.js';
import { sheetForm } from '../../../../src/kernels/simd/engine/sheet.js';
import { emitted } from '../emitted.js';

describe('sheetForm', () => {
  const form = sheetForm<'rows' | 'columns' | 'step'>(['rows', 'columns', 'step']);

  it('writes numbers in the order of their fields, whatever theirs', () => {
    expect(form.words({ step: 3, columns: 2, rows: -1 })).toEqual([-1, 2, 3]);
    expect(form.bytes).toBe(12);
  });

  it('has a kernel read what was written', () => {
    const { memory, functions } = emitted(1, ({ module }) =>
      module.func('copy', ['i32', 'i32'], (_f, sheet, to) => i32.store(to, form.read(sheet, 'columns'))),
    );
    const words = new Int32Array(memory.buffer);
    words.set(form.words({ rows: 1, columns: 77, step: 3 }), 4);
    functions.copy!(16, 400);
    expect(words[100]).toBe(77);
  });
});
