// What fused.c passes to the loops in fused_body.h: one block of rows, and where its registers are.
#ifndef OUTERLOOP_FUSED_BLOCK_H
#define OUTERLOOP_FUSED_BLOCK_H

#include "dispatch.h"

// Elements of a block, and lanes of a reduction: a sum is kept as 64 partial sums (more when there
// are more columns), enough for four vectors of any instruction set.
enum { OL_BLOCK_ELEMENTS = 1024, OL_LANES = 64 };

typedef struct ol_block {
  char **reg;         // first element of each register in this block
  int64_t count[4];   // elements in this block, by ol_width
  int64_t lanes[4];   // lanes of an ALL reduction, by the width of its operand
  int64_t rows, cols;
  int64_t col_lanes;  // lanes of a COL reduction: a multiple of cols
  double *partials;   // lanes of the reductions in order of appearance; moves as they are met
  int is_first;       // of its chunk: reductions store into partials instead of adding
} ol_block;

// How two partial results are combined: OL_JOIN_MAX is NaN if either is, OL_JOIN_NUMBER_MAX is for
// operands known to be numbers.
typedef enum ol_join { OL_JOIN_SUM, OL_JOIN_MAX, OL_JOIN_NUMBER_MAX } ol_join;

OL_INLINE int ol_is_reduction(int op) { return op >= OL_COL_SUM && op <= OL_ALL_MAX; }

OL_INLINE int64_t ol_reduction_lanes(const ol_block *block, const ol_instr *in) {
  return in->op <= OL_COL_MAX ? block->col_lanes : block->lanes[in->width];
}

typedef void (*ol_run_code)(const ol_instr *code, int32_t count, ol_block *block);
typedef void (*ol_finish_code)(const ol_instr *code, int32_t count, const ol_block *block,
                               double *partials, int64_t chunks, int64_t chunk_lanes);

#endif
