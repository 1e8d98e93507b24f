// Max pooling as a choice: which tap of its window each output takes (once), and the two linear maps
// that a choice defines. They are each other's transposes, so pooling has derivatives of every
// order, and no pass compares values again.
#include "dispatch.h"
#include "parallel.h"

#include <string.h>

#define DEFINE_SCALAR(T, SUFFIX)                                                              \
  static inline int32_t pool_argmax_scalar_##SUFFIX(const T *x, int64_t row, int64_t kh,       \
                                                    int64_t kw, int64_t dh, int64_t dw,       \
                                                    int64_t c) {                              \
    T best = x[0];                                                                            \
    int32_t at = 0;                                                                           \
    for (int64_t u = 0; u < kh; u++)                                                          \
      for (int64_t v = 0; v < kw; v++) {                                                      \
        T other = x[u * dh * row + v * dw * c];                                               \
        if (other > best || (other != other && best == best))                                 \
          best = other, at = (int32_t)(u * kw + v);                                           \
      }                                                                                       \
    return at;                                                                                \
  }
DEFINE_SCALAR(float, f32)
DEFINE_SCALAR(double, f64)

#define OL_BODY "pool_body.h"
#include "each_isa.h"

typedef struct pool_job {
  const ol_convolution *s;
  const void *x;
  void *y;
  int32_t *index;
  void (*argmax)(const float *, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int32_t *);
  void (*select)(const float *, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t,
                 const int32_t *, float *);
  void (*write)(const float *, int64_t, int64_t, int64_t, int64_t, const int32_t *, float *);
} pool_job;

// Where the window of output pixel (line, q) begins in x; a line is an image and an output row.
static int64_t window_start(const ol_convolution *s, int64_t line, int64_t q) {
  const int64_t image = line / s->oh, p = line % s->oh;
  return ((image * s->h + p * s->stride_h) * s->w + q * s->stride_w) * s->c;
}

static void argmax_lines(void *context, int64_t begin, int64_t end) {
  const pool_job *job = context;
  const ol_convolution *s = job->s;
  const int64_t row = s->w * s->c;
  for (int64_t line = begin; line < end; line++)
    for (int64_t q = 0; q < s->ow; q++) {
      const int64_t start = window_start(s, line, q);
      int32_t *index = job->index + (line * s->ow + q) * s->c;
      if (s->dtype == OL_F32) {
        job->argmax((const float *)job->x + start, row, s->kh, s->kw, s->dilation_h,
                    s->dilation_w, s->c, index);
      } else {
        for (int64_t j = 0; j < s->c; j++)
          index[j] = pool_argmax_scalar_f64((const double *)job->x + start + j, row, s->kh, s->kw,
                                            s->dilation_h, s->dilation_w, s->c);
      }
    }
}

static void select_lines(void *context, int64_t begin, int64_t end) {
  const pool_job *job = context;
  const ol_convolution *s = job->s;
  const int64_t row = s->w * s->c;
  for (int64_t line = begin; line < end; line++)
    for (int64_t q = 0; q < s->ow; q++) {
      const int64_t start = window_start(s, line, q), out = (line * s->ow + q) * s->c;
      const int32_t *index = job->index + out;
      if (s->dtype == OL_F32) {
        job->select((const float *)job->x + start, row, s->kh, s->kw, s->dilation_h,
                    s->dilation_w, s->c, index, (float *)job->y + out);
      } else {
        const double *x = (const double *)job->x + start;
        double *y = (double *)job->y + out;
        for (int64_t j = 0; j < s->c; j++)
          y[j] = x[index[j] / s->kw * s->dilation_h * row +
                   index[j] % s->kw * s->dilation_w * s->c + j];
      }
    }
}

#define ADD(T)                                                                                \
  do {                                                                                        \
    const T *g = (const T *)job->y + out;                                                     \
    T *x = (T *)job->x + start;                                                               \
    for (int64_t j = 0; j < s->c; j++)                                                        \
      x[index[j] / s->kw * s->dilation_h * row + index[j] % s->kw * s->dilation_w * s->c + j] += \
          g[j];                                                                               \
  } while (0)

// An image takes its windows in order, so the sums do not depend on the threads.
static void spread_images(void *context, int64_t begin, int64_t end) {
  const pool_job *job = context;
  const ol_convolution *s = job->s;
  const int64_t row = s->w * s->c, plane = s->h * row, element = s->dtype == OL_F64 ? 8 : 4;
  const int tiles = s->dtype == OL_F32 && s->kh == s->stride_h && s->kw == s->stride_w &&
                    s->dilation_h == 1 && s->dilation_w == 1;
  for (int64_t image = begin; image < end; image++) {
    // Tiles that cover the image leave nothing to clear.
    if (!tiles || s->oh * s->kh != s->h || s->ow * s->kw != s->w)
      memset((char *)job->x + image * plane * element, 0, (size_t)(plane * element));
    for (int64_t line = image * s->oh; line < (image + 1) * s->oh; line++)
      for (int64_t q = 0; q < s->ow; q++) {
        const int64_t start = window_start(s, line, q), out = (line * s->ow + q) * s->c;
        const int32_t *index = job->index + out;
        if (tiles) {
          job->write((const float *)job->y + out, row, s->kh, s->kw, s->c, index,
                     (float *)job->x + start);
        } else if (s->dtype == OL_F32) {
          ADD(float);
        } else {
          ADD(double);
        }
      }
  }
}

static int64_t bytes_of(const ol_convolution *s) {
  return s->n * s->h * s->w * s->c * (s->dtype == OL_F64 ? 8 : 4);
}

void ol_pool_argmax(const ol_convolution *s, const void *x, int32_t *index, int threads) {
  pool_job job = {.s = s, .x = x, .index = index, .argmax = OL_PICK(pool_argmax_f32)};
  ol_for_range(threads, 2 * bytes_of(s), s->n * s->oh, 1, argmax_lines, &job);
}

void ol_pool_select(const ol_convolution *s, const void *x, const int32_t *index, void *y,
                    int threads) {
  pool_job job = {.s = s, .x = x, .y = y, .index = (int32_t *)index,
                  .select = OL_PICK(pool_select_f32)};
  ol_for_range(threads, 2 * bytes_of(s), s->n * s->oh, 1, select_lines, &job);
}

void ol_pool_spread(const ol_convolution *s, const void *g, const int32_t *index, void *x,
                    int threads) {
  pool_job job = {.s = s, .x = x, .y = (void *)g, .index = (int32_t *)index,
                  .write = OL_PICK(pool_write_f32)};
  ol_for_range(threads, 2 * bytes_of(s), s->n, 1, spread_images, &job);
}
