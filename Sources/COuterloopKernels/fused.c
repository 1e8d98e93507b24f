// Runs a fused kernel: divides the domain into blocks and chunks, lays registers out in scratch, and
// passes blocks to the loops of the chosen instruction set.
//
// Blocks are whole rows, about 1024 elements. Chunks are runs of blocks; a reduction's lanes are
// kept per chunk and joined in chunk order. Both depend on the domain only, so the bits of a result
// do not depend on how many threads shared the chunks. A domain of one chunk, which covers every
// small one, runs at once on the caller.
#include "fused_block.h"

#include <math.h>
#include <stdatomic.h>

#include "math_double.h"
#include "math_float.h"

#define OL_BODY "fused_body.h"
#include "each_isa.h"

enum { LEAST_CHUNK_BLOCKS = 16, MOST_CHUNKS = 32 };

// The partition of one domain.
typedef struct cut {
  int64_t block_rows, blocks, chunk_blocks, chunks;
  size_t bytes[4];    // of a register in scratch, by width
  size_t stride[4];   // of a register in memory from block to block, by width
} cut;

// Room between registers: if all began at the same offset in a page, a load near a store in
// another register would look like it depends on it.
static size_t padded(int64_t count, size_t element) {
  return ((size_t)count * element + 63) / 64 * 64 + 64;
}

static cut make_cut(const ol_fused *k) {
  cut c;
  size_t element = k->dtype == OL_F64 ? 8 : 4;
  int64_t rows = k->cols > 0 ? OL_BLOCK_ELEMENTS / (uint64_t)k->cols : OL_BLOCK_ELEMENTS;
  rows = rows < 1 ? 1 : rows;
  c.block_rows = rows < k->rows ? rows : k->rows;
  if (rows >= k->rows) {
    c.blocks = k->rows > 0;
    c.chunk_blocks = 1;
    c.chunks = c.blocks;
  } else {
    c.blocks = (k->rows + rows - 1) / rows;
    c.chunk_blocks = (c.blocks + MOST_CHUNKS - 1) / MOST_CHUNKS;
    if (c.chunk_blocks < LEAST_CHUNK_BLOCKS) c.chunk_blocks = LEAST_CHUNK_BLOCKS;
    c.chunks = (c.blocks + c.chunk_blocks - 1) / c.chunk_blocks;
  }
  c.bytes[OL_ONE] = 64;
  c.bytes[OL_COL] = padded(k->cols, element);
  c.bytes[OL_ROW] = padded(c.block_rows, element);
  c.bytes[OL_FULL] = padded(c.block_rows * k->cols, element);
  c.stride[OL_ONE] = c.stride[OL_COL] = 0;
  c.stride[OL_ROW] = (size_t)c.block_rows * element;
  c.stride[OL_FULL] = (size_t)(c.block_rows * k->cols) * element;
  return c;
}

OL_INLINE size_t table_bytes(const ol_fused *k) {
  return ((size_t)k->register_count * sizeof(char *) + 63) / 64 * 64;
}

static void set_rows(ol_block *block, int64_t rows) {
  block->rows = rows;
  block->count[OL_ROW] = rows;
  block->count[OL_FULL] = rows * block->cols;
}

static ol_block make_block(const ol_fused *k, const cut *c, char **reg) {
  ol_block block;
  block.reg = reg;
  block.cols = k->cols;
  block.count[OL_ONE] = 1;
  block.count[OL_COL] = k->cols;
  set_rows(&block, c->block_rows);
  for (int width = OL_ONE; width <= OL_FULL; width++) {
    int64_t count = block.count[width] < OL_LANES ? block.count[width] : OL_LANES;
    block.lanes[width] = count > 0 ? count : 1;  // the sum of nothing has a lane too
  }
  // Narrow rows share a set of lanes, as many rows as fit.
  int64_t rows = k->cols > 0 && k->cols < OL_LANES ? OL_LANES / k->cols : 1;
  if (rows > c->block_rows && c->block_rows > 0) rows = c->block_rows;
  block.col_lanes = rows * k->cols;
  block.partials = 0;
  block.is_first = 1;
  return block;
}

static int64_t count_lanes(const ol_fused *k, const ol_block *block) {
  int64_t lanes = 0;
  for (int32_t i = 0; i < k->body_count; i++)
    if (ol_is_reduction(k->body[i].op)) lanes += ol_reduction_lanes(block, &k->body[i]);
  return lanes;
}

static size_t thread_bytes(const ol_fused *k, const cut *c) {
  size_t bytes = table_bytes(k);
  for (int32_t r = 0; r < k->register_count; r++)
    if (k->registers[r].slot < 0) bytes += c->bytes[k->registers[r].width];
  return bytes;
}

size_t ol_fused_scratch_bytes(const ol_fused *k, int threads) {
  cut c = make_cut(k);
  ol_block block = make_block(k, &c, 0);
  size_t shares = (size_t)(threads < 1 ? 1 : threads);
  size_t lanes = (size_t)count_lanes(k, &block), chunks = (size_t)(c.chunks < 1 ? 1 : c.chunks);
  return shares * thread_bytes(k, &c) + lanes * chunks * sizeof(double);
}

// One run of a kernel over several threads, each with a copy of the register table.
typedef struct job {
  const ol_fused *kernel;
  void *const *slots;
  const cut *cut;
  char *scratch;         // the caller's registers, then each helper's
  size_t share;          // bytes of each
  double *partials;
  int64_t chunk_lanes;
  ol_run_code run;
  const ol_block *block;
  _Atomic int64_t next;  // the next chunk nobody has taken
} job;

static void run_chunk(const job *j, ol_block *block, int64_t chunk) {
  const ol_fused *k = j->kernel;
  const cut *c = j->cut;
  int64_t from = chunk * c->chunk_blocks, to = from + c->chunk_blocks;
  if (to > c->blocks) to = c->blocks;
  for (int64_t b = from; b < to; b++) {
    int64_t left = k->rows - b * c->block_rows;
    set_rows(block, left < c->block_rows ? left : c->block_rows);
    for (int32_t r = 0; r < k->register_count; r++) {
      ol_register reg = k->registers[r];
      if (reg.slot >= 0)
        block->reg[r] = (char *)j->slots[reg.slot] + (size_t)b * c->stride[reg.width];
    }
    block->partials = j->partials + chunk * j->chunk_lanes;
    block->is_first = b == from;
    j->run(k->body, k->body_count, block);
  }
}

// A helper reads the caller's ONE and COL registers and prologue results, and writes its own copy
// of the scratch registers the body writes.
static void share_chunks(void *context, int index) {
  job *j = context;
  int64_t chunk = atomic_fetch_add_explicit(&j->next, 1, memory_order_relaxed);
  if (chunk >= j->cut->chunks) return;
  ol_block block = *j->block;
  if (index > 0) {
    const ol_fused *k = j->kernel;
    char *own = j->scratch + (size_t)index * j->share, **shared = j->block->reg;
    block.reg = (char **)own;
    for (int32_t r = 0; r < k->register_count; r++)  // the rest move with the blocks
      if (k->registers[r].slot < 0 || k->registers[r].width <= OL_COL) block.reg[r] = shared[r];
    for (int32_t i = 0; i < k->body_count; i++) {
      int32_t dst = k->body[i].dst;
      if (k->registers[dst].slot < 0 && !ol_is_reduction(k->body[i].op))
        block.reg[dst] = own + (shared[dst] - j->scratch);
    }
  }
  while (chunk < j->cut->chunks) {
    run_chunk(j, &block, chunk);
    chunk = atomic_fetch_add_explicit(&j->next, 1, memory_order_relaxed);
  }
}

// The approximate cost of an instruction in additions, for the choice of threads.
static int64_t weight(int op) {
  switch (op) {
    case OL_POW: case OL_ATAN2: return 80;
    case OL_SIN: case OL_COS: case OL_TAN: case OL_ERF: return 10;
    case OL_EXP: case OL_EXPM1: case OL_LOG: case OL_LOG1P: case OL_TANH: case OL_SIGMOID:
    case OL_SOFTPLUS: return 5;
    case OL_DIV: case OL_RECIP: case OL_SQRT: case OL_RSQRT: return 2;
    default: return 1;
  }
}

// Waking a helper pays from about fifteen microseconds of work for it on.
static int worthwhile_threads(const ol_fused *k, const cut *c, int threads) {
  int64_t work = 0;
  for (int32_t i = 0; i < k->body_count; i++) work += weight(k->body[i].op);
  int64_t useful = work * k->rows * k->cols / (1 << 18);
  if (useful > c->chunks) useful = c->chunks;
  return useful < threads ? (useful < 1 ? 1 : (int)useful) : threads;
}

// Points every register at its memory or at scratch; returns the end of what that took.
static char *place_registers(const ol_fused *k, const cut *c, void *const *slots, void *scratch) {
  char **reg = scratch;
  char *next = (char *)scratch + table_bytes(k);
  for (int32_t r = 0; r < k->register_count; r++) {
    ol_register at = k->registers[r];
    if (at.slot >= 0) {
      reg[r] = slots[at.slot];
    } else {
      reg[r] = next;
      next += c->bytes[at.width];
    }
  }
  return next;
}

static int reads_moving(const ol_fused *k, int32_t r, const int64_t *strides) {
  const int32_t slot = k->registers[r].slot;
  return slot >= 0 && strides[slot] != 0;
}

int ol_fused_can_repeat(const ol_fused *k, const int64_t *strides) {
  const cut c = make_cut(k);
  if (c.blocks != 1 || k->epilogue_count > 0) return 0;
  for (int32_t i = 0; i < k->body_count; i++)
    if (ol_is_reduction(k->body[i].op)) return 0;
  // Operands an instruction does not have are 0 in its descriptor: register 0 may be refused
  // needlessly, never wrongly accepted.
  for (int32_t i = 0; i < k->prologue_count; i++) {
    const ol_instr *in = &k->prologue[i];
    if (reads_moving(k, in->dst, strides)) return 0;
    if (in->op != OL_CONST && reads_moving(k, in->a, strides)) return 0;
    if (in->op >= OL_ADD && in->op < OL_FROM_ONE && reads_moving(k, in->b, strides)) return 0;
    if (in->op >= OL_SELECT && in->op < OL_FROM_ONE && reads_moving(k, in->c, strides)) return 0;
  }
  return 1;
}

void ol_fused_repeat(const ol_fused *k, void *const *slots, const int64_t *strides, int64_t count,
                     void *scratch) {
  const cut c = make_cut(k);
  char **reg = scratch;
  place_registers(k, &c, slots, scratch);
  const ol_run_code run = k->dtype == OL_F64 ? OL_PICK(run_f64) : OL_PICK(run_f32);
  ol_block block = make_block(k, &c, reg);
  if (k->prologue_count > 0) run(k->prologue, k->prologue_count, &block);
  for (int64_t i = 0; i < count; i++) {
    run(k->body, k->body_count, &block);
    for (int32_t r = 0; r < k->register_count; r++)
      if (k->registers[r].slot >= 0) reg[r] += strides[k->registers[r].slot];
  }
}

void ol_fused_run(const ol_fused *k, void *const *slots, void *scratch, int threads) {
  const cut c = make_cut(k);
  char **reg = scratch;
  char *next = place_registers(k, &c, slots, scratch);
  const int is_double = k->dtype == OL_F64;
  const ol_run_code run = is_double ? OL_PICK(run_f64) : OL_PICK(run_f32);
  ol_block block = make_block(k, &c, reg);
  if (k->prologue_count > 0) run(k->prologue, k->prologue_count, &block);

  double *partials = (double *)next;
  int64_t chunk_lanes = 0;
  int has_reductions = 1;
  if (c.chunks == 1 && c.blocks == 1) {
    block.partials = partials;
    run(k->body, k->body_count, &block);
    has_reductions = block.partials != partials;
  } else if (c.chunks > 0) {
    if (threads > 1) threads = c.chunks > 1 ? worthwhile_threads(k, &c, threads) : 1;
    size_t share = (size_t)(next - (char *)scratch);
    if (threads > 1) partials = (double *)((char *)scratch + (size_t)threads * share);
    chunk_lanes = count_lanes(k, &block);
    has_reductions = chunk_lanes > 0;
    job j = {k, slots, &c, scratch, share, partials, chunk_lanes, run, &block, 0};
    if (threads > 1) ol_parallel(threads, threads, share_chunks, &j);
    else share_chunks(&j, 0);
  }
  if (has_reductions) {
    const ol_finish_code finish = is_double ? OL_PICK(finish_f64) : OL_PICK(finish_f32);
    finish(k->body, k->body_count, &block, partials, c.chunks, chunk_lanes);
  }
  if (k->epilogue_count > 0) run(k->epilogue, k->epilogue_count, &block);
}
