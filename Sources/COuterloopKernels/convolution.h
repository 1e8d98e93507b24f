// What the three convolutions share. Private to convolution*.c.
#ifndef OUTERLOOP_CONVOLUTION_H
#define OUTERLOOP_CONVOLUTION_H

#include "canvas.h"
#include "panel.h"
#include "parallel.h"

static inline int64_t convolution_element(const ol_convolution *s) {
  return s->dtype == OL_F64 ? 8 : 4;
}

/// The canvas of x that the forward map and the filter's gradient read.
static inline canvas convolution_input_canvas(const ol_convolution *s) {
  return (canvas){
      .h = (s->oh - 1) * s->stride_h + (s->kh - 1) * s->dilation_h + 1,
      .w = ol_max64((s->ow - 1) * s->stride_w + (s->kw - 1) * s->dilation_w + 1,
                    s->pad_left == 0 ? s->w : 0),  // wider costs nothing if the image can serve
      .top = s->pad_top,
      .left = s->pad_left,
      .image_h = s->h,
      .image_w = s->w,
      .pixel = s->c * convolution_element(s),
  };
}

/// Multiply-adds of one image.
static inline int64_t convolution_flops(const ol_convolution *s) {
  return s->oh * s->ow * s->kh * s->kw * s->c * s->o;
}

/// Images per piece when the images go over the threads and the cut does not matter.
static inline int64_t convolution_piece(const ol_convolution *s, int threads) {
  return ol_max64(1, ol_ceil_div(s->n, 4 * (int64_t)threads));
}

/// Appends the segment (y, x, count) to a list, extending the last one if it goes straight on.
static inline int64_t append_segment(ol_segment *list, int64_t length, ol_segment next,
                                     int64_t y_k, int64_t x_k) {
  ol_segment *last = &list[length > 0 ? length - 1 : 0];
  if (length > 0 && next.y == last->y + last->count * y_k &&
      next.x == last->x + last->count * x_k) {
    last->count += next.count;
    return length;
  }
  list[length] = next;
  return length + 1;
}

/// Runs rows x columns of a panel, columns in blocks whose share of x stays in the second-level
/// cache, for `lines` lines of pixels one after the other.
void convolution_lines(ol_dtype dtype, ol_panel panel, int64_t depth, int64_t lines, int64_t y_line,
                       int64_t out_line);

// The scratch each of the three needs.
int64_t convolution_forward_scratch(const ol_convolution *s, int threads);
int64_t convolution_input_scratch(const ol_convolution *s, int threads);
int64_t convolution_filter_scratch(const ol_convolution *s);

#endif
