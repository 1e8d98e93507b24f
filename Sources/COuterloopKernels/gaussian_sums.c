// Sums of Gaussian kernels at a handful of points: the inner loops of kernel density estimates.
#include "dispatch.h"
#include "math_double.h"

#include <math.h>

// Numbers worked on side by side.
#define LANES 8

#define OL_BODY "gaussian_sums_body.h"
#include "each_isa.h"

void ol_gaussian_sum(int64_t points, const double *x, int64_t kernels, const double *center,
                     const double *inverse, const double *scale, double *out) {
  OL_PICK(gaussian_sum)(points, x, kernels, center, inverse, scale, out);
}

void ol_hermite_sum(int64_t points, const double *x, double low, double width, double sigma,
                    int64_t reach, int64_t bins, const double *moments, double *out) {
  OL_PICK(hermite_sum)(points, x, low, width, sigma, reach, bins, moments, out);
}
