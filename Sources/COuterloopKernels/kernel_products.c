// Mixtures of product kernels at a handful of points: the inner loop of joint density estimates.
// Nearly all of it is squared distances. Kernels come in tiles, one vector of the widest registers,
// whose columns lie together; a tile stays in the first-level cache while all points pass over it,
// in groups, so that each of its numbers is loaded once for several uses. A tile whose exponents
// fall far below the largest one seen is left before its last columns and before its exponentials.
#include "dispatch.h"
#include "normal_cell.h"

#include <math.h>

#define TILE OL_KERNEL_TILE
#define GROUP OL_KERNEL_GROUP
// Columns between looks at whether a tile still matters.
#define STRETCH 8

#define OL_BODY "kernel_products_body.h"
#include "each_isa.h"

void ol_log_kernel_products(const ol_kernel_products *kernels, int64_t groups, const double *x,
                            const double *half, const double *matches, double *scratch,
                            double *out) {
  // What is left out is at most n e^-slack, what is kept at least the least weight.
  const double least = kernels->first < 1.0 ? kernels->first : 1.0;
  const double slack = log(1e10 * (double)(kernels->tiles * TILE) / least);
  OL_PICK(kernel_products)(kernels, groups, x, half, matches, slack, scratch, out);
}
