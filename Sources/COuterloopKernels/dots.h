// A block of inner products of long rows:
//
//   out[i out_x + j out_y] = alpha * sum over c < k of x[i x_row + c] * y[j y_row + c]  (+ beta out)
//
// for i < rows, j < columns. Vectors run along k, so a skinny result wastes no lanes. Each sum has
// one order, whatever tile it falls in.
#ifndef OUTERLOOP_DOTS_H
#define OUTERLOOP_DOTS_H

#include "dispatch.h"

typedef struct ol_dots {
  const void *x, *y;
  void *out;
  int64_t x_row, y_row, out_x, out_y, rows, columns, k;
  double alpha, beta;  // beta == 0: out is not read
} ol_dots;

typedef void (*ol_dots_function)(const ol_dots *dots);
ol_dots_function ol_dots_for(ol_dtype dtype);

#endif
