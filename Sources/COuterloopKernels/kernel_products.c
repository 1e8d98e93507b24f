// Mixtures of product kernels at a handful of points: the inner loop of joint density estimates.
// Nearly all of it is squared distances. Kernels come in tiles, one vector of the widest registers,
// whose columns lie together; a tile stays in the first-level cache while all points pass over it,
// in groups, so that each of its numbers is loaded once for several uses. A tile whose exponents
// fall far below the largest one seen is abandoned before its last columns and before its exponentials.
#include "dispatch.h"
#include "normal_cell.h"
#include "parallel.h"

#include <math.h>

#define TILE OL_KERNEL_TILE
#define GROUP OL_KERNEL_GROUP
// Columns between checks whether a tile still matters.
#define STRETCH 8

#define OL_BODY "kernel_products_body.h"
#include "each_isa.h"

typedef struct products_job {
  const ol_kernel_products *kernels;
  const double *x, *half, *matches;
  double slack, *scratch, *out;
} products_job;

static void products_of_groups(void *context, int64_t begin, int64_t end) {
  const products_job *job = context;
  const ol_kernel_products *k = job->kernels;
  const int64_t row = GROUP * (k->matched + k->smooth + k->cells) * begin, point = GROUP * begin;
  OL_PICK(kernel_products)(k, end - begin, job->x + row, job->half + row, job->matches, job->slack,
                           job->scratch + TILE * point, job->out + point);
}

void ol_log_kernel_products(const ol_kernel_products *kernels, int threads, int64_t groups,
                            const double *x, const double *half, const double *matches,
                            double *scratch, double *out) {
  // What is left out is at most n e^-slack, what is kept at least the least weight.
  const double least = kernels->first < 1.0 ? kernels->first : 1.0;
  const double slack = log(1e10 * (double)(kernels->tiles * TILE) / least);
  products_job job = {kernels, x, half, matches, slack, scratch, out};
  // Three operations for each column, and an exponential of about twenty.
  const int64_t columns = kernels->matched + kernels->smooth + kernels->cells;
  const int64_t work = (3 * columns + 20) * TILE * kernels->tiles * GROUP * groups;
  // Groups of points are independent, so no partition changes a bit.
  const int64_t piece = work < OL_PARALLEL_FLOPS ? groups : 1;
  ol_for_pieces(threads, groups, piece, products_of_groups, &job);
}
