// Windows of an image, copied out, and their transpose, which adds them back.
#include "parallel.h"

#include <string.h>

typedef struct windows_job {
  const ol_convolution *s;
  const char *src;
  char *dst;
} windows_job;

// One line of windows: begin, end count lines (image and output row).
static void copy_lines(void *context, int64_t begin, int64_t end) {
  const windows_job *job = context;
  const ol_convolution *s = job->s;
  const int64_t element = s->dtype == OL_F64 ? 8 : 4;
  // Without dilation the taps of a window row lie side by side.
  const int64_t side = s->dilation_w == 1 ? s->kw : 1, run = side * s->c * element;
  char *dst = job->dst + begin * s->ow * s->kh * s->kw * s->c * element;
  for (int64_t line = begin; line < end; line++) {
    const int64_t image = line / s->oh, top = line % s->oh * s->stride_h;
    for (int64_t q = 0; q < s->ow; q++)
      for (int64_t u = 0; u < s->kh; u++)
        for (int64_t v = 0; v < s->kw; v += side, dst += run) {
          const int64_t row = image * s->h + top + u * s->dilation_h;
          const int64_t column = q * s->stride_w + v * s->dilation_w;
          memcpy(dst, job->src + (row * s->w + column) * s->c * element, (size_t)run);
        }
  }
}

void ol_windows(const ol_convolution *s, const void *x, void *windows, int threads) {
  const int64_t lines = s->n * s->oh;
  windows_job job = {s, x, windows};
  ol_for_range(threads, lines * s->ow * s->kh * s->kw * s->c * 4, lines, 1, copy_lines, &job);
}

// An image takes its windows in order, so the sums do not depend on the threads.
#define ADD_IMAGES(T)                                                                          \
  for (int64_t i = begin; i < end; i++) {                                                      \
    const T *src = (const T *)job->src + i * s->oh * s->ow * s->kh * s->kw * s->c;             \
    T *image = (T *)job->dst + i * s->h * s->w * s->c;                                         \
    memset(image, 0, (size_t)(s->h * s->w * s->c) * sizeof(T));                                \
    for (int64_t p = 0; p < s->oh; p++)                                                        \
      for (int64_t q = 0; q < s->ow; q++)                                                      \
        for (int64_t u = 0; u < s->kh; u++)                                                    \
          for (int64_t v = 0; v < s->kw; v += side, src += run) {                              \
            const int64_t row = p * s->stride_h + u * s->dilation_h;                           \
            const int64_t column = q * s->stride_w + v * s->dilation_w;                        \
            T *dst = image + (row * s->w + column) * s->c;                                     \
            for (int64_t j = 0; j < run; j++) dst[j] += src[j];                                \
          }                                                                                    \
  }

static void add_images(void *context, int64_t begin, int64_t end) {
  const windows_job *job = context;
  const ol_convolution *s = job->s;
  const int64_t side = s->dilation_w == 1 ? s->kw : 1, run = side * s->c;
  switch (s->dtype) {
    case OL_F32: ADD_IMAGES(float) break;
    case OL_F64: ADD_IMAGES(double) break;
    default: ADD_IMAGES(uint32_t) break;  // unsigned: int32 wraps around
  }
}

void ol_windows_transpose(const ol_convolution *s, const void *windows, void *x, int threads) {
  windows_job job = {s, windows, x};
  ol_for_range(threads, s->n * s->oh * s->ow * s->kh * s->kw * s->c * 4, s->n, 1, add_images, &job);
}
