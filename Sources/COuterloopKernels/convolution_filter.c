// The transpose of the convolution in the filter: for every tap the product of the pixels x sees
// there with g, summed over output pixels and images. Images are cut into chunks that depend on the
// shape only; their sums are added in order.
#include "convolution.h"

#define CHUNKS 16
// Chunks together hold at most this many elements (unless one filter alone is larger).
#define CHUNK_ELEMENTS ((int64_t)4 << 20)

static int64_t filter_elements(const ol_convolution *s) { return s->kh * s->kw * s->c * s->o; }

static int64_t chunk_images(const ol_convolution *s) {
  const int64_t fitting = CHUNK_ELEMENTS / ol_max64(filter_elements(s), 1);
  return ol_max64(1, ol_ceil_div(s->n, ol_max64(1, ol_min64(CHUNKS, fitting))));
}

// Scratch: the list of output lines, then for each chunk a filter and a canvas.
static int64_t lines_bytes(const ol_convolution *s) {
  return ol_round_up(s->oh * (int64_t)sizeof(ol_segment), 64);
}

static int64_t partial_bytes(const ol_convolution *s) {
  return ol_round_up(filter_elements(s) * convolution_element(s), 64);
}

int64_t convolution_filter_scratch(const ol_convolution *s) {
  const canvas k = convolution_input_canvas(s);
  return lines_bytes(s) +
         ol_ceil_div(s->n, chunk_images(s)) * (partial_bytes(s) + canvas_bytes(&k));
}

typedef struct filter_job {
  const ol_convolution *s;
  canvas canvas;
  const ol_segment *lines;
  int64_t chunk;
  const char *x, *g;
  char *slots;
} filter_job;

static void filter_images(void *context, int64_t begin, int64_t end) {
  const filter_job *job = context;
  const ol_convolution *s = job->s;
  const canvas *k = &job->canvas;
  const ol_panel_function run = ol_panel_for((ol_dtype)s->dtype);
  const int64_t element = convolution_element(s);
  char *const partial = job->slots + begin / job->chunk * (partial_bytes(s) + canvas_bytes(k));
  // Without dilation the taps of a filter row lie side by side in the canvas.
  const int64_t side = s->dilation_w == 1 ? s->kw : 1;
  ol_panel panel = {
      .y_k = s->stride_w * s->c,
      .y_s = 1,
      .x_k = s->o,
      .out_s = s->o,
      .rows = side * s->c,
      .columns = s->o,
      .segments = job->lines,
      .segment_count = s->oh,
      .alpha = 1,
  };
  for (int64_t i = begin; i < end; i++) {
    const char *x = canvas_paint(k, job->x + i * s->h * s->w * k->pixel, partial + partial_bytes(s));
    panel.x = job->g + i * s->oh * s->ow * s->o * element;
    panel.beta = i > begin;
    for (int64_t u = 0; u < s->kh; u++)
      for (int64_t v = 0; v < s->kw; v += side) {
        panel.y = x + (u * s->dilation_h * k->w + v * s->dilation_w) * k->pixel;
        panel.out = partial + (u * s->kw + v) * s->c * s->o * element;
        run(&panel);
      }
  }
}

#define ADD_CHUNKS(T)                                                \
  for (int64_t j = 0; j < size; j++) {                               \
    T sum = 0;                                                       \
    for (int64_t i = 0; i < chunks; i++) sum += *(const T *)(slots + i * slot + j * (int64_t)sizeof(T)); \
    ((T *)filter)[j] = sum;                                          \
  }

void ol_convolution_filter(const ol_convolution *s, const void *x, const void *g, void *filter,
                           void *scratch, int threads) {
  const int64_t size = filter_elements(s);
  if (size == 0) return;
  const canvas k = convolution_input_canvas(s);
  const int has_output = s->oh > 0 && s->ow > 0;
  ol_segment *lines = scratch;
  for (int64_t p = 0; p < s->oh; p++)
    lines[p] = (ol_segment){p * s->stride_h * k.w * s->c, p * s->ow * s->o, s->ow};
  char *const slots = (char *)scratch + lines_bytes(s);
  filter_job job = {s, k, lines, chunk_images(s), x, g, slots};
  if (s->n * convolution_flops(s) < OL_PARALLEL_FLOPS) threads = 1;
  if (has_output) ol_for_pieces(threads, s->n, job.chunk, filter_images, &job);

  const int64_t chunks = has_output ? ol_ceil_div(s->n, job.chunk) : 0;
  const int64_t slot = partial_bytes(s) + canvas_bytes(&k);
  if (s->dtype == OL_F64) {
    ADD_CHUNKS(double)
  } else {
    ADD_CHUNKS(float)
  }
}
