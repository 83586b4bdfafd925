import { digamma, erf, erfc, erfinv, lgamma, trigamma } from '../../../src/kernels/reference/special.js';

/** Values of mpmath with 40 digits. */
const known = {
  erf: [
    [1e-10, 1.1283791670955126e-10],
    [0.1, 0.1124629160182849],
    [0.5, 0.5204998778130465],
    [-0.84, -0.7651427114549945],
    [0.85, 0.7706680576083526],
    [1.24, 0.9205051842990297],
    [1.26, 0.9252359418101295],
    [2.5, 0.999593047982555],
    [-2.9, -0.9999589021219005],
    [4, 0.9999999845827421],
    [5.9, 0.9999999999999999],
  ],
  erfc: [
    [0.1, 0.887537083981715],
    [0.3, 0.6713732405408726],
    [-0.7, 1.6778011938374184],
    [1, 0.15729920705028513],
    [1.3, 0.06599205505934755],
    [-2, 1.9953222650189528],
    [2.8, 7.501319466545911e-5],
    [3, 2.209049699858544e-5],
    [5.99, 2.4300455127321346e-17],
    [6.5, 3.8421483271206475e-20],
    [12, 1.3562611692059042e-64],
    [-7, 2.0],
  ],
  erfinv: [
    [1e-12, 8.86226925452758e-13],
    [0.1, 0.08885599049425769],
    [-0.5, -0.4769362762044699],
    [0.75, 0.8134198475976185],
    [0.9, 1.1630871536766743],
    [0.999, 2.3267537655135246],
    [-0.9999999, -3.7665625816384707],
    [0.9999999999990905, 5.05125408524939],
  ],
  lgamma: [
    [1e-5, 11.512919692895826],
    [0.25, 1.2880225246980774],
    [0.9, 0.06637623973474295],
    [1.05, -0.02685307250226019],
    [1.5, -0.12078223763524522],
    [1.95, -0.020324499149577655],
    [2.3, 0.15418945495963046],
    [7.5, 7.534364236758733],
    [100.25, 360.28455963776423],
    [1000000.0, 12815504.569147611],
    [-0.5, 1.2655121234846454],
    [-3.7, -1.3797399049658245],
  ],
  digamma: [
    [0.01, -100.56088545786868],
    [0.5, -1.9635100260214235],
    [1, -0.5772156649015329],
    [2.5, 0.7031566406452432],
    [9.9, 2.2411803166063815],
    [10.5, 2.3030010342976865],
    [1000, 6.907255195648812],
    [-0.4, 0.9593807861068093],
    [-3.3, 3.620353460592126],
  ],
};

const relative = (got: number, wanted: number): number => Math.abs(got - wanted) / Math.abs(wanted);

describe('special functions', () => {
  it.each(known.erf)('erf has the value of mpmath at %d', (x, y) => expect(relative(erf(x), y)).toBeLessThan(4e-16));
  it.each(known.erfc)('erfc has the value of mpmath at %d', (x, y) => expect(relative(erfc(x), y)).toBeLessThan(1e-15));
  it.each(known.erfinv)('erfinv has the value of mpmath at %d', (x, y) =>
    expect(relative(erfinv(x), y)).toBeLessThan(1e-15),
  );
  it.each(known.lgamma)('lgamma has the value of mpmath at %d', (x, y) =>
    expect(relative(lgamma(x), y)).toBeLessThan(5e-14),
  );
  it.each(known.digamma)('digamma has the value of mpmath at %d', (x, y) =>
    expect(relative(digamma(x), y)).toBeLessThan(1e-14),
  );

  it('have their limits', () => {
    expect([erf(Infinity), erf(-Infinity), erf(NaN), erf(-0)]).toEqual([1, -1, NaN, -0]);
    expect([erfc(Infinity), erfc(-Infinity), erfc(NaN)]).toEqual([0, 2, NaN]);
    expect([erfinv(1), erfinv(-1), erfinv(1.1), erfinv(NaN)]).toEqual([Infinity, -Infinity, NaN, NaN]);
    expect([lgamma(0), lgamma(-3), lgamma(Infinity), lgamma(-Infinity), lgamma(NaN)]).toEqual([
      Infinity,
      Infinity,
      Infinity,
      Infinity,
      NaN,
    ]);
    expect([digamma(0), digamma(-2), digamma(NaN)]).toEqual([-Infinity, NaN, NaN]);
  });
});

// Abramowitz and Stegun, table 6.1 and formula 6.4.
it.each([
  [1, Math.PI ** 2 / 6],
  [0.5, Math.PI ** 2 / 2],
  [2, Math.PI ** 2 / 6 - 1],
  [0.25, Math.PI ** 2 + 8 * 0.915965594177219],
  [-0.5, Math.PI ** 2 / 2 + 4],
  [1e6, 1e-6 + 0.5e-12 + 1e-18 / 6],
])('trigamma has the value of the tables at %d', (x, y) => expect(Math.abs(trigamma(x) / y - 1)).toBeLessThan(1e-13));

it('trigamma is infinite at zero and below it at integers, and keeps NaN', () =>
  expect([trigamma(0), trigamma(-3), trigamma(NaN), trigamma(Infinity)]).toEqual([Infinity, Infinity, NaN, 0]));
