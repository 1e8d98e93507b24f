// A canvas: one image with the zeros of its padding around it, so that the convolution loops meet
// no edges. Where nothing is padded the image itself serves. Private to convolution*.c.
#ifndef OUTERLOOP_CANVAS_H
#define OUTERLOOP_CANVAS_H

#include "outerloop_kernels.h"
#include "parallel.h"

#include <string.h>

// Image pixel (r, q) of h x w lies at canvas pixel (r + top, q + left) if that exists.
typedef struct canvas {
  int64_t h, w, top, left;      // of the canvas
  int64_t image_h, image_w;
  int64_t pixel;                // bytes of one pixel
} canvas;

static inline int canvas_is_image(const canvas *k) {
  return k->top == 0 && k->left == 0 && k->w == k->image_w && k->h <= k->image_h;
}

static inline int64_t canvas_bytes(const canvas *k) {
  return canvas_is_image(k) ? 0 : ol_round_up(k->h * k->w * k->pixel, 64);
}

/// The canvas of `image`: itself or a padded copy in `memory`.
static inline const char *canvas_paint(const canvas *k, const char *image, char *memory) {
  if (canvas_is_image(k)) return image;
  // Canvas columns [begin, end) come from the image, the others are zero.
  const int64_t begin = ol_min64(ol_max64(k->left, 0), k->w);
  const int64_t end = ol_max64(ol_min64(k->left + k->image_w, k->w), begin);
  for (int64_t r = 0; r < k->h; r++) {
    char *row = memory + r * k->w * k->pixel;
    const int64_t from = r - k->top;
    if (from < 0 || from >= k->image_h) {
      memset(row, 0, (size_t)(k->w * k->pixel));
      continue;
    }
    memset(row, 0, (size_t)(begin * k->pixel));
    memcpy(row + begin * k->pixel, image + (from * k->image_w + begin - k->left) * k->pixel,
           (size_t)((end - begin) * k->pixel));
    memset(row + end * k->pixel, 0, (size_t)((k->w - end) * k->pixel));
  }
  return memory;
}

#endif
