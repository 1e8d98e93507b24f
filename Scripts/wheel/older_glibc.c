// Functions of the C library of which newer versions would bind the command to systems of that age: with these it runs
// from glibc 2.34 on.
#define _GNU_SOURCE
#include <sys/random.h>

#if defined(__x86_64__)
// The wide format has room for every square; infinity counts before NaN, as in C.
double hypot(double x, double y) {
  if (__builtin_isinf(x) || __builtin_isinf(y)) return __builtin_inf();
  const long double a = x, b = y;
  return (double)__builtin_sqrtl(a * a + b * b);
}
float hypotf(float x, float y) {
  if (__builtin_isinf(x) || __builtin_isinf(y)) return __builtin_inff();
  const double a = x, b = y;
  return (float)__builtin_sqrt(a * a + b * b);
}
#endif

unsigned int arc4random(void) {
  unsigned int word = 0;
  while (getrandom(&word, sizeof word, 0) != sizeof word) {
  }
  return word;
}
