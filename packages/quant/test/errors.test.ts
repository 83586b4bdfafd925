import { ShapeError } from '@q/tensor';
import { EncodingError, located, QuantizationError } from '../src/errors.js';

describe('located', () => {
  it.each([ShapeError, QuantizationError])('tells where an error happened and keeps its class: %p', (type) => {
    const cause = new type('too wide');
    const error = located('input 0', cause) as Error;
    expect(error).toBeInstanceOf(type);
    expect([error.message, error.cause]).toEqual(['input 0: too wide', cause]);
  });

  it.each([[new EncodingError('x')], [new Error('x')], ['x'], [null], [undefined]])('leaves %p as it is', (cause) =>
    expect(located('input 0', cause)).toBe(cause),
  );
});
