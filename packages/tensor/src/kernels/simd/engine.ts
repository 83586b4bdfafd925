import type { KernelMemory } from '../../memory.js';
import { f32x4, ModuleBuilder, seq, v128 } from './assembler.js';
import { ConstantTable } from './constants.js';

/** What the engine that runs us can do, found by asking it to validate small modules. */
export interface Features {
  readonly simd: boolean;
  /** Relaxed SIMD: one instruction for a product and a sum. */
  readonly fused: boolean;
  /** V8 from version 13 on gains from unrolled inner loops, earlier ones spill registers; other engines do not mind. */
  readonly unrolls: boolean;
}

function validates(emit: (module: ModuleBuilder) => void): boolean {
  const module = new ModuleBuilder(null);
  emit(module);
  return WebAssembly.validate(module.bytes());
}

/** Finds out what is there. */
export function detectFeatures(): Features {
  return {
    simd: validates((module) => module.func('f', ['v128'], (_f, x) => seq(x.set(f32x4.add(x, x))))),
    fused: validates((module) => module.func('f', ['v128'], (_f, x) => seq(x.set(f32x4.relaxedMadd(x, x, v128.zero))))),
    unrolls: 'Float16Array' in globalThis,
  };
}

/** An exported kernel. */
export type Kernel = (...args: readonly number[]) => void;

/** What kernels are emitted into, and for. */
export interface Emission {
  readonly module: ModuleBuilder;
  readonly constants: ConstantTable;
  readonly features: Features;
}

/** Emits the functions of one family. */
export type Family = (emission: Emission) => void;

/** Compiles families of kernels at first use and keeps them. */
export class SimdEngine {
  private readonly compiled = new Map<Family, Readonly<Record<string, Kernel>>>();
  private readonly constants = new ConstantTable();

  constructor(
    readonly memory: KernelMemory,
    readonly features: Features,
  ) {}

  /** The functions a family exports. */
  load(family: Family): Readonly<Record<string, Kernel>> {
    let kernels = this.compiled.get(family);
    if (!kernels) {
      const { memory, maximum, shared } = this.memory;
      const module = new ModuleBuilder({ initial: 1, maximum: maximum / 65536, shared });
      family({ module, constants: this.constants, features: this.features });
      this.constants.write(this.memory.heap('int32'));
      const instance = new WebAssembly.Instance(new WebAssembly.Module(module.bytes()), { env: { memory } });
      kernels = instance.exports as Record<string, Kernel>;
      this.compiled.set(family, kernels);
    }
    return kernels;
  }
}
