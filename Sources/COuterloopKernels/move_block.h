// Copying one two-dimensional block, by the case its strides make.
#ifndef OUTERLOOP_MOVE_BLOCK_H
#define OUTERLOOP_MOVE_BLOCK_H

#include <stdint.h>

// rows x cols elements; the strides count elements.
typedef struct ol_block {
  int64_t rows, cols, src_row, src_col, dst_row, dst_col;
} ol_block;

void ol_copy_block(int element_bytes, const ol_block *block, const void *src, void *dst);

#endif
