// How one product will be computed. Private to product*.c.
#ifndef OUTERLOOP_PRODUCT_PLAN_H
#define OUTERLOOP_PRODUCT_PLAN_H

#include "dispatch.h"

typedef enum product_way {
  PRODUCT_PANEL,  // panel.h: vectors along n
  PRODUCT_DOTS,   // dots.h: vectors along k, for skinny results
  PRODUCT_BLAS,
} product_way;

// c[i c_m + j c_n] = alpha sum a[i a_m + l a_k] b[l b_k + j b_n] + beta c. One stride of each
// matrix is 1. Exchanging a and b (and the strides of c) gives the transposed problem.
typedef struct problem {
  ol_dtype dtype;
  int64_t element, m, n, k, a_m, a_k, b_k, b_n, c_m, c_n;
  double alpha, beta;
  const char *a, *b;
  char *c;
} problem;

typedef struct product_plan {
  product_way way;
  int swapped;             // the kernels see the transposed problem
  int64_t parts, part;     // k is cut in `parts` of length `part`, added up in order
  int64_t slots, slot;     // slots of scratch, one per piece that may run at the same time; bytes each
  int64_t pieces, piece;   // the cut of m or n over threads
  int cut_n;               // 1: n is cut, 0: m
} product_plan;

// Blocks of a panel product: k by n elements of b, which stay in the second-level cache.
#define PRODUCT_BLOCK_K 256
#define PRODUCT_BLOCK_N 256

/// The plan for one product of the problem's shape on at most `threads` threads. Everything that
/// shows in the bits depends on the shape and the instruction set only.
product_plan product_plan_for(const problem *p, ol_isa isa, int threads);
problem product_swapped(const problem *p);

/// Rows [m0, m1) x columns [n0, n1) by panels. scratch holds product_panel_scratch bytes.
void product_panel(const problem *p, int64_t m0, int64_t m1, int64_t n0, int64_t n1, void *scratch);
int64_t product_panel_scratch(const problem *p, int64_t rows, int64_t columns);

/// Columns of b (or rows of its transpose) one after the other in memory, for product_dots.
void product_pack_rows(const problem *p, void *packed);
void product_dots(const problem *p, int64_t m0, int64_t m1, const void *packed);

/// 1 if a BLAS is installed and can take the sizes.
int product_blas_takes(const problem *p);
void product_blas(const problem *p, int64_t m0, int64_t m1, int64_t n0, int64_t n1);

#endif
