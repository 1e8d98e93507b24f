// Rows picked and added by index.
#include "parallel.h"

#include <string.h>

static int all_inside(const int32_t *index, int64_t count, int64_t limit) {
  int outside = 0;  // no early exit: the loop vectorises
  for (int64_t i = 0; i < count; i++) outside |= (index[i] < 0) | (index[i] >= limit);
  return !outside;
}

// ---------------------------------------------------------------- gather

typedef struct gather_job {
  int element_bytes;
  int64_t row_elements;
  const int32_t *index;
  const char *src;
  char *dst;
} gather_job;

static void gather_piece(void *context, int64_t begin, int64_t end) {
  const gather_job *job = context;
  const int32_t *index = job->index;
  const int64_t row_bytes = job->row_elements * job->element_bytes;
  if (row_bytes == 4) {  // memcpy of a fixed size is one move
    for (int64_t i = begin; i < end; i++) memcpy(job->dst + i * 4, job->src + index[i] * 4L, 4);
  } else if (row_bytes == 8) {
    for (int64_t i = begin; i < end; i++) memcpy(job->dst + i * 8, job->src + index[i] * 8L, 8);
  } else {
    for (int64_t i = begin; i < end; i++)
      memcpy(job->dst + i * row_bytes, job->src + index[i] * row_bytes, (size_t)row_bytes);
  }
}

int ol_gather_rows(int element_bytes, int64_t rows, int64_t row_elements, const int32_t *index,
                   int64_t count, const void *src, void *dst, int threads) {
  if (!all_inside(index, count, rows)) return -1;
  if (row_elements == 0) return 0;
  gather_job job = {element_bytes, row_elements, index, src, dst};
  ol_for_range(threads, count * row_elements * element_bytes, count, 1, gather_piece, &job);
  return 0;
}

// ---------------------------------------------------------------- scatter

typedef struct scatter_job {
  ol_dtype dtype;
  int64_t rows, row_elements, count;
  const int32_t *index;
  const void *src;
  void *dst;
} scatter_job;

// Adds rows [row_begin, row_end) x columns [begin, end). Whatever the rectangle, an element of dst
// receives its terms in order of i, so the cut over threads does not show in the bits.
#define SCATTER(T)                                                                            \
  do {                                                                                        \
    const T *src = job->src;                                                                  \
    T *dst = job->dst;                                                                        \
    for (int64_t r = row_begin; r < row_end; r++)                                             \
      memset(dst + r * width + begin, 0, (size_t)(end - begin) * sizeof(T));                  \
    for (int64_t i = 0; i < job->count; i++) {                                                \
      const int64_t r = job->index[i];                                                        \
      if (r < row_begin || r >= row_end) continue;                                            \
      for (int64_t j = begin; j < end; j++) dst[r * width + j] += src[i * width + j];         \
    }                                                                                         \
  } while (0)

static void scatter_rectangle(const scatter_job *job, int64_t row_begin, int64_t row_end,
                              int64_t begin, int64_t end) {
  const int64_t width = job->row_elements;
  switch (job->dtype) {
    case OL_F32: SCATTER(float); break;
    case OL_F64: SCATTER(double); break;
    case OL_I32: SCATTER(uint32_t); break;  // unsigned: int32 wraps around
  }
}

static void scatter_columns(void *context, int64_t begin, int64_t end) {
  const scatter_job *job = context;
  scatter_rectangle(job, 0, job->rows, begin, end);
}

static void scatter_rows(void *context, int64_t begin, int64_t end) {
  const scatter_job *job = context;
  scatter_rectangle(job, begin, end, 0, job->row_elements);
}

int ol_scatter_add_rows(ol_dtype dtype, int64_t rows, int64_t row_elements, const int32_t *index,
                        int64_t count, const void *src, void *dst, int threads) {
  if (!all_inside(index, count, rows)) return -1;
  if (row_elements == 0 || rows == 0) return 0;
  scatter_job job = {dtype, rows, row_elements, count, index, src, dst};
  const int64_t bytes = (rows + count) * row_elements * (dtype == OL_F64 ? 8 : 4);
  if (threads <= 1 || bytes < OL_PARALLEL_BYTES)
    scatter_rectangle(&job, 0, rows, 0, row_elements);
  else if (row_elements >= 16 * (int64_t)threads)
    ol_for_pieces(threads, row_elements, ol_round_up(ol_ceil_div(row_elements, threads), 16),
                  scatter_columns, &job);
  else  // narrow rows: every thread reads the whole index and adds the rows of its range
    ol_for_pieces(threads, rows, ol_ceil_div(rows, threads), scatter_rows, &job);
  return 0;
}

// ---------------------------------------------------------------- one-hot

#define ONE_HOT(T)                                                                         \
  do {                                                                                     \
    T *out = dst;                                                                          \
    memset(out, 0, (size_t)(count * depth) * sizeof(T));                                   \
    for (int64_t i = 0; i < count; i++) out[i * depth + index[i]] = (T)1;                  \
  } while (0)

int ol_one_hot(ol_dtype dtype, const int32_t *index, int64_t count, int64_t depth, void *dst) {
  if (!all_inside(index, count, depth)) return -1;
  if (count == 0 || depth == 0) return 0;
  switch (dtype) {
    case OL_F32: ONE_HOT(float); break;
    case OL_F64: ONE_HOT(double); break;
    case OL_I32: ONE_HOT(int32_t); break;
  }
  return 0;
}
