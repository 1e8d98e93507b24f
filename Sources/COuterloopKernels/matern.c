// Matern-5/2 covariances of many pairs of points, from their dot products.
#include "dispatch.h"
#include "math_double.h"

#include <math.h>

#define OL_BODY "matern_body.h"
#include "each_isa.h"

void ol_matern52(int64_t rows, int64_t columns, const double *row, const double *column, double *k,
                 double *slope) {
  OL_PICK(matern52)(rows, columns, row, column, k, slope);
}
