// Sums and maxima of a block, for element type T and one instruction set.
//
// A row is added up in vector registers in a fixed order. Across blocks, each reduction keeps lanes
// (partial results, one per element position modulo the lane count) in double: a block first adds
// up its own few rows in T, then adds the result to the lanes, so long float sums do not lose
// digits. A maximum is NaN if any operand is; where a glance shows that there is none, the
// plain comparison is a single instruction.

enum { OL_T(width) = OL_VECTOR_BYTES / sizeof(T), OL_T(tile) = 4 * OL_T(width) };

typedef T OL_T(vector) __attribute__((vector_size(OL_VECTOR_BYTES), aligned(sizeof(T))));
typedef OL_INT OL_T(mask) __attribute__((vector_size(OL_VECTOR_BYTES)));

OL_INLINE OL_T(vector) OL_T(load)(const T *x) { return *(const OL_T(vector) *)x; }

OL_INLINE OL_T(vector) OL_T(join_vector)(OL_T(vector) a, OL_T(vector) b, ol_join how) {
  if (how == OL_JOIN_SUM) return a + b;
  OL_T(mask) take = (OL_T(mask))(b > a);
  if (how == OL_JOIN_MAX) take |= (OL_T(mask))(b != b);
  return (OL_T(vector))(((OL_T(mask))b & take) | ((OL_T(mask))a & ~take));
}

OL_INLINE T OL_T(join)(T a, T b, ol_join how) {
  if (how == OL_JOIN_SUM) return a + b;
  if (how == OL_JOIN_NUMBER_MAX) return b > a ? b : a;
  return ((b > a) | (b != b)) ? b : a;
}

OL_INLINE double OL_T(join_double)(double a, double b, ol_join how) {
  if (how == OL_JOIN_SUM) return a + b;
  if (how == OL_JOIN_NUMBER_MAX) return b > a ? b : a;
  return ((b > a) | (b != b)) ? b : a;
}

OL_INLINE T OL_T(join_nothing)(ol_join how) {
  return how == OL_JOIN_SUM ? 0 : -(T)__builtin_inf();
}

OL_INLINE int OL_T(any_nan)(const T *x, int64_t n) {
  int any = 0;
  for (int64_t i = 0; i < n; i++) any |= x[i] != x[i];
  return any;
}

// The reduction of 1...4096 elements: four vectors, folded in halves, then the tail.
OL_INLINE T OL_T(reduce_short)(const T *x, int64_t n, ol_join how) {
  enum { W = OL_T(width), TILE = OL_T(tile) };
  T result;
  int64_t i = 0;
  if (n >= W) {
    OL_T(vector) sum = OL_T(load)(x);
    i = W;
    if (n >= TILE) {
      OL_T(vector) s1 = OL_T(load)(x + W), s2 = OL_T(load)(x + 2 * W), s3 = OL_T(load)(x + 3 * W);
      for (i = TILE; i + TILE <= n; i += TILE) {
        sum = OL_T(join_vector)(sum, OL_T(load)(x + i), how);
        s1 = OL_T(join_vector)(s1, OL_T(load)(x + i + W), how);
        s2 = OL_T(join_vector)(s2, OL_T(load)(x + i + 2 * W), how);
        s3 = OL_T(join_vector)(s3, OL_T(load)(x + i + 3 * W), how);
      }
      sum = OL_T(join_vector)(OL_T(join_vector)(sum, s1, how),
                              OL_T(join_vector)(s2, s3, how), how);
    }
    for (; i + W <= n; i += W) sum = OL_T(join_vector)(sum, OL_T(load)(x + i), how);
    T lane[W];
    __builtin_memcpy(lane, &sum, sizeof lane);
    for (int half = W / 2; half > 0; half /= 2)
      for (int l = 0; l < half; l++) lane[l] = OL_T(join)(lane[l], lane[l + half], how);
    result = lane[0];
  } else {
    result = x[0];
    i = 1;
  }
  for (; i < n; i++) result = OL_T(join)(result, x[i], how);
  return result;
}

OL_INLINE T OL_T(reduce_row)(const T *x, int64_t n, ol_join how) {
  enum { PIECE = 4096 };
  if (n <= PIECE) return OL_T(reduce_short)(x, n, how);
  double result = OL_T(reduce_short)(x, PIECE, how);
  for (int64_t i = PIECE; i < n; i += PIECE) {
    int64_t count = n - i < PIECE ? n - i : PIECE;
    result = OL_T(join_double)(result, OL_T(reduce_short)(x + i, count, how), how);
  }
  return (T)result;
}

// One result per row. Short rows go four abreast, since one chain of additions waits on itself.
OL_INLINE void OL_T(reduce_rows)(const T *x, T *d, const ol_block *block, ol_join how) {
  int64_t rows = block->rows, cols = block->cols, r = 0;
  if (cols == 0) {
    for (; r < rows; r++) d[r] = OL_T(join_nothing)(how);
    return;
  }
  if (cols == 1) {
    __builtin_memmove(d, x, (size_t)rows * sizeof(T));
    return;
  }
  if (cols < 16) {
    for (; r + 4 <= rows; r += 4, x += 4 * cols) {
      T s0 = x[0], s1 = x[cols], s2 = x[2 * cols], s3 = x[3 * cols];
      for (int64_t j = 1; j < cols; j++) {
        s0 = OL_T(join)(s0, x[j], how);
        s1 = OL_T(join)(s1, x[cols + j], how);
        s2 = OL_T(join)(s2, x[2 * cols + j], how);
        s3 = OL_T(join)(s3, x[3 * cols + j], how);
      }
      d[r] = s0, d[r + 1] = s1, d[r + 2] = s2, d[r + 3] = s3;
    }
  }
  for (; r < rows; r++, x += cols) d[r] = OL_T(reduce_row)(x, cols, how);
}

// Joins the n elements at x to the lanes: element i belongs to lane i % lanes.
OL_INLINE void OL_T(reduce_lanes)(const T *x, int64_t n, int64_t lanes, double *partial,
                                  int is_first, ol_join how) {
  enum { W = OL_T(width), TILE = OL_T(tile) };
  T sum[TILE];
  for (int64_t at = 0; at < lanes; at += TILE) {
    int64_t width = lanes - at < TILE ? lanes - at : TILE;
    int64_t i = at;
    if (width == TILE && i + TILE <= n) {
      OL_T(vector) s0 = OL_T(load)(x + i), s1 = OL_T(load)(x + i + W);
      OL_T(vector) s2 = OL_T(load)(x + i + 2 * W), s3 = OL_T(load)(x + i + 3 * W);
      for (i += lanes; i + TILE <= n; i += lanes) {
        s0 = OL_T(join_vector)(s0, OL_T(load)(x + i), how);
        s1 = OL_T(join_vector)(s1, OL_T(load)(x + i + W), how);
        s2 = OL_T(join_vector)(s2, OL_T(load)(x + i + 2 * W), how);
        s3 = OL_T(join_vector)(s3, OL_T(load)(x + i + 3 * W), how);
      }
      __builtin_memcpy(sum, &s0, sizeof s0);
      __builtin_memcpy(sum + W, &s1, sizeof s1);
      __builtin_memcpy(sum + 2 * W, &s2, sizeof s2);
      __builtin_memcpy(sum + 3 * W, &s3, sizeof s3);
    } else {
      for (int64_t l = 0; l < width; l++) sum[l] = OL_T(join_nothing)(how);
      for (; i + width <= n; i += lanes)
        for (int64_t l = 0; l < width; l++) sum[l] = OL_T(join)(sum[l], x[i + l], how);
    }
    for (int64_t l = 0; i + l < n && l < width; l++) sum[l] = OL_T(join)(sum[l], x[i + l], how);
    double *p = partial + at;
    if (is_first)
      for (int64_t l = 0; l < width; l++) p[l] = sum[l];
    else
      for (int64_t l = 0; l < width; l++) p[l] = OL_T(join_double)(p[l], sum[l], how);
  }
}

// Joins the chunks in order into the first, folds the lanes in halves, and rounds into dst.
OL_INLINE void OL_T(finish_one)(T *dst, int64_t width, double *p, int64_t lanes, int64_t chunks,
                                int64_t chunk_lanes, ol_join how) {
  if (chunks == 0)
    for (int64_t l = 0; l < width; l++) dst[l] = OL_T(join_nothing)(how);
  if (chunks == 0) return;
  for (int64_t c = 1; c < chunks; c++)
    for (int64_t l = 0; l < lanes; l++)
      p[l] = OL_T(join_double)(p[l], p[c * chunk_lanes + l], how);
  for (int64_t groups = width > 0 ? lanes / width : 0; groups > 1;) {
    int64_t half = (groups + 1) / 2 * width;
    for (int64_t l = 0; l < groups * width - half; l++)
      p[l] = OL_T(join_double)(p[l], p[half + l], how);
    groups = (groups + 1) / 2;
  }
  for (int64_t l = 0; l < width; l++) dst[l] = (T)p[l];
}

static void OL_T(finish)(const ol_instr *code, int32_t count, const ol_block *block,
                         double *partials, int64_t chunks, int64_t chunk_lanes) {
  for (const ol_instr *in = code; in < code + count; in++) {
    if (!ol_is_reduction(in->op)) continue;
    int64_t lanes = ol_reduction_lanes(block, in);
    int64_t width = in->op <= OL_COL_MAX ? block->cols : 1;
    T *dst = (T *)block->reg[in->dst];
    if (in->op == OL_COL_SUM || in->op == OL_ALL_SUM)
      OL_T(finish_one)(dst, width, partials, lanes, chunks, chunk_lanes, OL_JOIN_SUM);
    else
      OL_T(finish_one)(dst, width, partials, lanes, chunks, chunk_lanes, OL_JOIN_MAX);
    partials += lanes;
  }
}
