// Functions of the C library of which newer versions would bind the command to systems of that age: with these it runs
// from glibc 2.34 on.
#define _GNU_SOURCE
#include <sys/random.h>

#if defined(__x86_64__)
__asm__(".symver first_hypot, hypot@GLIBC_2.2.5");
__asm__(".symver first_hypotf, hypotf@GLIBC_2.2.5");
double first_hypot(double, double);
float first_hypotf(float, float);
double hypot(double x, double y) { return first_hypot(x, y); }
float hypotf(float x, float y) { return first_hypotf(x, y); }
#endif

unsigned int arc4random(void) {
  unsigned int word = 0;
  while (getrandom(&word, sizeof word, 0) != sizeof word) {
  }
  return word;
}
