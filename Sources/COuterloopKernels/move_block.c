#include "move_block.h"

#include <string.h>

#define MIN(a, b) ((a) < (b) ? (a) : (b))

// Runs of a few elements are copied by a loop: a call of memcpy costs more than they do.
#define SHORT_RUN 16

// Transposes go by tiles, each a few cache lines high and wide, so that every line of src that is
// fetched is used up before it leaves the first-level cache.
#define TILE 16

#define BLOCK_BODY(T, SUFFIX)                                                                     \
  static void runs_##SUFFIX(const ol_block *b, const T *src, T *dst) {                            \
    for (int64_t i = 0; i < b->rows; i++, src += b->src_row, dst += b->dst_row) {                 \
      if (b->cols > SHORT_RUN)                                                                    \
        memcpy(dst, src, (size_t)b->cols * sizeof(T));                                            \
      else                                                                                        \
        for (int64_t j = 0; j < b->cols; j++) dst[j] = src[j];                                    \
    }                                                                                             \
  }                                                                                               \
                                                                                                  \
  static void fills_##SUFFIX(const ol_block *b, const T *src, T *dst) {                           \
    for (int64_t i = 0; i < b->rows; i++, src += b->src_row, dst += b->dst_row) {                 \
      const T value = *src;                                                                       \
      for (int64_t j = 0; j < b->cols; j++) dst[j] = value;                                       \
    }                                                                                             \
  }                                                                                               \
                                                                                                  \
  static inline void tile_##SUFFIX(const T *src, int64_t src_col, T *dst, int64_t dst_row) {      \
    T tile[TILE][TILE];                                                                           \
    for (int j = 0; j < TILE; j++)                                                                \
      for (int i = 0; i < TILE; i++) tile[j][i] = src[j * src_col + i];                           \
    for (int i = 0; i < TILE; i++)                                                                \
      for (int j = 0; j < TILE; j++) dst[i * dst_row + j] = tile[j][i];                           \
  }                                                                                               \
                                                                                                  \
  /* src_row == 1 and dst_col == 1 */                                                             \
  static void transpose_##SUFFIX(const ol_block *b, const T *src, T *dst) {                       \
    for (int64_t i0 = 0; i0 < b->rows; i0 += TILE)                                                \
      for (int64_t j0 = 0; j0 < b->cols; j0 += TILE) {                                            \
        const T *s = src + i0 + j0 * b->src_col;                                                  \
        T *d = dst + i0 * b->dst_row + j0;                                                        \
        const int64_t rows = MIN(TILE, b->rows - i0), cols = MIN(TILE, b->cols - j0);             \
        if (rows == TILE && cols == TILE)                                                         \
          tile_##SUFFIX(s, b->src_col, d, b->dst_row);                                            \
        else                                                                                      \
          for (int64_t i = 0; i < rows; i++)                                                      \
            for (int64_t j = 0; j < cols; j++) d[i * b->dst_row + j] = s[i + j * b->src_col];     \
      }                                                                                           \
  }                                                                                               \
                                                                                                  \
  static void strided_##SUFFIX(const ol_block *b, const T *src, T *dst) {                         \
    for (int64_t i = 0; i < b->rows; i++, src += b->src_row, dst += b->dst_row) {                 \
      const T *s = src;                                                                           \
      T *d = dst;                                                                                 \
      for (int64_t j = 0; j < b->cols; j++, s += b->src_col, d += b->dst_col) *d = *s;            \
    }                                                                                             \
  }                                                                                               \
                                                                                                  \
  static void block_##SUFFIX(const ol_block *b, const T *src, T *dst) {                           \
    if (b->src_col == 1 && b->dst_col == 1)                                                       \
      runs_##SUFFIX(b, src, dst);                                                                 \
    else if (b->src_col == 0 && b->dst_col == 1)                                                  \
      fills_##SUFFIX(b, src, dst);                                                                \
    else if (b->src_row == 1 && b->dst_col == 1)                                                  \
      transpose_##SUFFIX(b, src, dst);                                                            \
    else                                                                                          \
      strided_##SUFFIX(b, src, dst);                                                              \
  }

BLOCK_BODY(uint32_t, 4)
BLOCK_BODY(uint64_t, 8)
BLOCK_BODY(unsigned char, 1)
BLOCK_BODY(uint16_t, 2)

void ol_copy_block(int element_bytes, const ol_block *block, const void *src, void *dst) {
  switch (element_bytes) {
    case 1: block_1(block, src, dst); break;
    case 2: block_2(block, src, dst); break;
    case 4: block_4(block, src, dst); break;
    default: block_8(block, src, dst); break;
  }
}
