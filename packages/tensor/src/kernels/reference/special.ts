/** Special functions in double precision. */

const poly = (x: number, c: readonly number[]): number => {
  let sum = 0;
  for (let i = c.length - 1; i >= 0; i--) sum = sum * x + c[i]!;
  return sum;
};

// Rational approximations of FreeBSD's s_erf.c (Sun Microsystems, 1993), coefficients in ascending order.
const ERX = 0.8450629115104675;
const EFX = 0.1283791670955126;
const PP = [
  0.12837916709551256, -0.3250421072470015, -0.02848174957559851, -0.005770270296489442, -0.000023763016656650163,
];
const QQ = [
  1, 0.39791722395915535, 0.0650222499887673, 0.005081306281875766, 0.00013249473800432164, -0.000003960228278775368,
];
const PA = [
  -0.0023621185607526594, 0.41485611868374833, -0.3722078760357013, 0.31834661990116175, -0.11089469428239668,
  0.035478304325618236, -0.002166375594868791,
];
const QA = [
  1, 0.10642088040084423, 0.540397917702171, 0.07182865441419627, 0.12617121980876164, 0.01363708391202905,
  0.011984499846799107,
];
const RA = [
  -0.009864944034847148, -0.6938585727071818, -10.558626225323291, -62.375332450326006, -162.39666946257347,
  -184.60509290671104, -81.2874355063066, -9.814329344169145,
];
const SA = [
  1, 19.651271667439257, 137.65775414351904, 434.56587747522923, 645.3872717332679, 429.00814002756783,
  108.63500554177944, 6.570249770319282, -0.0604244152148581,
];
const RB = [
  -0.0098649429247001, -0.799283237680523, -17.757954917754752, -160.63638485582192, -637.5664433683896,
  -1025.0951316110772, -483.5191916086514,
];
const SB = [
  1, 30.33806074348246, 325.7925129965739, 1536.729586084437, 3199.8582195085955, 2553.0504064331644,
  474.52854120695537, -22.44095244658582,
];

/** erfc(x) for x >= 1.25, where it is exp(-x^2) times a rational function of 1 / x^2. */
function erfcTail(x: number): number {
  if (x >= 28) return 0;
  const s = 1 / (x * x);
  const ratio = x < 1 / 0.35 ? poly(s, RA) / poly(s, SA) : poly(s, RB) / poly(s, SB);
  // x^2 in two parts: the leading 24 bits squared exactly, and the rest.
  const z = Math.fround(x);
  return (Math.exp(-z * z - 0.5625) * Math.exp((z - x) * (z + x) + ratio)) / x;
}

/** The error function. */
export function erf(x: number): number {
  const size = Math.abs(x);
  if (size < 0.84375) {
    if (size < 2 ** -28) return x + EFX * x;
    const z = x * x;
    return x + x * (poly(z, PP) / poly(z, QQ));
  }
  if (size < 1.25) {
    const y = ERX + poly(size - 1, PA) / poly(size - 1, QA);
    return x < 0 ? -y : y;
  }
  if (size >= 6) return x < 0 ? -1 : 1;
  if (Number.isNaN(x)) return NaN;
  return x < 0 ? erfcTail(size) - 1 : 1 - erfcTail(size);
}

/** 1 - erf(x), accurate where erf(x) is nearly 1. */
export function erfc(x: number): number {
  const size = Math.abs(x);
  if (size < 0.84375) {
    const z = x * x;
    const y = poly(z, PP) / poly(z, QQ);
    return x < 0.25 ? 1 - (x + x * y) : 0.5 - (x - 0.5 + x * y);
  }
  if (size < 1.25) {
    const y = poly(size - 1, PA) / poly(size - 1, QA);
    return x < 0 ? 1 + (ERX + y) : 1 - ERX - y;
  }
  if (Number.isNaN(x)) return NaN;
  return x < 0 ? 2 - erfcTail(size) : erfcTail(size);
}

// M. Giles, Approximating the erfinv function (2010), single precision: the first guess.
const GILES_CENTRE = [
  1.50140941, 0.246640727, -0.00417768164, -0.00125372503, 0.00021858087, -4.39150654e-6, -3.5233877e-6, 3.43273939e-7,
  2.81022636e-8,
];
const GILES_TAIL = [
  2.83297682, 1.00167406, 0.00943887047, -0.0076224613, 0.00573950773, -0.00367342844, 0.00134934322, 0.000100950558,
  -0.000200214257,
];

/** The inverse of the error function: Giles' approximation, then Halley's method against erfc, accurate in the tails. */
export function erfinv(y: number): number {
  if (!(Math.abs(y) < 1)) return Math.abs(y) === 1 ? y * Infinity : NaN;
  if (y === 0) return y;
  const size = Math.abs(y);
  const w = -Math.log1p(-size) - Math.log1p(size);
  let x = size * (w < 5 ? poly(w - 2.5, GILES_CENTRE) : poly(Math.sqrt(w) - 3, GILES_TAIL));
  for (let step = 0; step < 8; step++) {
    const error = size < 0.5 ? erf(x) - size : 1 - size - erfc(x);
    const newton = (error / (2 / Math.sqrt(Math.PI))) * Math.exp(x * x);
    const change = newton / (1 + x * newton);
    x -= change;
    if (Math.abs(change) <= 1e-16 * x) break;
  }
  return y < 0 ? -x : x;
}

// Lanczos approximation with g = 607/128 and 15 terms (Godfrey).
const LANCZOS = [
  57.15623566586292, -59.59796035547549, 14.136097974741746, -0.4919138160976202, 0.00003399464998481189,
  0.00004652362892704858, -0.00009837447530487956, 0.0001580887032249125, -0.00021026444172410488,
  0.00021743961811521265, -0.0001643181065367639, 0.00008441822398385275, -0.000026190838401581408,
  0.0000036899182659531625,
];

/** log |gamma(x)|. */
export function lgamma(x: number): number {
  if (Number.isNaN(x)) return NaN;
  if (!Number.isFinite(x)) return Infinity;
  if (x <= 0 && Number.isInteger(x)) return Infinity;
  if (x < 0.5) return Math.log(Math.PI / Math.abs(Math.sin(Math.PI * x))) - lgamma(1 - x);
  // Near its zeros at 1 and 2 the sum below would cancel: there log gamma is its Taylor series.
  if (Math.abs(x - 1) < 0.2) return lgammaNearOne(x - 1);
  if (Math.abs(x - 2) < 0.2) return Math.log1p(x - 2) + lgammaNearOne(x - 2);
  let sum = 0.9999999999999971;
  for (let i = 0; i < LANCZOS.length; i++) sum += LANCZOS[i]! / (x + i + 1);
  const t = x + 5.2421875;
  return (x + 0.5) * Math.log(t) - t + Math.log((2.5066282746310007 * sum) / x);
}

/** log gamma(1 + z) = -gamma z + sum of zeta(k) (-z)^k / k. */
function lgammaNearOne(z: number): number {
  let sum = -0.5772156649015329 * z;
  let power = -z;
  for (let k = 2; k < 40; k++) {
    power *= -z;
    sum += (zeta(k) * power) / k;
    if (Math.abs(power) < 1e-18) break;
  }
  return sum;
}

const ZETA = [
  1.6449340668482264, 1.2020569031595942, 1.0823232337111381, 1.03692775514337, 1.017343061984449, 1.008349277381923,
  1.0040773561979444, 1.0020083928260821, 1.0009945751278182, 1.000494188604119, 1.000246086553308,
];

/** Riemann's zeta for integers k >= 2. */
const zeta = (k: number): number => ZETA[k - 2] ?? 1 + 2 ** -k + 3 ** -k + 4 ** -k;

/** The derivative of log gamma(x): recurrence up to 10, then the asymptotic series. */
export function digamma(x: number): number {
  if (x === 0) return Object.is(x, -0) ? Infinity : -Infinity;
  if (x < 0) {
    if (Number.isInteger(x) || x === -Infinity) return NaN;
    return digamma(1 - x) - Math.PI / Math.tan(Math.PI * (x - Math.trunc(x)));
  }
  let sum = 0;
  for (; x < 10; x++) sum -= 1 / x;
  const z = 1 / (x * x);
  const series = z * poly(z, [1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12]);
  return sum + Math.log(x) - 0.5 / x - series;
}

/** The second derivative of log gamma(x): recurrence up to 10, then the asymptotic series. */
export function trigamma(x: number): number {
  if (x < 0.5) {
    if (Number.isInteger(x)) return Infinity;
    if (x === -Infinity) return NaN;
    const sine = Math.sin(Math.PI * (x - Math.trunc(x)));
    return (Math.PI / sine) ** 2 - trigamma(1 - x);
  }
  let sum = 0;
  for (; x < 10; x++) sum += 1 / (x * x);
  const z = 1 / (x * x);
  const series = poly(z, [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6]);
  return sum + 1 / x + z / 2 + (z / x) * series;
}
