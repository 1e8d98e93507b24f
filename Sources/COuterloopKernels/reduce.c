// Reductions over the middle axis of (outer, middle, inner). The loops are in reduce_loops.h; here
// the axis is divided into work for the threads. Every division that shows in the order of a sum depends on
// the shape alone.
#include "dispatch.h"
#include "parallel.h"

#include <math.h>
#include <string.h>

// The loops test x != x for every type; for integers it is never true.
#pragma clang diagnostic ignored "-Wtautological-compare"
#define OL_BODY "reduce_body.h"
#include "each_isa.h"

// Reduces columns [begin, end) of a slab of `middle` rows of `inner` elements into dst[begin, end).
typedef void (*slab_function)(const void *src, int64_t middle, int64_t inner, int64_t begin,
                              int64_t end, void *dst);

static slab_function pick(ol_dtype dtype, ol_reduction kind) {
  switch (dtype) {
    case OL_F32:
      return kind == OL_REDUCE_SUM   ? OL_PICK(slab_sum_f32)
             : kind == OL_REDUCE_MAX ? OL_PICK(slab_max_f32)
                                     : OL_PICK(slab_min_f32);
    case OL_F64:
      return kind == OL_REDUCE_SUM   ? OL_PICK(slab_sum_f64)
             : kind == OL_REDUCE_MAX ? OL_PICK(slab_max_f64)
                                     : OL_PICK(slab_min_f64);
    default:
      return kind == OL_REDUCE_SUM   ? OL_PICK(slab_sum_i32)
             : kind == OL_REDUCE_MAX ? OL_PICK(slab_max_i32)
                                     : OL_PICK(slab_min_i32);
  }
}

// A slab that is long and narrow is reduced in PARTS parts, whose results form a small slab.
#define PARTS 16
#define PART_INNER 512
#define PART_ELEMENTS ((int64_t)64 << 10)

typedef struct slab_job {
  slab_function slab;
  int64_t middle, inner, part, element;
  const char *src;
  char *dst;
} slab_job;

static int goes_by_parts(int64_t middle, int64_t inner) {
  return inner <= PART_INNER && middle >= 8 * PARTS && middle * inner >= PART_ELEMENTS;
}

static void run_parts(void *context, int64_t begin, int64_t end) {
  const slab_job *job = context;
  for (int64_t i = begin; i < end; i++) {
    const int64_t first = i * job->part, rows = ol_min64(job->part, job->middle - first);
    job->slab(job->src + first * job->inner * job->element, rows, job->inner, 0, job->inner,
              job->dst + i * job->inner * job->element);
  }
}

static void run_columns(void *context, int64_t begin, int64_t end) {
  const slab_job *job = context;
  job->slab(job->src, job->middle, job->inner, begin, end, job->dst);
}

static void reduce_slab(const slab_job *job, int threads) {
  const int64_t bytes = job->middle * job->inner * job->element;
  if (goes_by_parts(job->middle, job->inner)) {
    double partials[PARTS * PART_INNER];
    slab_job parts = *job;
    parts.part = ol_ceil_div(job->middle, PARTS);
    parts.dst = (char *)partials;
    const int64_t count = ol_ceil_div(job->middle, parts.part);
    ol_for_pieces(bytes < OL_PARALLEL_BYTES ? 1 : threads, count, 1, run_parts, &parts);
    job->slab(partials, count, job->inner, 0, job->inner, job->dst);
  } else {
    ol_for_range(threads, bytes, job->inner, 64, run_columns, (void *)job);
  }
}

static void run_slabs(void *context, int64_t begin, int64_t end) {
  slab_job job = *(const slab_job *)context;
  const int64_t slab_bytes = job.middle * job.inner * job.element;
  job.src += begin * slab_bytes;
  job.dst += begin * job.inner * job.element;
  for (int64_t i = begin; i < end; i++) {
    reduce_slab(&job, 1);
    job.src += slab_bytes;
    job.dst += job.inner * job.element;
  }
}

// The result over an empty axis.
static void fill_neutral(ol_dtype dtype, ol_reduction kind, int64_t count, void *dst) {
  double value = kind == OL_REDUCE_SUM ? 0 : kind == OL_REDUCE_MAX ? -INFINITY : INFINITY;
  if (dtype == OL_I32 && kind != OL_REDUCE_SUM)
    value = kind == OL_REDUCE_MAX ? INT32_MIN : INT32_MAX;
  ol_fill(dtype, value, count, dst, 1);
}

void ol_reduce(ol_dtype dtype, ol_reduction kind, int64_t outer, int64_t middle, int64_t inner,
               const void *src, void *dst, int threads) {
  if (outer == 0 || inner == 0) return;
  if (middle == 0) {
    fill_neutral(dtype, kind, outer * inner, dst);
    return;
  }
  const int64_t element = dtype == OL_F64 ? 8 : 4;
  slab_job job = {pick(dtype, kind), middle, inner, 0, element, src, dst};
  if (outer >= 4 * (int64_t)threads)
    ol_for_range(threads, outer * middle * inner * element, outer, 1, run_slabs, &job);
  else
    for (int64_t i = 0; i < outer; i++) {
      reduce_slab(&job, threads);
      job.src += middle * inner * element;
      job.dst += inner * element;
    }
}
