// Fills, casts and index patterns.
#include "parallel.h"

#include <string.h>

static inline int64_t element_bytes(ol_dtype dtype) { return dtype == OL_F64 ? 8 : 4; }

// ---------------------------------------------------------------- fill

typedef struct fill_job {
  ol_dtype dtype;
  double value;
  void *dst;
} fill_job;

#define FILL(T, SOURCE)                                \
  do {                                                 \
    const T value = (T)(SOURCE);                       \
    T *dst = job->dst;                                 \
    for (int64_t i = begin; i < end; i++) dst[i] = value; \
  } while (0)

static void fill_piece(void *context, int64_t begin, int64_t end) {
  const fill_job *job = context;
  switch (job->dtype) {
    case OL_F32: FILL(float, job->value); break;
    case OL_F64: FILL(double, job->value); break;
    case OL_I32: FILL(int32_t, job->value); break;
  }
}

void ol_fill(ol_dtype dtype, double value, int64_t count, void *dst, int threads) {
  fill_job job = {dtype, value, dst};
  ol_for_range(threads, count * element_bytes(dtype), count, 16, fill_piece, &job);
}

// ---------------------------------------------------------------- cast

typedef struct cast_job {
  ol_dtype from, to;
  const void *src;
  void *dst;
} cast_job;

// Truncates towards zero; NaN gives 0 and what int32 cannot hold its nearest end. The limit is the
// largest value of the type below 2^31, so the conversion itself is always defined.
static inline int32_t truncate_f64(double x) {
  double y = x < -2147483648.0 ? -2147483648.0 : x;
  y = y > 2147483647.0 ? 2147483647.0 : y;
  return (int32_t)(y == y ? y : 0.0);
}

static inline int32_t truncate_f32(float x) {
  float y = x < -2147483648.0f ? -2147483648.0f : x;
  y = y > 2147483520.0f ? 2147483520.0f : y;
  const int32_t near = (int32_t)(y == y ? y : 0.0f);
  return x >= 2147483648.0f ? INT32_MAX : near;
}

#define CAST(FROM, TO, f)                                       \
  do {                                                          \
    const FROM *src = job->src;                                 \
    TO *dst = job->dst;                                         \
    for (int64_t i = begin; i < end; i++) dst[i] = f(src[i]);   \
  } while (0)

static void cast_piece(void *context, int64_t begin, int64_t end) {
  const cast_job *job = context;
  switch (job->from) {
    case OL_F32:
      if (job->to == OL_F64) CAST(float, double, (double));
      else CAST(float, int32_t, truncate_f32);
      break;
    case OL_F64:
      if (job->to == OL_F32) CAST(double, float, (float));
      else CAST(double, int32_t, truncate_f64);
      break;
    case OL_I32:
      if (job->to == OL_F32) CAST(int32_t, float, (float));
      else CAST(int32_t, double, (double));
      break;
  }
}

void ol_cast(ol_dtype from, ol_dtype to, int64_t count, const void *src, void *dst, int threads) {
  if (from == to) {
    if (count > 0 && src != dst) memmove(dst, src, (size_t)(count * element_bytes(to)));
    return;
  }
  cast_job job = {from, to, src, dst};
  ol_for_range(threads, count * 8, count, 16, cast_piece, &job);
}

// ---------------------------------------------------------------- iota

#define IOTA(T)                                                                    \
  do {                                                                             \
    T *out = dst, *const end = out + total;                                        \
    while (out < end)                                                              \
      for (int64_t i = 0; i < count && out < end; i++) {                           \
        const int64_t run = ol_min64(inner, end - out);                            \
        for (int64_t j = 0; j < run; j++) out[j] = (T)i;                           \
        out += run;                                                                \
      }                                                                            \
  } while (0)

void ol_iota(ol_dtype dtype, int64_t total, int64_t count, int64_t inner, void *dst) {
  if (total <= 0 || count <= 0 || inner <= 0) return;
  switch (dtype) {
    case OL_F32: IOTA(float); break;
    case OL_F64: IOTA(double); break;
    case OL_I32: IOTA(int32_t); break;
  }
}
