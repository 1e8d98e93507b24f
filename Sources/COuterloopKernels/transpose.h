// Transposes of matrices of 4 or 8 byte elements.
#ifndef OUTERLOOP_TRANSPOSE_H
#define OUTERLOOP_TRANSPOSE_H

#include "dispatch.h"

/// dst[i dst_row + j] = src[i + j src_column] for i < rows, j < columns.
typedef void (*ol_transpose_function)(int64_t rows, int64_t columns, const void *src,
                                      int64_t src_column, void *dst, int64_t dst_row);
ol_transpose_function ol_transpose_for(int64_t element_bytes);

#endif
