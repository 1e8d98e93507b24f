// Mixtures of product kernels at a handful of points: the inner loop of joint density estimates.
// Nearly all of it is squared distances. Kernels come in tiles, one vector of the widest registers,
// whose columns lie together; a tile stays in the first-level cache while all points pass over it,
// a few points at a time, so that each of its numbers is loaded once for several uses. A tile whose
// exponents fall far below the largest one seen is left before its last columns and before its
// exponentials.
#include "dispatch.h"
#include "normal_cell.h"

#include <math.h>

#define TILE OL_KERNEL_TILE
#define POINTS 4
// Columns between looks at whether a tile still matters.
#define STRETCH 4
// Exponents this far below the largest count for nothing: e^-50 is 2e-22.
#define NEGLIGIBLE 50.0

#define OL_BODY "kernel_products_body.h"
#include "each_isa.h"

void ol_log_kernel_products(const ol_kernel_products *kernels, int64_t points, const double *x,
                            const double *half, const double *matches, double *scratch, double *out) {
  OL_PICK(kernel_products)(kernels, points, x, half, matches, scratch, out);
}
