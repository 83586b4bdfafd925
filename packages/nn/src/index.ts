export { ModuleError } from './errors.js';
export * as functional from './functional.js';
export * as init from './init.js';
export { ModuleDict, ModuleList, Sequential, type Layer } from './layers/container.js';
export { Bilinear, Identity, Linear, type BiasOptions } from './layers/linear.js';
export { Module, slots, type Slot } from './module.js';
export { Parameter, type ParameterOptions } from './parameter.js';
export type { StateNames } from './slots.js';
export type { LoadOptions, LoadResult, StateDict, StateSource } from './state.js';
