// The standard normal distribution on intervals, branch-free, so that loops over it vectorise.
#ifndef OUTERLOOP_NORMAL_CELL_H
#define OUTERLOOP_NORMAL_CELL_H

#include "math_double.h"

// Mills' ratio (1 - Phi(x)) / phi(x), x >= 0, to 6e-15 of itself: (x + 4) times it is smooth in
// y = (x - 4) / (x + 4), here its Chebyshev series of degree 20 on [-1, 1] as a polynomial.
OL_INLINE double mills_f64(double x) {
  const double y = (x - 4.0) / (x + 4.0);
  double p = 0x1.23f5fedc9b5d1p-26;
  p = p * y + 0x1.14fcc6a867074p-25;
  p = p * y - 0x1.3159a78336a1ep-23;
  p = p * y - 0x1.8c08e1213c1eap-22;
  p = p * y + 0x1.3c6c0fe5fa3f6p-21;
  p = p * y + 0x1.531ed5623462fp-19;
  p = p * y - 0x1.93e994b0868fep-20;
  p = p * y - 0x1.f0ee920ce07bap-17;
  p = p * y + 0x1.d7f27362faceap-20;
  p = p * y + 0x1.716e25234a104p-14;
  p = p * y - 0x1.4023ce9bb36d1p-18;
  p = p * y - 0x1.2fb383f0a8e4fp-11;
  p = p * y + 0x1.5e7a624cd7043p-12;
  p = p * y + 0x1.0be6d255df7d6p-8;
  p = p * y - 0x1.1dcfe9c395d18p-7;
  p = p * y - 0x1.35aa3c7a48eddp-6;
  p = p * y + 0x1.360ce25f681e8p-3;
  p = p * y - 0x1.dec30ee68d0fdp-2;
  p = p * y + 0x1.f0d9856bc4d47p-1;
  p = p * y - 0x1.8615d9b491545p+0;
  p = p * y + 0x1.e4aa012912dd5p+0;
  return p / (x + 4.0);
}

// log(Phi(m + h) - Phi(m - h)), h >= 0. With M Mills' ratio, a = |m| - h and b = |m| + h the mass is
//
//   phi(a) (M(a) - exp(-2 |m| h) M(b))        where a > 0,
//   1 - phi(a) M(-a) - phi(b) M(b)            where 0 is inside,
//   2 h phi(m) (1 + h^2/6 He_2(m) + ...)      where it is short and those cancel.
OL_INLINE double log_cell_f64(double m, double h) {
  const double root = 0x1.9884533d43651p-2, log_root = -0x1.d67f1c864beb5p-1;  // 1 / sqrt(2 pi)
  m = __builtin_fabs(m);
  const double a = m - h, b = m + h;
  const int is_tail = a > 0.0, is_short = (h < 0.01) & (h * m < 0.05);
  const double near = exp_f64(is_tail ? -2.0 * m * h : -0.5 * a * a) * mills_f64(is_tail ? b : -a);
  const double far = is_tail ? mills_f64(a) : root * exp_f64(-0.5 * b * b) * mills_f64(b);
  const double m2 = m * m, h2 = h * h;
  const double he4 = (m2 - 6.0) * m2 + 3.0, he6 = ((m2 - 15.0) * m2 + 45.0) * m2 - 15.0;
  const double series =
      h2 * ((m2 - 1.0) * (1 / 6.0) + h2 * (he4 * (1 / 120.0) + h2 * he6 * (1 / 5040.0)));
  const double long_mass = is_tail ? far - near : 1.0 - root * near - far;
  const double mass = is_short ? 2.0 * h * (1.0 + series) : long_mass;
  const double at = is_short ? m : a;
  const double log_phi = (is_short | is_tail) ? log_root - 0.5 * at * at : 0.0;
  return log_f64(mass) + log_phi;
}

#endif
