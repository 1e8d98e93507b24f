// Transposes by squares that fit the registers: 8 x 8 words of 4 bytes, 4 x 4 of 8. The shuffles
// stay inside 16-byte lanes but for the last round, where crossing them costs least. See dispatch.h.

typedef uint32_t OL_ISA(words) __attribute__((ext_vector_type(8), aligned(4)));
typedef uint64_t OL_ISA(longs) __attribute__((ext_vector_type(4), aligned(8)));

#define PAIR(to, from, i, j, low, high)                             \
  to[i] = __builtin_shufflevector(from[i], from[j], low);           \
  to[j] = __builtin_shufflevector(from[i], from[j], high)
#define LIST(...) __VA_ARGS__

static inline void OL_ISA(square_4)(const uint32_t *src, int64_t src_column, uint32_t *dst,
                                    int64_t dst_row) {
  OL_ISA(words) a[8], b[8];
#pragma clang loop unroll(full)
  for (int j = 0; j < 8; j++) a[j] = *(const OL_ISA(words) *)(src + j * src_column);
#pragma clang loop unroll(full)
  for (int j = 0; j < 8; j += 2) {
    PAIR(b, a, j, j + 1, LIST(0, 8, 1, 9, 4, 12, 5, 13), LIST(2, 10, 3, 11, 6, 14, 7, 15));
  }
#pragma clang loop unroll(full)
  for (int j = 0; j < 8; j += 4) {
    PAIR(a, b, j, j + 2, LIST(0, 1, 8, 9, 4, 5, 12, 13), LIST(2, 3, 10, 11, 6, 7, 14, 15));
    PAIR(a, b, j + 1, j + 3, LIST(0, 1, 8, 9, 4, 5, 12, 13), LIST(2, 3, 10, 11, 6, 7, 14, 15));
  }
#pragma clang loop unroll(full)
  for (int j = 0; j < 4; j++) {
    PAIR(b, a, j, j + 4, LIST(0, 1, 2, 3, 8, 9, 10, 11), LIST(4, 5, 6, 7, 12, 13, 14, 15));
  }
  // b[j] holds column {0, 2, 1, 3} of its half.
#pragma clang loop unroll(full)
  for (int half = 0; half < 8; half += 4) {
    *(OL_ISA(words) *)(dst + (half + 0) * dst_row) = b[half + 0];
    *(OL_ISA(words) *)(dst + (half + 1) * dst_row) = b[half + 2];
    *(OL_ISA(words) *)(dst + (half + 2) * dst_row) = b[half + 1];
    *(OL_ISA(words) *)(dst + (half + 3) * dst_row) = b[half + 3];
  }
}

static inline void OL_ISA(square_8)(const uint64_t *src, int64_t src_column, uint64_t *dst,
                                    int64_t dst_row) {
  OL_ISA(longs) a[4], b[4];
#pragma clang loop unroll(full)
  for (int j = 0; j < 4; j++) a[j] = *(const OL_ISA(longs) *)(src + j * src_column);
  PAIR(b, a, 0, 1, LIST(0, 4, 2, 6), LIST(1, 5, 3, 7));
  PAIR(b, a, 2, 3, LIST(0, 4, 2, 6), LIST(1, 5, 3, 7));
  PAIR(a, b, 0, 2, LIST(0, 1, 4, 5), LIST(2, 3, 6, 7));
  PAIR(a, b, 1, 3, LIST(0, 1, 4, 5), LIST(2, 3, 6, 7));
#pragma clang loop unroll(full)
  for (int j = 0; j < 4; j++) *(OL_ISA(longs) *)(dst + j * dst_row) = a[j];
}

#undef PAIR
#undef LIST

// Squares go in tiles of LINE x LINE elements, a cache line each way, so that every line is used completely
// while it is cached. What does not fill a square is done one element at a time.
#define TRANSPOSE(name, T, SIDE, LINE, SQUARE)                                                     \
  static void OL_ISA(name)(int64_t rows, int64_t columns, const void *source, int64_t src_column,  \
                           void *target, int64_t dst_row) {                                        \
    const T *src = source;                                                                         \
    T *dst = target;                                                                               \
    const int64_t whole_rows = rows - rows % SIDE, whole_columns = columns - columns % SIDE;       \
    for (int64_t i0 = 0; i0 < whole_rows; i0 += LINE)                                              \
      for (int64_t j0 = 0; j0 < whole_columns; j0 += LINE)                                         \
        for (int64_t i = i0; i < ol_min64(i0 + LINE, whole_rows); i += SIDE)                       \
          for (int64_t j = j0; j < ol_min64(j0 + LINE, whole_columns); j += SIDE)                  \
            OL_ISA(SQUARE)(src + i + j * src_column, src_column, dst + i * dst_row + j, dst_row);  \
    for (int64_t i = 0; i < whole_rows; i++)                                                       \
      for (int64_t j = whole_columns; j < columns; j++)                                            \
        dst[i * dst_row + j] = src[i + j * src_column];                                            \
    for (int64_t i = whole_rows; i < rows; i++)                                                    \
      for (int64_t j = 0; j < columns; j++) dst[i * dst_row + j] = src[i + j * src_column];        \
  }

TRANSPOSE(transpose_4, uint32_t, 8, 16, square_4)
TRANSPOSE(transpose_8, uint64_t, 4, 8, square_8)
#undef TRANSPOSE
