// The forward convolution. An NHWC image has the channels of a filter row side by side, so each
// output line is a panel product: pixels x (taps and channels) times (taps and channels) x outputs.
// Nothing is gathered but the padding.
#include "convolution.h"

void convolution_lines(ol_dtype dtype, ol_panel panel, int64_t depth, int64_t lines, int64_t y_line,
                       int64_t out_line) {
  const ol_panel_function run = ol_panel_for(dtype);
  const int64_t element = dtype == OL_F64 ? 8 : 4, columns = panel.columns;
  const int64_t fitting = ((int64_t)256 << 10) / (ol_max64(depth, 1) * element);
  const int64_t block = ol_max64(fitting / 64 * 64, 64);
  const char *y = panel.y, *x = panel.x;
  char *out = panel.out;
  for (int64_t j = 0; j < columns; j += block)
    for (int64_t line = 0; line < lines; line++) {
      panel.columns = ol_min64(block, columns - j);
      panel.x = x + j * element;
      panel.y = y + line * y_line * element;
      panel.out = out + (line * out_line + j) * element;
      run(&panel);
    }
}

size_t ol_convolution_scratch_bytes(const ol_convolution *s, int threads) {
  return (size_t)ol_max64(convolution_filter_scratch(s),
                          ol_max64(convolution_forward_scratch(s, threads),
                                   convolution_input_scratch(s, threads)));
}

typedef struct forward_job {
  const ol_convolution *s;
  canvas canvas;
  const ol_segment *segments;
  int64_t segment_count, piece;
  const char *x, *filter;
  char *y, *canvases;
} forward_job;

static int64_t taps_bytes(const ol_convolution *s) {
  return ol_round_up(s->kh * s->kw * (int64_t)sizeof(ol_segment), 64);
}

int64_t convolution_forward_scratch(const ol_convolution *s, int threads) {
  const canvas k = convolution_input_canvas(s);
  return taps_bytes(s) +
         canvas_bytes(&k) * ol_ceil_div(s->n, convolution_piece(s, threads));
}

static void forward_images(void *context, int64_t begin, int64_t end) {
  const forward_job *job = context;
  const ol_convolution *s = job->s;
  const canvas *k = &job->canvas;
  const int64_t element = convolution_element(s);
  // Lines whose pixels follow each other evenly (1 x 1 filters) are one long line.
  const int merged = k->w == s->ow * s->stride_w && s->stride_h == 1;
  ol_panel panel = {
      .x = job->filter,
      .y_k = 1,
      .y_s = s->stride_w * s->c,
      .x_k = s->o,
      .out_s = s->o,
      .rows = merged ? s->oh * s->ow : s->ow,
      .columns = s->o,
      .segments = job->segments,
      .segment_count = job->segment_count,
      .alpha = 1,
  };
  for (int64_t i = begin; i < end; i++) {
    panel.y = canvas_paint(k, job->x + i * s->h * s->w * k->pixel,
                           job->canvases + begin / job->piece * canvas_bytes(k));
    panel.out = job->y + i * s->oh * s->ow * s->o * element;
    convolution_lines((ol_dtype)s->dtype, panel, s->kh * s->kw * s->c, merged ? 1 : s->oh,
                      s->stride_h * k->w * s->c, s->ow * s->o);
  }
}

void ol_convolution_forward(const ol_convolution *s, const void *x, const void *filter, void *y,
                            void *scratch, int threads) {
  if (s->n * s->oh * s->ow * s->o == 0) return;
  const canvas k = convolution_input_canvas(s);
  ol_segment *segments = scratch;
  int64_t count = 0;
  for (int64_t u = 0; u < s->kh; u++)
    for (int64_t v = 0; v < s->kw; v++)
      count = append_segment(
          segments, count,
          (ol_segment){(u * s->dilation_h * k.w + v * s->dilation_w) * s->c,
                       (u * s->kw + v) * s->c * s->o, s->c},
          1, s->o);
  forward_job job = {s, k, segments, count, convolution_piece(s, threads),
                     x, filter, y, (char *)scratch + taps_bytes(s)};
  if (s->n * convolution_flops(s) < OL_PARALLEL_FLOPS) threads = 1;
  ol_for_pieces(threads, s->n, job.piece, forward_images, &job);
}
