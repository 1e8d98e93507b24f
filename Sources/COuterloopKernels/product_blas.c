// Calls BLAS: the installed table, called for a rectangle of the result at a time.
#include "product_plan.h"

#include <limits.h>

enum { ROW_MAJOR = 101, NO_TRANS = 111, TRANS = 112 };  // CBLAS

static ol_blas installed;
static int is_installed;

void ol_blas_install(const ol_blas *table) {
  is_installed = table != 0;
  if (table) installed = *table;
}

int product_blas_takes(const problem *p) {
  const int64_t most = INT_MAX;
  return is_installed && installed.sgemm && installed.dgemm && p->m <= most && p->n <= most &&
         p->k <= most && p->a_m <= most && p->a_k <= most && p->b_k <= most && p->b_n <= most &&
         p->c_m <= most && p->c_n == 1;
}

void product_blas(const problem *p, int64_t m0, int64_t m1, int64_t n0, int64_t n1) {
  // A matrix with one column has stride 1 both ways; its leading dimension must still be a
  // row's length at least, which the stride across always is.
  const int a_trans = p->a_k != 1, b_trans = p->b_n != 1;
  const int lda = (int)(a_trans ? p->a_k : p->a_m), ldb = (int)(b_trans ? p->b_n : p->b_k);
  const int m = (int)(m1 - m0), n = (int)(n1 - n0), k = (int)p->k, ldc = (int)p->c_m;
  const char *a = p->a + m0 * p->a_m * p->element, *b = p->b + n0 * p->b_n * p->element;
  char *c = p->c + (m0 * p->c_m + n0) * p->element;
  const int ta = a_trans ? TRANS : NO_TRANS, tb = b_trans ? TRANS : NO_TRANS;
  if (p->dtype == OL_F64)
    installed.dgemm(ROW_MAJOR, ta, tb, m, n, k, p->alpha, (const double *)a, lda,
                    (const double *)b, ldb, p->beta, (double *)c, ldc);
  else
    installed.sgemm(ROW_MAJOR, ta, tb, m, n, k, (float)p->alpha, (const float *)a, lda,
                    (const float *)b, ldb, (float)p->beta, (float *)c, ldc);
}
