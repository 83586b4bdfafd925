import { checkFunction } from './arguments.js';
import * as autograd from './autograd.js';

/**
 * Runs a synchronous function without recording operations, as `torch.no_grad`. Returns what it returns.
 *
 * @throws ArgumentError for anything but a synchronous function
 */
export function noGrad<T>(fn: () => T): T {
  checkFunction('noGrad', fn);
  return autograd.noGrad(fn);
}

/**
 * Runs a synchronous function with recording on, inside `noGrad`.
 *
 * @throws ArgumentError for anything but a synchronous function
 */
export function enableGrad<T>(fn: () => T): T {
  checkFunction('enableGrad', fn);
  return autograd.enableGrad(fn);
}
