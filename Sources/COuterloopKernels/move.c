// Strided copies: the view is brought to its simplest form, its two innermost dimensions go to a
// loop made for their strides (move_block.h), and the others are counted through.
#include "move_block.h"
#include "parallel.h"

#include <string.h>

typedef struct dim {
  int64_t size, src, dst;
} dim;

// A view without dimensions of size 1, ordered by falling dst stride, neighbours merged where they
// make one run. dims[0] is the innermost.
typedef struct simple_view {
  int rank;
  dim dims[OL_MAX_RANK];
} simple_view;

// Returns false if the view has no elements.
static int simplify(const ol_view *view, simple_view *out) {
  dim dims[OL_MAX_RANK];
  int rank = 0;
  for (int k = 0; k < view->rank; k++) {
    if (view->shape[k] == 0) return 0;
    if (view->shape[k] == 1) continue;
    dim d = {view->shape[k], view->src_stride[k], view->dst_stride[k]};
    int at = rank++;
    for (; at > 0 && dims[at - 1].dst < d.dst; at--) dims[at] = dims[at - 1];
    dims[at] = d;
  }
  out->rank = 0;
  for (int k = rank - 1; k >= 0; k--) {
    dim *last = &out->dims[out->rank > 0 ? out->rank - 1 : 0];
    if (out->rank > 0 && dims[k].src == last->src * last->size &&
        dims[k].dst == last->dst * last->size)
      last->size *= dims[k].size;
    else
      out->dims[out->rank++] = dims[k];
  }
  // A transpose: the dimension that is contiguous in src goes second, so that the two make a block.
  for (int k = 2; k < out->rank; k++)
    if (out->dims[k].src == 1 && out->dims[0].src != 1 && out->dims[0].src != 0) {
      dim d = out->dims[k];
      out->dims[k] = out->dims[1];
      out->dims[1] = d;
      break;
    }
  while (out->rank < 2) out->dims[out->rank++] = (dim){1, 0, 0};
  return 1;
}

typedef struct copy_job {
  const simple_view *view;
  int element_bytes, cut;  // cut: the dimension that is divided over the threads
  const char *src;
  char *dst;
} copy_job;

static void copy_piece(void *context, int64_t begin, int64_t end) {
  const copy_job *job = context;
  simple_view view = *job->view;
  const int64_t bytes = job->element_bytes;
  const char *src = job->src + begin * view.dims[job->cut].src * bytes;
  char *dst = job->dst + begin * view.dims[job->cut].dst * bytes;
  view.dims[job->cut].size = end - begin;

  const ol_block block = {view.dims[1].size, view.dims[0].size, view.dims[1].src,
                          view.dims[0].src,  view.dims[1].dst,  view.dims[0].dst};
  int64_t at[OL_MAX_RANK] = {0};
  for (;;) {
    ol_copy_block((int)bytes, &block, src, dst);
    int k = 2;
    for (; k < view.rank; k++) {  // the odometer of the outer dimensions
      const dim *d = &view.dims[k];
      src += d->src * bytes;
      dst += d->dst * bytes;
      if (++at[k] < d->size) break;
      src -= d->src * d->size * bytes;
      dst -= d->dst * d->size * bytes;
      at[k] = 0;
    }
    if (k >= view.rank) return;
  }
}

void ol_copy(int element_bytes, const ol_view *view, const void *src, void *dst, int threads) {
  simple_view simple;
  if (!simplify(view, &simple)) return;
  copy_job job = {&simple, element_bytes, 0,
                  (const char *)src + view->src_offset * element_bytes,
                  (char *)dst + view->dst_offset * element_bytes};
  int64_t bytes = element_bytes;
  for (int k = 0; k < simple.rank; k++) bytes *= simple.dims[k].size;
  // Divide the outermost dimension that gives every thread some work; this keeps the runs complete.
  job.cut = simple.rank - 1;
  for (int k = simple.rank - 1; k >= 0 && simple.dims[job.cut].size < 4 * threads; k--)
    if (simple.dims[k].size > simple.dims[job.cut].size) job.cut = k;
  ol_for_range(threads, bytes, simple.dims[job.cut].size, job.cut == 0 ? 16 : 1, copy_piece, &job);
}
