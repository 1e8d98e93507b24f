// The main kernel of products and convolutions: a block of sums of products
//
//   out[s, j] = alpha * sum over segments g, k < count_g of
//                   y[g.y + k y_k + s y_s] * x[g.x + k x_k + j]   (+ beta out[s, j])
//
// for s < rows, j < columns. x is read in vectors along j, y one element at a time, spread over a
// vector; sums stay in registers. Segments let k walk through the taps of a convolution.
// Every out[s, j] is one chain of multiply-adds in the order of g and k, whatever the tile it falls
// in (a chain for the even and one for the odd k if paired), so cutting rows or columns never
// changes a bit.
#ifndef OUTERLOOP_PANEL_H
#define OUTERLOOP_PANEL_H

#include "dispatch.h"

typedef struct ol_segment {
  int64_t y, x, count;
} ol_segment;

typedef struct ol_panel {
  const void *y, *x;
  void *out;
  int64_t y_k, y_s, x_k, out_s;
  int64_t rows, columns;
  const ol_segment *segments;
  int64_t segment_count;
  double alpha, beta;  // beta == 0: out is not read
  // Fewer columns than half a vector: two k side by side fill it. Then k counts pairs, x holds
  // x[j][2] for each and y the pair's two elements next to each other. Only if ol_panel_pairs.
  int32_t paired;
} ol_panel;

typedef void (*ol_panel_function)(const ol_panel *panel);
ol_panel_function ol_panel_for(ol_dtype dtype);

/// Whether panels of so few columns can, and so should, be paired.
int ol_panel_pairs(ol_dtype dtype, int64_t columns);

#endif
