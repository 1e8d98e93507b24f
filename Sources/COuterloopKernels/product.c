// Matrix products: batches and long sums are divided here, single products passed to their kernels.
#include "outerloop_kernels.h"
#include "panel.h"
#include "parallel.h"
#include "product_plan.h"

#define ALIGNED(bytes) ol_round_up(bytes, 64)

static problem problem_of(const ol_product *p, const void *a, const void *b, void *c) {
  return (problem){
      .dtype = (ol_dtype)p->dtype,
      .element = p->dtype == OL_F64 ? 8 : 4,
      .m = p->m,
      .n = p->n,
      .k = p->k,
      .a_m = p->trans_a ? 1 : p->lda,
      .a_k = p->trans_a ? p->lda : 1,
      .b_k = p->trans_b ? 1 : p->ldb,
      .b_n = p->trans_b ? p->ldb : 1,
      .c_m = p->ldc,
      .c_n = 1,
      .alpha = p->alpha,
      .beta = p->beta,
      .a = a,
      .b = b,
      .c = c,
  };
}

// A batch that shares b is one product of all its rows, if the rows are evenly spaced.
static ol_product merged(const ol_product *p) {
  ol_product q = *p;
  if (p->batch > 1 && p->stride_b == 0 && !p->trans_a && p->stride_a == p->m * p->lda &&
      p->stride_c == p->m * p->ldc) {
    q.m *= p->batch;
    q.batch = 1;
  }
  return q;
}

// ---------------------------------------------------------------- one product

typedef struct single {
  const problem *p;  // as the kernels see it
  const product_plan *plan;
  char *scratch;
} single;

static void run_piece(void *context, int64_t begin, int64_t end) {
  const single *s = context;
  const problem *p = s->p;
  const product_plan *plan = s->plan;
  const int64_t m0 = plan->cut_n ? 0 : begin, m1 = plan->cut_n ? p->m : end;
  const int64_t n0 = plan->cut_n ? begin : 0, n1 = plan->cut_n ? end : p->n;
  switch (plan->way) {
    case PRODUCT_BLAS: product_blas(p, m0, m1, n0, n1); break;
    case PRODUCT_DOTS: product_dots(p, m0, m1, p->b_k == 1 ? 0 : s->scratch); break;
    case PRODUCT_PANEL:
      product_panel(p, m0, m1, n0, n1, s->scratch + begin / plan->piece * plan->slot);
      break;
  }
}

static void run_whole(const problem *p, const product_plan *plan, char *scratch, int threads) {
  const int64_t length = plan->cut_n ? p->n : p->m;
  if (plan->way == PRODUCT_DOTS && p->b_k != 1) product_pack_rows(p, scratch);
  single s = {p, plan, scratch};
  ol_for_pieces(threads, length, plan->piece, run_piece, &s);
}

// ---------------------------------------------------------------- long sums

typedef struct long_sum {
  const problem *p;
  const product_plan *plan;
  char *partials, *scratch;
} long_sum;

static void run_part(void *context, int64_t begin, int64_t end) {
  const long_sum *s = context;
  for (int64_t i = begin; i < end; i++) {
    problem part = *s->p;
    const int64_t first = i * s->plan->part;
    part.k = ol_min64(s->plan->part, part.k - first);
    part.a += first * part.a_k * part.element;
    part.b += first * part.b_k * part.element;
    part.c = s->partials + i * part.m * part.n * part.element;
    part.c_m = part.n;
    part.c_n = 1;
    part.alpha = 1;
    part.beta = 0;
    run_whole(&part, s->plan, s->scratch + i * s->plan->slot, 1);
  }
}

#define ADD_PARTS(T)                                                               \
  for (int64_t i = 0; i < p->m; i++)                                               \
    for (int64_t j = 0; j < p->n; j++) {                                           \
      const T *s = (const T *)partials + i * p->n + j;                             \
      T sum = 0;                                                                   \
      for (int64_t q = 0; q < parts; q++) sum += s[q * p->m * p->n];               \
      T *c = (T *)p->c + i * p->c_m + j * p->c_n;                                  \
      *c = p->beta != 0 ? (T)p->alpha * sum + (T)p->beta * *c : (T)p->alpha * sum; \
    }

static void add_parts(const problem *p, int64_t parts, const void *partials) {
  if (p->dtype == OL_F64) {
    ADD_PARTS(double)
  } else {
    ADD_PARTS(float)
  }
}

static void run_one(const problem *original, const product_plan *plan, char *scratch,
                    int threads) {
  const problem p = plan->swapped ? product_swapped(original) : *original;
  if (plan->parts <= 1) {
    run_whole(&p, plan, scratch, threads);
    return;
  }
  char *const partials = scratch + ALIGNED(plan->slots * plan->slot);
  long_sum s = {&p, plan, partials, scratch};
  ol_for_pieces(threads, plan->parts, 1, run_part, &s);
  add_parts(&p, plan->parts, partials);
}

static int64_t one_scratch(const problem *p, const product_plan *plan) {
  const int64_t partials = plan->parts > 1 ? plan->parts * p->m * p->n * p->element : 0;
  return ALIGNED(plan->slots * plan->slot) + ALIGNED(partials);
}

// ---------------------------------------------------------------- batches

typedef struct batch_job {
  const ol_product *product;
  const problem *first;
  const product_plan *plan;
  char *scratch;
  int64_t slot, piece;
  int threads;  // inside one product
} batch_job;

static void run_batch(void *context, int64_t begin, int64_t end) {
  const batch_job *job = context;
  problem p = *job->first;
  for (int64_t i = begin; i < end; i++) {
    p.a = job->first->a + i * job->product->stride_a * p.element;
    p.b = job->first->b + i * job->product->stride_b * p.element;
    p.c = job->first->c + i * job->product->stride_c * p.element;
    run_one(&p, job->plan, job->scratch + begin / job->piece * job->slot, job->threads);
  }
}

// A batch is distributed over the threads by whole products when there are enough of them.
static int batch_over_threads(const ol_product *p, int threads) {
  return threads > 1 && p->batch >= threads &&
         p->batch * p->m * p->n * p->k >= OL_PARALLEL_FLOPS / 4;
}

static int64_t batch_piece(const ol_product *p, int threads) {
  return ol_max64(1, ol_ceil_div(p->batch, 4 * (int64_t)threads));
}

// ---------------------------------------------------------------- entry

size_t ol_product_scratch_bytes(const ol_product *original, int threads) {
  const ol_product p = merged(original);
  const problem first = problem_of(&p, 0, 0, 0);
  const int spread = batch_over_threads(&p, threads);
  const int64_t slots = spread ? ol_ceil_div(p.batch, batch_piece(&p, threads)) : 1;
  // Whichever instruction set it will run with.
  const product_plan plain = product_plan_for(&first, OL_ISA_BASELINE, spread ? 1 : threads);
  const product_plan strips = product_plan_for(&first, OL_ISA_AVX2, spread ? 1 : threads);
  return (size_t)(slots * ol_max64(one_scratch(&first, &plain), one_scratch(&first, &strips)));
}

// Small products with b in its layout need no plan: directly to the panel kernel.
static int is_tiny(const ol_product *p) {
  return !p->trans_b && p->m <= 64 && p->n <= 64 && p->k <= 64 && p->m * p->n * p->k <= 32768;
}

typedef struct tiny_job {
  const ol_product *product;
  const char *a, *b;
  char *c;
} tiny_job;

static void run_tiny(void *context, int64_t begin, int64_t end) {
  const tiny_job *job = context;
  const ol_product *p = job->product;
  const ol_panel_function run = ol_panel_for((ol_dtype)p->dtype);
  const int64_t element = p->dtype == OL_F64 ? 8 : 4;
  const ol_segment all = {0, 0, p->k};
  ol_panel panel = {.y_k = p->trans_a ? p->lda : 1,
                    .y_s = p->trans_a ? 1 : p->lda,
                    .x_k = p->ldb,
                    .out_s = p->ldc,
                    .rows = p->m,
                    .columns = p->n,
                    .segments = &all,
                    .segment_count = 1,
                    .alpha = p->alpha,
                    .beta = p->beta};
  for (int64_t i = begin; i < end; i++) {
    panel.y = job->a + i * p->stride_a * element;
    panel.x = job->b + i * p->stride_b * element;
    panel.out = job->c + i * p->stride_c * element;
    run(&panel);
  }
}

void ol_product_run(const ol_product *original, const void *a, const void *b, void *c,
                    void *scratch, int threads) {
  if (original->batch == 0 || original->m == 0 || original->n == 0) return;
  const ol_product p = merged(original);
  const int spread = batch_over_threads(&p, threads);
  const int64_t batch_cut = spread ? batch_piece(&p, threads) : p.batch;
  if (is_tiny(&p)) {
    tiny_job job = {&p, a, b, c};
    ol_for_pieces(threads, p.batch, batch_cut, run_tiny, &job);
    return;
  }
  const problem first = problem_of(&p, a, b, c);
  const product_plan plan = product_plan_for(&first, ol_isa_current(), spread ? 1 : threads);
  batch_job job = {&p, &first, &plan, scratch, one_scratch(&first, &plan), batch_cut,
                   spread ? 1 : threads};
  ol_for_pieces(spread ? threads : 1, p.batch, batch_cut, run_batch, &job);
}
