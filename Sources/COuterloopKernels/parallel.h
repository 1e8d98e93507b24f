// Dividing a range over the threads of ol_parallel: shared by the kernels that move and reduce data.
#ifndef OUTERLOOP_PARALLEL_H
#define OUTERLOOP_PARALLEL_H

#include "outerloop_kernels.h"

static inline int64_t ol_min64(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t ol_max64(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t ol_ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
static inline int64_t ol_round_up(int64_t a, int64_t unit) { return ol_ceil_div(a, unit) * unit; }

// Waking a worker costs a few microseconds, so a region must have about 20 of them of work: this
// many bytes moved, or this many multiply-adds.
#define OL_PARALLEL_BYTES ((int64_t)512 << 10)
#define OL_PARALLEL_FLOPS ((int64_t)2 << 20)

typedef void (*ol_range_body)(void *context, int64_t begin, int64_t end);
typedef struct ol_range {
  ol_range_body body;
  void *context;
  int64_t count, piece;
} ol_range;

static inline void ol_range_task(void *context, int index) {
  const ol_range *r = context;
  int64_t begin = index * r->piece;
  r->body(r->context, begin, ol_min64(begin + r->piece, r->count));
}

/// Runs body over 0..<count in pieces of `piece`; only for work whose result does not depend on
/// the cut, or whose cut (piece) does not depend on the thread count.
static inline void ol_for_pieces(int threads, int64_t count, int64_t piece, ol_range_body body,
                                 void *context) {
  if (count <= 0) return;
  if (threads <= 1 || piece >= count) {
    for (int64_t begin = 0; begin < count; begin += piece)
      body(context, begin, ol_min64(begin + piece, count));
    return;
  }
  ol_range range = {body, context, count, piece};
  ol_parallel(threads, (int)ol_ceil_div(count, piece), ol_range_task, &range);
}

/// Runs body over 0..<count, cut in a few pieces per thread (multiples of `unit`) when `bytes` is
/// worth it. The result must not depend on the cut.
static inline void ol_for_range(int threads, int64_t bytes, int64_t count, int64_t unit,
                                ol_range_body body, void *context) {
  if (count <= 0) return;
  if (threads <= 1 || bytes < OL_PARALLEL_BYTES) {
    body(context, 0, count);
    return;
  }
  ol_for_pieces(threads, count, ol_round_up(ol_ceil_div(count, 4 * (int64_t)threads), unit), body,
                context);
}

#endif
