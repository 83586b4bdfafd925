import { bind, camelCase } from './signature.js';

const tensor = Symbol('tensor');
const rules = { isTensor: (value: unknown) => value === tensor, none: 'absent' } as const;

const bound = (signature: string, args: unknown[], kwargs = {}): unknown => bind('f', signature, args, kwargs, rules);

describe('bind', () => {
  it('puts required arguments first and the rest into one options object', () =>
    expect(bound('x dim? {keepdim dtype}', [tensor, 1, true])).toEqual({
      target: null,
      args: [tensor, 1, { keepdim: true }],
    }));

  it('fills an absent positional argument that options follow', () =>
    expect(bound('x dim? {keepdim}', [tensor], { keepdim: true })).toMatchObject({
      args: [tensor, undefined, { keepdim: true }],
    }));

  it('knows axis as dim and input as the first argument', () => {
    expect(bound('x dim?', [tensor], { axis: 2 })).toMatchObject({ args: [tensor, 2] });
    expect(bound('x dim?', [], { input: tensor })).toMatchObject({ args: [tensor] });
  });

  it('collects the rest, given one by one or as a list', () => {
    expect(bound('x *dims', [tensor, 2, 0, 1])).toMatchObject({ args: [tensor, [2, 0, 1]] });
    expect(bound('x *dims', [tensor, [2, 0, 1]])).toMatchObject({ args: [tensor, [2, 0, 1]] });
  });

  it('takes the first form that fits', () => {
    const max = 'x other:T -> maximum | x dim? {keepdim}';
    expect(bound(max, [tensor, tensor])).toEqual({ target: 'maximum', args: [tensor, tensor] });
    expect(bound(max, [tensor, 0])).toEqual({ target: null, args: [tensor, 0] });
  });

  it('renames options and drops None', () =>
    expect(bound('x {qmin:quant_min min}', [tensor], { quant_min: 1, min: null })).toMatchObject({
      args: [tensor, { qmin: 1 }],
    }));

  it('refuses what does not fit', () => {
    expect(() => bound('x dim', [tensor])).toThrow(/no value for 'dim'/);
    expect(() => bound('x', [tensor, 1])).toThrow(/at most 1/);
    expect(() => bound('x dim', [tensor, 1], { dim: 1 })).toThrow(/two values/);
    expect(() => bound('x', [tensor], { other: 1 })).toThrow(/no parameter 'other'/);
  });
});

describe('camelCase', () => {
  it.each([
    ['log_softmax', 'logSoftmax'],
    ['in1_features', 'in1Features'],
    ['dim0', 'dim0'],
    ['T_max', 'TMax'],
  ])('%s -> %s', (python, ours) => expect(camelCase(python)).toBe(ours));
});
