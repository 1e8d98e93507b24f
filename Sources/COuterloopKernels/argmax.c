// The index of the first largest element along the middle axis; NaN counts as largest.
#include "parallel.h"

// Columns processed together, so that the inner loop runs along memory.
#define PANEL 64
// Rows from this length on are searched in two passes that run in vectors.
#define LONG_ROW 64

typedef struct argmax_job {
  ol_dtype dtype;
  int64_t middle, inner;
  const void *src;
  int32_t *dst;
} argmax_job;

// `x` takes the lead from `best` (both may be NaN).
#define LEADS(x, best) (((x) > (best)) | (((x) != (x)) & ((best) == (best))))

#define ARGMAX(T)                                                                               \
  static void argmax_row_##T(ol_dtype dtype, const T *src, int64_t count, int32_t *dst) {         \
    int64_t at = 0;                                                                             \
    T best = src[0];                                                                            \
    if (count >= LONG_ROW) { /* the maximum first, then its place */                            \
      ol_reduce(dtype, OL_REDUCE_MAX, 1, count, 1, src, &best, 1);                              \
      while (src[at] != best && (best == best || src[at] == src[at])) at++;                     \
    } else {                                                                                    \
      for (int64_t i = 1; i < count; i++)                                                       \
        if (src[i] > best || (src[i] != src[i] && best == best)) best = src[i], at = i;         \
    }                                                                                           \
    *dst = (int32_t)at;                                                                         \
  }                                                                                             \
                                                                                                \
  static void argmax_panel_##T(const T *src, int64_t middle, int64_t inner, int64_t columns,    \
                               int32_t *dst) {                                                  \
    T best[PANEL];                                                                              \
    int32_t at[PANEL];                                                                          \
    for (int64_t j = 0; j < columns; j++) {                                                     \
      best[j] = src[j];                                                                         \
      at[j] = 0;                                                                                \
    }                                                                                           \
    for (int64_t i = 1; i < middle; i++)                                                        \
      for (int64_t j = 0; j < columns; j++) {                                                   \
        const T x = src[i * inner + j];                                                         \
        const int leads = LEADS(x, best[j]);                                                    \
        best[j] = leads ? x : best[j];                                                          \
        at[j] = leads ? (int32_t)i : at[j];                                                     \
      }                                                                                         \
    for (int64_t j = 0; j < columns; j++) dst[j] = at[j];                                       \
  }                                                                                             \
                                                                                                \
  static void argmax_slabs_##T(const argmax_job *job, int64_t begin, int64_t end) {             \
    for (int64_t o = begin; o < end; o++) {                                                     \
      const T *src = (const T *)job->src + o * job->middle * job->inner;                        \
      int32_t *dst = job->dst + o * job->inner;                                                 \
      if (job->inner == 1)                                                                      \
        argmax_row_##T(job->dtype, src, job->middle, dst);                                      \
      else                                                                                      \
        for (int64_t j = 0; j < job->inner; j += PANEL)                                         \
          argmax_panel_##T(src + j, job->middle, job->inner, ol_min64(PANEL, job->inner - j),   \
                           dst + j);                                                            \
    }                                                                                           \
  }

ARGMAX(float)
ARGMAX(double)
ARGMAX(int32_t)

static void argmax_piece(void *context, int64_t begin, int64_t end) {
  const argmax_job *job = context;
  switch (job->dtype) {
    case OL_F32: argmax_slabs_float(job, begin, end); break;
    case OL_F64: argmax_slabs_double(job, begin, end); break;
    case OL_I32: argmax_slabs_int32_t(job, begin, end); break;
  }
}

void ol_argmax(ol_dtype dtype, int64_t outer, int64_t middle, int64_t inner, const void *src,
               int32_t *dst, int threads) {
  if (outer == 0 || inner == 0) return;
  if (middle == 0) {
    ol_fill(OL_I32, 0, outer * inner, dst, 1);
    return;
  }
  argmax_job job = {dtype, middle, inner, src, dst};
  ol_for_range(threads, outer * middle * inner * 8, outer, 1, argmax_piece, &job);
}
