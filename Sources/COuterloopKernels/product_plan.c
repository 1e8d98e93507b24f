// Which kernel computes a product, and how it is divided. The thresholds were measured against
// OpenBLAS 0.3.21 (Cooperlake kernels) on a Zen 5 with AVX-512: the panel kernel runs at 225 to 250
// GFLOP/s a core there, BLAS at 190 to 240, so BLAS only takes what outgrows the second-level cache
// in every direction, where its packing pays. With AVX2 (Zen 3, a core at most at 95) the panel kernel
// packs too, and BLAS takes what is four times larger: at 2,000 x 300 x 784 they have 86 and 70, at
// 1,024 x 1,024 x 1,024 89 and 92.
#include "product_plan.h"
#include "parallel.h"

// A dimension up to this makes a product skinny: BLAS packs more than it multiplies.
#define SKINNY 32
// Products of at most this many multiply-adds never go to BLAS, whatever their form.
#define OURS ((int64_t)1 << 28)
#define OURS_AVX2 ((int64_t)1 << 30)
// From this length on inner products pay off despite the sum over their lanes.
#define DOTS_K 64
// From this length on k is divided if the result alone does not occupy the threads.
#define LONG_K 8192
#define K_PARTS 16

problem product_swapped(const problem *p) {
  problem q = *p;
  q.m = p->n, q.n = p->m;
  q.a = p->b, q.a_m = p->b_n, q.a_k = p->b_k;
  q.b = p->a, q.b_k = p->a_k, q.b_n = p->a_m;
  q.c_m = p->c_n, q.c_n = p->c_m;
  return q;
}

static void choose(const problem *p, ol_isa isa, product_plan *plan) {
  const int64_t least = ol_min64(p->k, ol_min64(p->m, p->n));
  const int64_t ours = isa == OL_ISA_AVX2 ? OURS_AVX2 : OURS;
  if (least > SKINNY && p->m * p->n * p->k > ours && product_blas_takes(p)) {
    plan->way = PRODUCT_BLAS;
    return;
  }
  // Rows of a contiguous along k and few columns (or the mirror image): inner products.
  plan->way = PRODUCT_DOTS;
  if (p->k >= DOTS_K && p->a_k == 1 && p->n <= SKINNY && p->m >= p->n) return;
  if (p->k >= DOTS_K && p->b_k == 1 && p->b_n != 1 && p->m <= SKINNY) {
    plan->swapped = 1;
    return;
  }
  // Otherwise vectors along whichever of n and m is contiguous.
  plan->way = PRODUCT_PANEL;
  plan->swapped = p->b_n == 1 ? p->a_m == 1 && p->m > p->n && p->n <= SKINNY
                              : p->a_m == 1 && p->m <= 4096;
}

// The piece, a multiple of `unit`, that minimises the work of the busiest thread.
static int64_t balanced_piece(int64_t length, int64_t unit, int threads) {
  int64_t best = length, least = length;
  for (int64_t pieces = threads; pieces <= 6 * (int64_t)threads; pieces++) {
    const int64_t piece = ol_round_up(ol_ceil_div(length, pieces), unit);
    const int64_t whole = length / piece, rest = length - whole * piece;
    const int64_t load =
        whole / threads * piece + (whole % threads > 0 ? piece : rest);
    if (load < least) best = piece, least = load;
  }
  return best;
}

product_plan product_plan_for(const problem *original, ol_isa isa, int threads) {
  product_plan plan = {.parts = 1, .part = original->k};
  choose(original, isa, &plan);
  const problem p = plan.swapped ? product_swapped(original) : *original;

  if (p.k >= LONG_K && p.m * p.n <= SKINNY * SKINNY && plan.way != PRODUCT_BLAS) {
    plan.part = ol_round_up(ol_ceil_div(p.k, K_PARTS), 64);
    plan.parts = ol_ceil_div(p.k, plan.part);
    threads = 1;
  }

  plan.cut_n = plan.way != PRODUCT_DOTS && p.n > p.m;
  const int64_t length = plan.cut_n ? p.n : p.m;
  if (plan.way == PRODUCT_BLAS)
    // Here the cut may show in the last bits, so it depends on the shape only.
    plan.piece = ol_round_up(ol_ceil_div(length, 8), 16);
  else if (threads <= 1 || p.m * p.n * p.k < OL_PARALLEL_FLOPS)
    plan.piece = length;
  else
    plan.piece = balanced_piece(length, plan.cut_n ? 16 : 4, threads);
  plan.piece = ol_max64(plan.piece, 1);
  plan.pieces = ol_ceil_div(length, plan.piece);

  plan.slots = plan.parts > 1 ? plan.parts : plan.way == PRODUCT_PANEL ? plan.pieces : 1;
  if (plan.way == PRODUCT_PANEL)
    plan.slot = product_panel_scratch(&p, plan.cut_n ? p.m : plan.piece,
                                      plan.cut_n ? plan.piece : p.n);
  else if (plan.way == PRODUCT_DOTS && p.b_k != 1)
    plan.slot = ol_round_up(p.n * plan.part * p.element, 64);
  return plan;
}
