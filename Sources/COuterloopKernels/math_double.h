// Elementary functions of one double: the same methods as math_float.h (read that first), with
// longer polynomials. No conversion between double and 64-bit integers is used, because only
// AVX-512 has it: integers ride in the low bits of 1.5 * 2^52 + k.
#ifndef OUTERLOOP_MATH_DOUBLE_H
#define OUTERLOOP_MATH_DOUBLE_H

#include "dispatch.h"

OL_INLINE uint64_t bits_f64(double x) {
  uint64_t u;
  __builtin_memcpy(&u, &x, sizeof u);
  return u;
}

OL_INLINE double from_bits_f64(uint64_t u) {
  double x;
  __builtin_memcpy(&x, &u, sizeof x);
  return x;
}

// 2^n for -1022 <= n <= 1023; n in two's complement.
OL_INLINE double power_of_two_f64(uint64_t n) { return from_bits_f64((n + 1023) << 52); }

OL_INLINE double expm1_reduced_f64(double x, uint64_t *n) {
  const double shift = 0x1.8p52;
  double shifted = x * 0x1.71547652b82fep+0 + shift;
  double k = shifted - shift;
  *n = bits_f64(shifted) - bits_f64(shift);
  double r = (x - k * 0x1.62e42fefap-1) - k * 0x1.cf79abc9e3b3ap-40;
  double q = 0x1.ae6ba7a7fb902p-26;
  q = q * r + 0x1.28a1d7c4fc8d0p-22;
  q = q * r + 0x1.71de88003c207p-19;
  q = q * r + 0x1.a019a7772434fp-16;
  q = q * r + 0x1.a01a01751a454p-13;
  q = q * r + 0x1.6c16c17ed9320p-10;
  q = q * r + 0x1.1111111118f95p-7;
  q = q * r + 0x1.55555555522c1p-5;
  q = q * r + 0x1.5555555555539p-3;
  q = q * r + 0x1.0000000000005p-1;
  return r + r * r * q;
}

OL_INLINE double exp_f64(double x) {
  uint64_t n;
  x = x > 710.0 ? 710.0 : x;
  x = x < -746.0 ? -746.0 : x;
  double p = 1.0 + expm1_reduced_f64(x, &n);
  uint64_t half = ((n + 4096) >> 1) - 2048;  // an arithmetic shift, which AVX2 lacks
  return p * power_of_two_f64(half) * power_of_two_f64(n - half);
}

OL_INLINE double expm1_middle_f64(double x) {
  uint64_t n;
  double p = expm1_reduced_f64(x, &n);
  double scale = power_of_two_f64(n);
  return p * scale + (scale - 1.0);
}

OL_INLINE double expm1_f64(double x) {
  uint64_t n;
  double y = x > 710.0 ? 710.0 : x;
  y = y < -40.0 ? -40.0 : y;
  double p = expm1_reduced_f64(y, &n);
  double scale = power_of_two_f64(n - 1);
  double result = 2.0 * (p * scale + (scale - 0.5));
  return __builtin_fabs(x) < 0x1p-60 ? x : result;
}

OL_INLINE double log_combine_f64(double f, double k, double c) {
  double s = f / (2.0 + f);
  double z = s * s;
  double r = 0x1.2f16ce1685be9p-3;
  r = r * z + 0x1.39a014e5e7dc7p-3;
  r = r * z + 0x1.74664e6bbc107p-3;
  r = r * z + 0x1.c71c51c202bf8p-3;
  r = r * z + 0x1.24924942436f1p-2;
  r = r * z + 0x1.999999997f851p-2;
  r = r * z + 0x1.5555555555593p-1;
  r = r * z;
  double h = 0.5 * f * f;
  return k * 0x1.62e42fefap-1 + (f - (h - (s * (h + r) + (c + k * 0x1.cf79abc9e3b3ap-40))));
}

OL_INLINE double log_split_f64(double x, double *k) {
  const uint64_t low = 0x3fe6a09e667f3bcd;  // sqrt(1/2)
  const double shift = 0x1.8p52;
  uint64_t u = bits_f64(x) + (0x3ff0000000000000 - low);
  *k = from_bits_f64(bits_f64(shift) + (u >> 52) - 1023) - shift;
  return from_bits_f64((u & 0x000fffffffffffff) + low) - 1.0;
}

OL_INLINE double log_f64(double x) {
  double k, lift = x < 0x1p-1022 ? 54.0 : 0.0;
  double f = log_split_f64(x < 0x1p-1022 ? x * 0x1p54 : x, &k);
  double y = log_combine_f64(f, k - lift, 0.0);
  y = x < __builtin_inf() ? y : x;
  y = x == 0.0 ? -__builtin_inf() : y;
  return x < 0.0 ? __builtin_nan("") : y;
}

OL_INLINE double log1p_f64(double x) {
  double k;
  double u = 1.0 + x;
  double f = log_split_f64(u, &k);
  double c = (x - (u - 1.0)) / u;
  double y = log_combine_f64(k == 0.0 ? x : f, k, k == 0.0 ? 0.0 : c);
  y = x < __builtin_inf() ? y : x;
  y = x == -1.0 ? -__builtin_inf() : y;
  y = x < -1.0 ? __builtin_nan("") : y;
  return x == 0.0 ? x : y;
}

OL_INLINE double tanh_f64(double x) {
  double a = __builtin_fabs(x);
  a = a > 20.0 ? 20.0 : a;
  double e = expm1_middle_f64(a + a);
  return __builtin_copysign(e / (e + 2.0), x);
}

OL_INLINE double sigmoid_f64(double x) {
  double e = exp_f64(-__builtin_fabs(x));
  return (x < 0.0 ? e : 1.0) / (1.0 + e);
}

OL_INLINE double softplus_f64(double x) {
  double e = exp_f64(-__builtin_fabs(x));
  double s = e / (2.0 + e);
  double z = s * s;
  double r = 0x1.5175d76a14563p-3;
  r = r * z + 0x1.1e3f84e20c257p-4;
  r = r * z + 0x1.c17ed625648a2p-4;
  r = r * z + 0x1.dfe083cb7f81ep-4;
  r = r * z + 0x1.11235d84c3683p-3;
  r = r * z + 0x1.3b12d4870af4ep-3;
  r = r * z + 0x1.745d1e0f0958ep-3;
  r = r * z + 0x1.c71c71a59b200p-3;
  r = r * z + 0x1.24924924c2445p-2;
  r = r * z + 0x1.9999999999552p-2;
  r = r * z + 0x1.5555555555556p-1;
  double h = 0.5 * e * e;
  double y = e - (h - s * (h + r * z));
  return (x > 0.0 ? x : 0.0) + y;
}

// pi / 2 in three parts; k times the first two is exact for |k| < 2^20. What the second subtraction
// rounds away is taken along with the third, and what is lost then is the tail.
static const double trig_limit_f64 = 0x1p20;

OL_INLINE double trig_reduce_f64(double x, uint64_t *quadrant, double *tail) {
  const double shift = 0x1.8p52;
  double shifted = x * 0x1.45f306dc9c883p-1 + shift;
  double k = shifted - shift;
  *quadrant = bits_f64(shifted);
  double first = x - k * 0x1.921fb544p+0;
  double second = first - k * 0x1.0b4611a6p-34;
  double lost = (first - second) - k * 0x1.0b4611a6p-34;
  double third = lost - k * 0x1.3198a2e037073p-69;
  double r = second + third;
  *tail = (second - r) + third;
  return r;
}

OL_INLINE double sin_reduced_f64(double r) {
  double z = r * r;
  double s = 0x1.5d9301002dd36p-33;
  s = s * z - 0x1.ae5e663aa5d74p-26;
  s = s * z + 0x1.71de3577b6cf7p-19;
  s = s * z - 0x1.a01a019c1199dp-13;
  s = s * z + 0x1.111111110f87ap-7;
  s = s * z - 0x1.5555555555549p-3;
  return r + r * z * s;
}

OL_INLINE double cos_reduced_f64(double r) {
  double z = r * r;
  double c = -0x1.8fa4663e434a5p-37;
  c = c * z + 0x1.1ee9d7532292dp-29;
  c = c * z - 0x1.27e4f7ea38557p-22;
  c = c * z + 0x1.a01a019c8391dp-16;
  c = c * z - 0x1.6c16c16c14f8ap-10;
  c = c * z + 0x1.555555555554bp-5;
  double w = 1.0 - 0.5 * z;
  return w + (((1.0 - w) - 0.5 * z) + z * z * c);  // with what w rounded away
}

OL_INLINE double sin_shifted_f64(double x, uint64_t quadrants) {
  uint64_t q;
  double tail, r = trig_reduce_f64(x, &q, &tail);
  q += quadrants;
  double y = q & 1 ? cos_reduced_f64(r) : sin_reduced_f64(r);
  return from_bits_f64(bits_f64(y) ^ ((q & 2) << 62));
}

OL_INLINE double sin_f64(double x) { return x == 0.0 ? x : sin_shifted_f64(x, 0); }  // keeps -0
OL_INLINE double cos_f64(double x) { return sin_shifted_f64(x, 1); }

// tan(r + pi / 2) = -cos r / sin r. The slope of both, 1 + t^2, brings in the tail.
OL_INLINE double tan_f64(double x) {
  uint64_t q;
  double tail, r = trig_reduce_f64(x, &q, &tail);
  double s = sin_reduced_f64(r), c = cos_reduced_f64(r);
  double t = (q & 1 ? -c : s) / (q & 1 ? s : c);
  return x == 0.0 ? x : t + tail * (1.0 + t * t);
}

// Powers of doubles stay with the C library: y log x in one double is not accurate enough.
#define OL_HAS_VECTOR_POW_f64 0

// 1 to the last bit from 5.93 on.
OL_INLINE double erf_f64(double x) {
  double a = __builtin_fabs(x);
  a = a > 6.0 ? 6.0 : a;
  double z = a * a;
  double p = 0x1.062758eb7ef01p-34;
  p = p * z - 0x1.38ac20e96c433p-30;
  p = p * z + 0x1.f7b99c76886b0p-27;
  p = p * z - 0x1.5f1f40d57023cp-23;
  p = p * z + 0x1.b9df30567f34cp-20;
  p = p * z - 0x1.f4d1e43418c4bp-17;
  p = p * z + 0x1.f9a321e4ad6fap-14;
  p = p * z - 0x1.c02db3db48feap-11;
  p = p * z + 0x1.565bcd0dbd8eep-8;
  p = p * z - 0x1.b82ce31284f36p-6;
  p = p * z + 0x1.ce2f21a042b34p-4;
  p = p * z - 0x1.812746b0379e6p-2;
  p = p * z + 0x1.06eba8214db69p-3;
  double q = 0x1.c4c27d738227cp-43;
  q = q * a - 0x1.5e16a7533faacp-37;
  q = q * a + 0x1.fe342e4534cf9p-33;
  q = q * a - 0x1.d1c44799d8ff9p-29;
  q = q * a + 0x1.2a7ab1b35d216p-25;
  q = q * a - 0x1.1cdf618000030p-22;
  q = q * a + 0x1.a24b0a37cc028p-20;
  q = q * a - 0x1.df554b7baee54p-18;
  q = q * a + 0x1.aabe421aba90ap-16;
  q = q * a - 0x1.1c2e876d56d3bp-14;
  q = q * a + 0x1.eae48b235a78ep-14;
  q = q * a - 0x1.111198ffc6626p-15;
  q = q * a - 0x1.1a1b42cf78b87p-11;
  q = q * a + 0x1.b30a50163bb13p-10;
  q = q * a - 0x1.8cdd132718246p-13;
  q = q * a - 0x1.39887798d2b17p-6;
  q = q * a + 0x1.a4f74c1981edap-4;
  q = q * a + 0x1.45f2f928c32f1p-1;
  q = q * a + 0x1.20dd75965e8d0p+0;
  double y = a < 1.0 ? a + a * p : -expm1_middle_f64(-a * q);
  return __builtin_copysign(y, x);
}

#endif
