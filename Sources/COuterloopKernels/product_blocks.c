// Products by our own kernels: blocks brought to the form that panel.h and dots.h want.
#include "dots.h"
#include "panel.h"
#include "parallel.h"
#include "product_plan.h"
#include "transpose.h"

#define ADD_TRANSPOSED(T)                                                      \
  do {                                                                         \
    const T alpha = (T)p->alpha, beta = (T)p->beta;                            \
    for (int64_t j = 0; j < columns; j++) {                                    \
      T *d = (T *)c + j * p->c_n;                                              \
      const T *s = (const T *)sums + j;                                        \
      for (int64_t i = 0; i < rows; i++, d += p->c_m, s += sums_row)           \
        *d = beta != 0 ? alpha * *s + beta * *d : alpha * *s;                  \
    }                                                                          \
  } while (0)

// c = alpha sums + beta c, where sums has rows of length sums_row and c the problem's strides.
static void add_strided(const problem *p, int64_t rows, int64_t columns, const void *sums,
                        int64_t sums_row, char *c) {
  if (p->alpha == 1 && p->beta == 0 && p->c_m == 1)
    ol_transpose_for(p->element)(columns, rows, sums, sums_row, c, p->c_n);
  else if (p->dtype == OL_F64) ADD_TRANSPOSED(double);
  else ADD_TRANSPOSED(float);
}

static int64_t pack_bytes(const problem *p, int64_t columns) {
  return p->b_n == 1 ? 0
                     : ol_round_up(ol_min64(p->k, PRODUCT_BLOCK_K) *
                                       ol_min64(columns, PRODUCT_BLOCK_N) * p->element, 64);
}

int64_t product_panel_scratch(const problem *p, int64_t rows, int64_t columns) {
  const int64_t sums =
      p->c_n == 1 ? 0 : ol_round_up(rows * ol_min64(columns, PRODUCT_BLOCK_N) * p->element, 64);
  return pack_bytes(p, columns) + sums;
}

void product_panel(const problem *p, int64_t m0, int64_t m1, int64_t n0, int64_t n1,
                   void *scratch) {
  const ol_panel_function run = ol_panel_for(p->dtype);
  const int packs = p->b_n != 1, strided = p->c_n != 1;
  char *const pack = scratch, *const sums = pack + pack_bytes(p, n1 - n0);
  for (int64_t j = n0; j < n1; j += PRODUCT_BLOCK_N) {
    const int64_t columns = ol_min64(PRODUCT_BLOCK_N, n1 - j);
    char *const c = p->c + (m0 * p->c_m + j * p->c_n) * p->element;
    int64_t l = 0;
    do {  // once also for k == 0
      const int64_t depth = ol_min64(PRODUCT_BLOCK_K, p->k - l);
      const char *b = p->b + (l * p->b_k + j * p->b_n) * p->element;
      if (packs) ol_transpose_for(p->element)(depth, columns, b, p->b_n, pack, columns);
      const ol_segment all = {0, 0, depth};
      const ol_panel panel = {
          .y = p->a + (m0 * p->a_m + l * p->a_k) * p->element,
          .x = packs ? pack : b,
          .out = strided ? sums : c,
          .y_k = p->a_k,
          .y_s = p->a_m,
          .x_k = packs ? columns : p->b_k,
          .out_s = strided ? columns : p->c_m,
          .rows = m1 - m0,
          .columns = columns,
          .segments = &all,
          .segment_count = 1,
          .alpha = strided ? 1 : p->alpha,
          .beta = l > 0 ? 1 : strided ? 0 : p->beta,
      };
      run(&panel);
      l += depth;
    } while (l < p->k);
    if (strided) add_strided(p, m1 - m0, columns, sums, columns, c);
  }
}

void product_pack_rows(const problem *p, void *packed) {
  ol_transpose_for(p->element)(p->n, p->k, p->b, p->b_k, packed, p->k);
}

void product_dots(const problem *p, int64_t m0, int64_t m1, const void *packed) {
  const ol_dots dots = {
      .x = p->a + m0 * p->a_m * p->element,
      .y = packed ? packed : p->b,
      .out = p->c + m0 * p->c_m * p->element,
      .x_row = p->a_m,
      .y_row = packed ? p->k : p->b_n,
      .out_x = p->c_m,
      .out_y = p->c_n,
      .rows = m1 - m0,
      .columns = p->n,
      .k = p->k,
      .alpha = p->alpha,
      .beta = p->beta,
  };
  ol_dots_for(p->dtype)(&dots);
}
