#include "move_block.h"
#include "transpose.h"

#include <string.h>

// Runs of a few elements are copied by a loop: a call of memcpy costs more than they do.
#define SHORT_RUN 16

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
    else if (b->src_row == 1 && b->dst_col == 1 && sizeof(T) >= 4)                                \
      ol_transpose_for(sizeof(T))(b->rows, b->cols, src, b->src_col, dst, b->dst_row);            \
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
