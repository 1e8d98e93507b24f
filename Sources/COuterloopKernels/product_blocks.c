// Products by our own kernels: blocks brought to the form that panel.h and dots.h want.
#include "dots.h"
#include "panel.h"
#include "parallel.h"
#include "product_plan.h"
#include "transpose.h"

#define ADD_TRANSPOSED(T)                                                      \
  do {                                                                         \
    const T alpha = (T)p->alpha, beta = (T)factor;                             \
    for (int64_t j = 0; j < columns; j++) {                                    \
      T *d = (T *)c + j * p->c_n;                                              \
      const T *s = (const T *)sums + j;                                        \
      for (int64_t i = 0; i < rows; i++, d += p->c_m, s += sums_row)           \
        *d = beta != 0 ? alpha * *s + beta * *d : alpha * *s;                  \
    }                                                                          \
  } while (0)

// c = alpha sums + factor c, where sums has rows of length sums_row and c the problem's strides.
static void add_strided(const problem *p, double factor, int64_t rows, int64_t columns,
                        const void *sums, int64_t sums_row, char *c) {
  if (p->alpha == 1 && factor == 0 && p->c_m == 1)
    ol_transpose_for(p->element)(columns, rows, sums, sums_row, c, p->c_n);
  else if (p->dtype == OL_F64) ADD_TRANSPOSED(double);
  else ADD_TRANSPOSED(float);
}

// How a product goes through the panel kernel: in blocks of `width` columns and `depth` of k.
//
// With 16 vector registers a tile has six rows of y, so x is read again for every six. Where it lies,
// its rows are a stride apart that keeps them out of the first-level cache, worst of all a power of
// two. So a strip of two vectors' columns is first copied to one piece of memory, which pays if
// there are enough rows and a sum is long enough.
typedef struct blocking {
  int packs, is_strip;
  int64_t width, depth;
} blocking;

enum {
  STRIP_BYTES = 64,
  STRIP_DEPTH = 512,
  LEAST_STRIP_ROWS = 24,
  LEAST_STRIP_K = 64,
};

// Depends on the whole product, not on a piece of it: where k is cut may show in the last bits.
static blocking blocking_of(const problem *p, ol_isa isa) {
  const int is_strip =
      isa == OL_ISA_AVX2 && p->m >= LEAST_STRIP_ROWS && p->k >= LEAST_STRIP_K;
  return (blocking){
      .packs = p->b_n != 1 || is_strip,
      .is_strip = is_strip,
      .width = is_strip ? STRIP_BYTES / p->element : PRODUCT_BLOCK_N,
      .depth = ol_min64(p->k, is_strip ? STRIP_DEPTH : PRODUCT_BLOCK_K),
  };
}

static int64_t pack_bytes(const problem *p, const blocking *blocks, int64_t columns) {
  const int64_t width = blocks->is_strip ? blocks->width : ol_min64(columns, blocks->width);
  return blocks->packs ? ol_round_up(blocks->depth * width * p->element, 64) : 0;
}

// Columns of a, spread over memory, are brought together too if many strips read them: as tiles of six
// rows of y, for as many rows at a time as stay near the second-level cache.
enum { TILE = 6, LEAST_TILED_K = 192, LEAST_TILED_STRIPS = 8, TILED_ROWS = 80 * TILE };

static int is_tiled(const problem *p, const blocking *blocks, int64_t columns) {
  return blocks->is_strip && p->a_k != 1 && p->k >= LEAST_TILED_K &&
         columns >= LEAST_TILED_STRIPS * blocks->width;
}

// Never less for more rows or columns: a piece's scratch serves smaller pieces too.
static int64_t tile_bytes(const problem *p, const blocking *blocks, int64_t rows, int64_t columns) {
  if (!is_tiled(p, blocks, columns)) return 0;
  return ol_round_up(ol_round_up(ol_min64(rows, TILED_ROWS), TILE) * blocks->depth * p->element, 64);
}

#define COPY_TILES(T)                                                                      \
  for (int64_t s = 0; s < rows; s += TILE) {                                               \
    const int64_t count = ol_min64(TILE, rows - s);                                        \
    const T *from = (const T *)y + s * p->a_m;                                             \
    for (int64_t k = 0; k < depth; k++, from += p->a_k)                                    \
      for (int64_t r = 0; r < count; r++) to[s * depth + k * TILE + r] = from[r * p->a_m]; \
  }

static void copy_tiles(const problem *p, const void *y, int64_t rows, int64_t depth, void *tiles) {
  if (p->dtype == OL_F64) {
    double *to = tiles;
    COPY_TILES(double)
  } else {
    float *to = tiles;
    COPY_TILES(float)
  }
}

// Columns of b as rows of length `width`.
static void pack_columns(const problem *p, const char *b, int64_t depth, int64_t columns,
                         int64_t width, char *pack) {
  if (p->b_n != 1) {
    ol_transpose_for(p->element)(depth, columns, b, p->b_n, pack, width);
    return;
  }
  const int64_t row = p->b_k * p->element, bytes = columns * p->element;
  for (int64_t k = 0; k < depth; k++, b += row, pack += STRIP_BYTES) {
    // Of a length the compiler knows, but for the last strip.
    if (bytes == STRIP_BYTES) __builtin_memcpy(pack, b, STRIP_BYTES);
    else __builtin_memcpy(pack, b, (size_t)bytes);
  }
}

static int64_t sums_bytes(const problem *p, const blocking *blocks, int64_t rows, int64_t columns) {
  const int64_t width = ol_min64(columns, blocks->width);
  return p->c_n == 1 ? 0 : ol_round_up(rows * width * p->element, 64);
}

static int64_t scratch_for(const problem *p, ol_isa isa, int64_t rows, int64_t columns) {
  const blocking blocks = blocking_of(p, isa);
  return pack_bytes(p, &blocks, columns) + sums_bytes(p, &blocks, rows, columns) +
         tile_bytes(p, &blocks, rows, columns);
}

int64_t product_panel_scratch(const problem *p, int64_t rows, int64_t columns) {
  return ol_max64(scratch_for(p, OL_ISA_AVX2, rows, columns),
                  scratch_for(p, OL_ISA_BASELINE, rows, columns));
}

static void panel_rows(const problem *p, const blocking *blocks, int64_t m0, int64_t m1, int64_t n0,
                       int64_t n1, char *scratch) {
  const ol_panel_function run = ol_panel_for(p->dtype);
  const int64_t rows = m1 - m0, size = p->element;
  const int strided = p->c_n != 1;
  char *const pack = scratch, *const sums = pack + pack_bytes(p, blocks, n1 - n0);
  char *const tiles = sums + sums_bytes(p, blocks, rows, n1 - n0);
  const int tiled = is_tiled(p, blocks, n1 - n0);
  int64_t l = 0;
  do {  // once also for k == 0
    const int64_t depth = ol_min64(blocks->depth, p->k - l);
    const char *const a = p->a + (m0 * p->a_m + l * p->a_k) * size;
    if (tiled) copy_tiles(p, a, rows, depth, tiles);
    const ol_segment all = {0, 0, depth};
    for (int64_t j = n0; j < n1; j += blocks->width) {
      const int64_t columns = ol_min64(blocks->width, n1 - j);
      const int64_t width = blocks->is_strip ? blocks->width : columns;
      const char *b = p->b + (l * p->b_k + j * p->b_n) * size;
      if (blocks->packs) pack_columns(p, b, depth, columns, width, pack);
      char *const c = p->c + (m0 * p->c_m + j * p->c_n) * size;
      // Sums that are stored with a stride are complete for one block of k, and added to c.
      ol_panel panel = {
          .y = tiled ? tiles : a,
          .x = blocks->packs ? pack : b,
          .out = strided ? sums : c,
          .y_k = tiled ? TILE : p->a_k,
          .y_s = tiled ? 1 : p->a_m,
          .x_k = blocks->packs ? width : p->b_k,
          .out_s = strided ? columns : p->c_m,
          .rows = rows,
          .columns = columns,
          .segments = &all,
          .segment_count = 1,
          .alpha = strided ? 1 : p->alpha,
          .beta = strided ? 0 : l > 0 ? 1 : p->beta,
      };
      if (tiled) {
        for (int64_t s = 0; s < rows; s += TILE) {
          panel.rows = ol_min64(TILE, rows - s);
          run(&panel);
          panel.y = (const char *)panel.y + TILE * depth * size;
          panel.out = (char *)panel.out + TILE * panel.out_s * size;
        }
      } else {
        run(&panel);
      }
      if (strided) add_strided(p, l > 0 ? 1 : p->beta, rows, columns, sums, columns, c);
    }
    l += depth;
  } while (l < p->k);
}

void product_panel(const problem *p, int64_t m0, int64_t m1, int64_t n0, int64_t n1,
                   void *scratch) {
  const blocking blocks = blocking_of(p, ol_isa_current());
  const int64_t step = is_tiled(p, &blocks, n1 - n0) ? TILED_ROWS : m1 - m0;
  for (int64_t m = m0; m < m1; m += step)
    panel_rows(p, &blocks, m, ol_min64(m + step, m1), n0, n1, scratch);
}

void product_pack_rows(const problem *p, void *packed) {
  ol_transpose_for(p->element)(p->n, p->k, p->b, p->b_k, packed, p->k);
}

void product_dots(const problem *p, int64_t m0, int64_t m1, const void *packed) {
  const ol_dots dots = {
      .x = p->a + m0 * p->a_m * p->element,
      .y = packed ? packed : p->b,
      .out = p->c + m0 * p->c_m * p->element,
      .x_row = p->a_m,
      .y_row = packed ? p->k : p->b_n,
      .out_x = p->c_m,
      .out_y = p->c_n,
      .rows = m1 - m0,
      .columns = p->n,
      .k = p->k,
      .alpha = p->alpha,
      .beta = p->beta,
  };
  ol_dots_for(p->dtype)(&dots);
}
