// The transpose of the convolution in x. An input pixel (r, q) meets tap (u, v) in output pixel
// ((r + pt - u dh) / sh, (q + pl - v dw) / sw) when the divisions leave no rest. So the input
// pixels of one residue modulo the strides see the same taps, and for each residue (phase) the map
// is a stride-1 convolution of g with those taps turned around.
#include "convolution.h"

static int64_t floor_div(int64_t a, int64_t b) {
  const int64_t q = a / b;
  return q * b > a ? q - 1 : q;
}

// Output pixels that some input pixel asks for, also those that do not exist (zeros).
static canvas output_canvas(const ol_convolution *s) {
  const int64_t top = -floor_div(s->pad_top - (s->kh - 1) * s->dilation_h, s->stride_h);
  const int64_t left = -floor_div(s->pad_left - (s->kw - 1) * s->dilation_w, s->stride_w);
  return (canvas){
      .h = floor_div(s->h - 1 + s->pad_top, s->stride_h) + top + 1,
      .w = floor_div(s->w - 1 + s->pad_left, s->stride_w) + left + 1,
      .top = top,
      .left = left,
      .image_h = s->oh,
      .image_w = s->ow,
      .pixel = s->o * convolution_element(s),
  };
}

// Scratch: the turned filter, then for each piece a list of taps and a canvas.
static int64_t filter_bytes(const ol_convolution *s) {
  return ol_round_up(s->kh * s->kw * s->c * s->o * convolution_element(s), 64);
}

static int64_t slot_bytes(const ol_convolution *s, const canvas *k) {
  return ol_round_up(s->kh * s->kw * (int64_t)sizeof(ol_segment), 64) + canvas_bytes(k);
}

int64_t convolution_input_scratch(const ol_convolution *s, int threads) {
  const canvas k = output_canvas(s);
  return filter_bytes(s) + slot_bytes(s, &k) * ol_ceil_div(s->n, convolution_piece(s, threads));
}

// turned[taps backwards][o][c] = filter[taps][c][o], or, paired, turned[taps][o / 2][c][o % 2].
static void turn_filter(const ol_convolution *s, int paired, const void *filter, void *turned) {
  const int64_t taps = s->kh * s->kw, size = s->c * s->o, side = paired ? 2 : 1;
  const ol_view view = {
      .rank = 4,
      .shape = {taps, s->o / side, s->c, side},
      .src_stride = {-size, side, s->o, 1},
      .dst_stride = {size, side * s->c, side, 1},
      .src_offset = (taps - 1) * size,
  };
  ol_copy((int)convolution_element(s), &view, filter, turned, 1);
}

typedef struct input_job {
  const ol_convolution *s;
  canvas canvas;
  int paired;  // see panel.h
  int64_t piece;
  const char *g, *turned;
  char *x, *slots;
} input_job;

// The input pixels with (r + pt) % sh == a and (q + pl) % sw == b of one image.
static void phase(const input_job *job, int64_t a, int64_t b, const char *g, char *x,
                  ol_segment *segments) {
  const ol_convolution *s = job->s;
  const canvas *k = &job->canvas;
  const int64_t side = job->paired ? 2 : 1;  // channels of g taken together
  int64_t count = 0, depth = 0;
  for (int64_t u = s->kh - 1; u >= 0; u--)
    for (int64_t v = s->kw - 1; v >= 0; v--) {
      const int64_t du = u * s->dilation_h - a, dv = v * s->dilation_w - b;
      if (du % s->stride_h != 0 || dv % s->stride_w != 0) continue;
      const int64_t tap = (s->kh - 1 - u) * s->kw + (s->kw - 1 - v);
      const ol_segment next = {-(du / s->stride_h * k->w + dv / s->stride_w) * s->o,
                               tap * s->o * s->c, s->o / side};
      count = append_segment(segments, count, next, side, side * s->c);
      depth += s->o;
    }
  // The first input pixel of the phase, and the canvas pixel at which its tap (a, b) / d would lie.
  const int64_t t = -floor_div(a - s->pad_top, s->stride_h);
  const int64_t l = -floor_div(b - s->pad_left, s->stride_w);
  const int64_t r0 = a + t * s->stride_h - s->pad_top, q0 = b + l * s->stride_w - s->pad_left;
  if (r0 >= s->h || q0 >= s->w) return;
  const int64_t element = convolution_element(s);
  const ol_panel panel = {
      .y = g + ((t + k->top) * k->w + l + k->left) * k->pixel,
      .x = job->turned,
      .out = x + (r0 * s->w + q0) * s->c * element,
      .y_k = side,
      .y_s = s->o,
      .x_k = side * s->c,
      .out_s = s->stride_w * s->c,
      .rows = ol_ceil_div(s->w - q0, s->stride_w),
      .columns = s->c,
      .segments = segments,
      .segment_count = count,
      .alpha = 1,
      .paired = job->paired,
  };
  convolution_lines((ol_dtype)s->dtype, panel, depth, ol_ceil_div(s->h - r0, s->stride_h),
                    k->w * s->o, s->stride_h * s->w * s->c);
}

static void input_images(void *context, int64_t begin, int64_t end) {
  const input_job *job = context;
  const ol_convolution *s = job->s;
  const canvas *k = &job->canvas;
  char *const slot = job->slots + begin / job->piece * slot_bytes(s, k);
  char *const memory = slot + slot_bytes(s, k) - canvas_bytes(k);
  for (int64_t i = begin; i < end; i++) {
    const char *g = canvas_paint(k, job->g + i * s->oh * s->ow * k->pixel, memory);
    char *x = job->x + i * s->h * s->w * s->c * convolution_element(s);
    for (int64_t a = 0; a < s->stride_h; a++)
      for (int64_t b = 0; b < s->stride_w; b++) phase(job, a, b, g, x, (ol_segment *)slot);
  }
}

void ol_convolution_input(const ol_convolution *s, const void *g, const void *filter, void *x,
                          void *scratch, int threads) {
  if (s->n * s->h * s->w * s->c == 0) return;
  const int paired = s->o % 2 == 0 && ol_panel_pairs((ol_dtype)s->dtype, s->c);
  turn_filter(s, paired, filter, scratch);
  input_job job = {s, output_canvas(s), paired, convolution_piece(s, threads), g, scratch, x,
                   (char *)scratch + filter_bytes(s)};
  if (s->n * convolution_flops(s) < OL_PARALLEL_FLOPS) threads = 1;
  ol_for_pieces(threads, s->n, job.piece, input_images, &job);
}
