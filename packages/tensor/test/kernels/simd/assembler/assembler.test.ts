import fc from 'fast-check';
import {
  doWhile,
  f32,
  forRange,
  i32,
  ModuleBuilder,
  seq,
  when,
  type FunctionScope,
  type Local,
  type Stmt,
} from '../../../../src/kernels/simd/assembler/assembler.js';

/** Runs a function of two integers that writes its result to address 0. */
function run(body: (f: FunctionScope, a: Local<'i32'>, b: Local<'i32'>) => Stmt): (a: number, b: number) => number {
  const module = new ModuleBuilder({ initial: 1, maximum: 1, shared: false });
  module.func('f', ['i32', 'i32'], body);
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.bytes()), { env: { memory } });
  return (a, b) => {
    (instance.exports.f as (a: number, b: number) => void)(a, b);
    return new Int32Array(memory.buffer)[0]!;
  };
}

const anyInt = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

describe('assembler', () => {
  it('encodes constants of any size', () =>
    fc.assert(
      fc.property(anyInt, (value) => {
        expect(run((_f) => i32.store(0, value))(0, 0)).toBe(value);
      }),
      { numRuns: 50 },
    ));

  it('computes integer arithmetic as the machine does', () => {
    const product = run((_f, a, b) => i32.store(0, i32.add(i32.mul(a, b), i32.shl(a, 3))));
    fc.assert(fc.property(anyInt, anyInt, (a, b) => expect(product(a, b)).toBe((Math.imul(a, b) + (a << 3)) | 0)));
  });

  it('compares without sign where asked, and takes both branches', () => {
    const less = run((_f, a, b) => when(i32.ltU(a, b), i32.store(0, 1), i32.store(0, 2)));
    fc.assert(fc.property(anyInt, anyInt, (a, b) => expect(less(a, b)).toBe(a >>> 0 < b >>> 0 ? 1 : 2)));
  });

  it('runs a range loop as often as it should, none included', () => {
    const count = run((f, a, b) => {
      const i = f.local('i32');
      const n = f.local('i32');
      return seq(n.set(0), forRange(i, a, b, 3, n.set(i32.add(n, 1))), i32.store(0, n));
    });
    fc.assert(
      fc.property(fc.nat(200), fc.nat(200), (a, b) => expect(count(a, b)).toBe(Math.max(0, Math.ceil((b - a) / 3)))),
    );
  });

  it('runs the body of a do-while loop at least once', () => {
    const doubled = run((_f, a, b) => seq(doWhile(a.set(i32.shl(a, 1)), i32.ltU(a, b)), i32.store(0, a)));
    expect(doubled(1, 100)).toBe(128);
    expect(doubled(1, 1)).toBe(2);
  });

  it('runs a loop as often however many copies of the body its code holds', () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.nat(20), (copies, times) => {
        const count = run((_f, a, b) =>
          seq(doWhile(b.set(i32.add(b, 1)), a.tee(i32.sub(a, 1)), copies), i32.store(0, b)),
        );
        expect(count(times + 1, 0)).toBe(times + 1);
      }),
    ));

  it('calls functions of the same module and keeps locals of different types apart', () => {
    const module = new ModuleBuilder({ initial: 1, maximum: 1, shared: false });
    const write = module.func(null, ['i32', 'i32'], (f, at, value) => {
      const x = f.local('f32');
      return seq(x.set(0.5), i32.store(at, value), f32.store(i32.add(at, 4), f32.add(x, 0.25)));
    });
    module.func('f', [], () => seq(write(8, 42), write(16, -7)));
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
    const instance = new WebAssembly.Instance(new WebAssembly.Module(module.bytes()), { env: { memory } });
    (instance.exports.f as () => void)();
    expect([...new Int32Array(memory.buffer, 8, 3)].filter((_, i) => i % 2 === 0)).toEqual([42, -7]);
    expect(new Float32Array(memory.buffer)[3]).toBe(0.75);
  });
});
