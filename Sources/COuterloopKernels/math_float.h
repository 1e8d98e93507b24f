// Elementary functions of one float, written so that a loop over them becomes vector code: no
// branches, no tables, no calls. Accuracy is 3 ulp or better on every instruction set; nothing
// relies on fused multiply-add. The C library handles the few arguments left out (see the
// loops in fused_ops.h).
//
// The reductions are the classical ones (Cody and Waite, "Software Manual for the Elementary
// Functions", 1980; the form of log is Ng's, from Tang's and fdlibm's notes); the polynomials are
// our own minimax fits, made by Documentation/polynomials.py, which states what each one fits.
#ifndef OUTERLOOP_MATH_FLOAT_H
#define OUTERLOOP_MATH_FLOAT_H

#include "math_double.h"

OL_INLINE uint32_t bits_f32(float x) {
  uint32_t u;
  __builtin_memcpy(&u, &x, sizeof u);
  return u;
}

OL_INLINE float from_bits_f32(uint32_t u) {
  float x;
  __builtin_memcpy(&x, &u, sizeof x);
  return x;
}

// 2^n for -126 <= n <= 127.
OL_INLINE float power_of_two_f32(int32_t n) { return from_bits_f32((uint32_t)(n + 127) << 23); }

// x = n ln 2 + r with |r| <= ln 2 / 2; returns expm1(r). Adding 1.5 * 2^23 rounds to an integer
// and leaves it in the low bits. ln 2 in two parts keeps r exact to the last bit.
OL_INLINE float expm1_reduced_f32(float x, int32_t *n) {
  const float shift = 0x1.8p23f;
  float shifted = x * 0x1.715476p0f + shift;
  float k = shifted - shift;
  *n = (int32_t)(bits_f32(shifted) - bits_f32(shift));
  float r = (x - k * 0x1.62e4p-1f) - k * 0x1.7f7d1cp-20f;
  float q = 0x1.6bec1p-10f;
  q = q * r + 0x1.12276ap-7f;
  q = q * r + 0x1.555674p-5f;
  q = q * r + 0x1.5554bp-3f;
  q = q * r + 0x1.fffffep-2f;
  return r + r * r * q;
}

// The clamps are chosen past overflow and past underflow to zero; written so that NaN stays. Two
// factors reach the subnormals and the infinity that one exponent field cannot.
OL_INLINE float exp_f32(float x) {
  int32_t n;
  x = x > 89.0f ? 89.0f : x;
  x = x < -104.0f ? -104.0f : x;
  float p = 1.0f + expm1_reduced_f32(x, &n);
  int32_t half = n >> 1;
  return p * power_of_two_f32(half) * power_of_two_f32(n - half);
}

// expm1 where 2^n is a normal number: -80 < x < 80.
OL_INLINE float expm1_middle_f32(float x) {
  int32_t n;
  float p = expm1_reduced_f32(x, &n);
  float scale = power_of_two_f32(n);
  return p * scale + (scale - 1.0f);
}

OL_INLINE float expm1_f32(float x) {
  int32_t n;
  float y = x > 89.0f ? 89.0f : x;
  y = y < -20.0f ? -20.0f : y;
  float p = expm1_reduced_f32(y, &n);
  float scale = power_of_two_f32(n - 1);  // halved: n reaches 128
  float result = 2.0f * (p * scale + (scale - 0.5f));
  return __builtin_fabsf(x) < 0x1p-30f ? x : result;
}

// log(2^k (1 + f)) + c for 1 + f in [sqrt(1/2), sqrt(2)]: log(1 + f) = f - f^2/2 + s (f^2/2 + R)
// with s = f / (2 + f) and R the tail of 2 atanh(s); k ln 2 in two parts, the first exact.
OL_INLINE float log_combine_f32(float f, float k, float c) {
  float s = f / (2.0f + f);
  float z = s * s;
  float r = 0x1.31ea76p-2f;
  r = r * z + 0x1.995e78p-2f;
  r = r * z + 0x1.55557ap-1f;
  r = r * z;
  float h = 0.5f * f * f;
  return k * 0x1.62e4p-1f + (f - (h - (s * (h + r) + (c + k * 0x1.7f7d1cp-20f))));
}

// x = 2^k (1 + f), positive and normal: the exponent field is taken after moving sqrt(1/2) to 1.
OL_INLINE float log_split_f32(float x, int32_t *k) {
  const uint32_t low = 0x3f3504f3;  // sqrt(1/2)
  uint32_t u = bits_f32(x) + (0x3f800000 - low);
  *k = (int32_t)(u >> 23) - 127;
  return from_bits_f32((u & 0x007fffff) + low) - 1.0f;
}

OL_INLINE float log_f32(float x) {
  int32_t k, lift = x < 0x1p-126f ? 23 : 0;
  float f = log_split_f32(lift ? x * 0x1p23f : x, &k);
  float y = log_combine_f32(f, (float)(k - lift), 0.0f);
  y = x < __builtin_inff() ? y : x;
  y = x == 0.0f ? -__builtin_inff() : y;
  return x < 0.0f ? __builtin_nanf("") : y;
}

// 1 + x rounds to u; c = (x - (u - 1)) / u puts the lost part back. Where u needs no scaling, f is
// x itself, so nothing is lost near zero.
OL_INLINE float log1p_f32(float x) {
  int32_t k;
  float u = 1.0f + x;
  float f = log_split_f32(u, &k);
  float c = (x - (u - 1.0f)) / u;
  float y = log_combine_f32(k == 0 ? x : f, (float)k, k == 0 ? 0.0f : c);
  y = x < __builtin_inff() ? y : x;
  y = x == -1.0f ? -__builtin_inff() : y;
  y = x < -1.0f ? __builtin_nanf("") : y;
  return x == 0.0f ? x : y;  // keeps -0
}

// tanh |x| = e / (e + 2) with e = expm1(2 |x|); it is 1 to the last bit from 9.02 on.
OL_INLINE float tanh_f32(float x) {
  float a = __builtin_fabsf(x);
  a = a > 10.0f ? 10.0f : a;
  float e = expm1_middle_f32(a + a);
  return __builtin_copysignf(e / (e + 2.0f), x);
}

OL_INLINE float sigmoid_f32(float x) {
  float e = exp_f32(-__builtin_fabsf(x));
  return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}

// log(1 + e^x) = max(x, 0) + log1p(e^-|x|). On [0, 1] log1p needs no splitting of the exponent,
// only a few more terms.
OL_INLINE float softplus_f32(float x) {
  float e = exp_f32(-__builtin_fabsf(x));
  float s = e / (2.0f + e);
  float z = s * s;
  float r = 0x1.f1d1c2p-3f;
  r = r * z + 0x1.b6ce1cp-3f;
  r = r * z + 0x1.2509cep-2f;
  r = r * z + 0x1.9996a6p-2f;
  r = r * z + 0x1.555558p-1f;
  float h = 0.5f * e * e;
  float y = e - (h - s * (h + r * z));
  return (x > 0.0f ? x : 0.0f) + y;
}

// sin and cos reduce by multiples of pi / 2 in double, where one subtraction in two parts is exact
// enough for every |x| <= trig_limit_f32.
static const float trig_limit_f32 = 0x1p20f;

OL_INLINE float trig_reduce_f32(float x, int32_t *quadrant) {
  const double shift = 0x1.8p52;
  double shifted = (double)x * 0x1.45f306dc9c883p-1 + shift;
  double k = shifted - shift;
  *quadrant = (int32_t)bits_f64(shifted);
  return (float)(((double)x - k * 0x1.921fb5p0) - k * 0x1.110b4611a6263p-26);
}

OL_INLINE float sin_reduced_f32(float r) {
  float z = r * r;
  float s = -0x1.994e5cp-13f;
  s = s * z + 0x1.11076p-7f;
  s = s * z - 0x1.555546p-3f;
  return r + r * z * s;
}

OL_INLINE float cos_reduced_f32(float r) {
  float z = r * r;
  float c = 0x1.99eb4cp-16f;
  c = c * z - 0x1.6c0c32p-10f;
  c = c * z + 0x1.55554ap-5f;
  float w = 1.0f - 0.5f * z;
  return w + (((1.0f - w) - 0.5f * z) + z * z * c);  // with what w rounded away
}

// sin(x + quadrants * pi / 2).
OL_INLINE float sin_shifted_f32(float x, int32_t quadrants) {
  int32_t q;
  float r = trig_reduce_f32(x, &q);
  q += quadrants;
  float y = q & 1 ? cos_reduced_f32(r) : sin_reduced_f32(r);
  return from_bits_f32(bits_f32(y) ^ ((uint32_t)(q & 2) << 30));
}

OL_INLINE float sin_f32(float x) { return x == 0.0f ? x : sin_shifted_f32(x, 0); }  // keeps -0
OL_INLINE float cos_f32(float x) { return sin_shifted_f32(x, 1); }

// In float alone the quotient would be off by more than 3 ulp.
OL_INLINE float tan_f32(float x) { return (float)tan_f64((double)x); }

// x + x p(x^2) up to 1, 1 - exp(-x q(x)) beyond; 1 to the last bit from 3.92 on.
OL_INLINE float erf_f32(float x) {
  float a = __builtin_fabsf(x);
  a = a > 4.0f ? 4.0f : a;
  float z = a * a;
  float p = 0x1.4ae4d2p-14f;
  p = p * z - 0x1.a485ecp-11f;
  p = p * z + 0x1.5419f6p-8f;
  p = p * z - 0x1.b7fbb4p-6f;
  p = p * z + 0x1.ce2d2p-4f;
  p = p * z - 0x1.81273ep-2f;
  p = p * z + 0x1.06eba8p-3f;
  float q = 0x1.d94a78p-17f;
  q = q * a - 0x1.71227p-12f;
  q = q * a + 0x1.ed46aep-9f;
  q = q * a - 0x1.899698p-6f;
  q = q * a + 0x1.b46946p-4f;
  q = q * a + 0x1.45198ap-1f;
  q = q * a + 0x1.20f242p0f;
  float y = a < 1.0f ? a + a * p : -expm1_middle_f32(-a * q);
  return __builtin_copysignf(y, x);
}

// For positive finite x and finite y; through double, where the error of y log x cannot be seen.
#define OL_HAS_VECTOR_POW_f32 1
OL_INLINE float pow_positive_f32(float x, float y) {
  return (float)exp_f64((double)y * log_f64((double)x));
}

#endif
