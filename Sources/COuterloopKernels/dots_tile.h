// Inner products for one type: tiles of R rows of x by S rows of y.

typedef T NAME(quad) __attribute__((ext_vector_type(4)));

// The sums over the lanes of four vectors, each in the same order.
OL_INLINE void NAME(sums)(const NAME(vec) v[4], T out[4]) {
#if OL_VECTOR_BYTES / T_BYTES == 2
  for (int i = 0; i < 4; i++) out[i] = v[i][0] + v[i][1];
#else
  NAME(quad) q[4];
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) {
#if OL_VECTOR_BYTES / T_BYTES == 16
    q[i] = (v[i].lo.lo + v[i].lo.hi) + (v[i].hi.lo + v[i].hi.hi);
#elif OL_VECTOR_BYTES / T_BYTES == 8
    q[i] = v[i].lo + v[i].hi;
#else
    q[i] = v[i];
#endif
  }
  // Two rounds of adding neighbours, interleaved so that four sums share each instruction.
  const NAME(quad) ab = __builtin_shufflevector(q[0], q[1], 0, 4, 2, 6) +
                        __builtin_shufflevector(q[0], q[1], 1, 5, 3, 7);
  const NAME(quad) cd = __builtin_shufflevector(q[2], q[3], 0, 4, 2, 6) +
                        __builtin_shufflevector(q[2], q[3], 1, 5, 3, 7);
  const NAME(quad) r =
      __builtin_shufflevector(ab, cd, 0, 1, 4, 5) + __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
  for (int i = 0; i < 4; i++) out[i] = r[i];
#endif
}

OL_INLINE void NAME(dots_tile)(const int R, const int S, const ol_dots *p, const T *x, const T *y,
                               T *out, const T *ahead) {
  NAME(vec) acc[TILE_COLUMNS][4];
#pragma clang loop unroll(full)
  for (int s = 0; s < S; s++)
#pragma clang loop unroll(full)
    for (int r = 0; r < 4; r++) acc[s][r] = (NAME(vec))(T)0;

  const int64_t x_row = p->x_row, y_row = p->y_row, k = p->k;
  const T *y3 = y + 3 * y_row;
  int64_t c = 0;
  for (; c + W <= k; c += W) {
    NAME(vec) xv[4];
#pragma clang loop unroll(full)
    for (int r = 0; r < R; r++) xv[r] = *(const NAME(vec) *)(x + r * x_row + c);
    if (R > 1) {
      __builtin_prefetch(ahead + c);
      __builtin_prefetch(ahead + x_row + c);
    }
#pragma clang loop unroll(full)
    for (int s = 0; s < S; s++) {
      const NAME(vec) yv = *(const NAME(vec) *)((s < 3 ? y : y3) + (s % 3) * y_row + c);
#pragma clang loop unroll(full)
      for (int r = 0; r < R; r++) acc[s][r] += xv[r] * yv;
    }
  }
  if (c < k) {
    const NAME(lanes) lanes = NAME(first_lanes)(k - c);
    NAME(vec) xv[4], yv;
#pragma clang loop unroll(full)
    for (int r = 0; r < R; r++) NAME(load_lanes)(&xv[r], x + r * x_row + c, &lanes);
#pragma clang loop unroll(full)
    for (int s = 0; s < S; s++) {
      NAME(load_lanes)(&yv, y + s * y_row + c, &lanes);
#pragma clang loop unroll(full)
      for (int r = 0; r < R; r++) acc[s][r] += xv[r] * yv;
    }
  }

  const T alpha = (T)p->alpha, beta = (T)p->beta;
#pragma clang loop unroll(full)
  for (int s = 0; s < S; s++) {
    T sums[4];
    NAME(sums)(acc[s], sums);
#pragma clang loop unroll(full)
    for (int r = 0; r < R; r++) {
      T *at = out + r * p->out_x + s * p->out_y;
      *at = beta != 0 ? alpha * sums[r] + beta * *at : alpha * sums[r];
    }
  }
}

#define CASE(r, s) \
  case s: NAME(dots_tile)(r, s, p, x, y, out, ahead); break
static void NAME(dots_tiles_4)(int64_t s, const ol_dots *p, const T *x, const T *y, T *out,
                               const T *ahead) {
  switch (s) {
    CASE(4, 1); CASE(4, 2); CASE(4, 3);
#if TILE_COLUMNS == 6
    CASE(4, 4); CASE(4, 5); CASE(4, 6);
#endif
  }
}

static void NAME(dots_tiles_1)(int64_t s, const ol_dots *p, const T *x, const T *y, T *out,
                               const T *ahead) {
  switch (s) {
    CASE(1, 1); CASE(1, 2); CASE(1, 3);
#if TILE_COLUMNS == 6
    CASE(1, 4); CASE(1, 5); CASE(1, 6);
#endif
  }
}
#undef CASE

static void NAME(dots)(const ol_dots *p) {
  const int64_t step = ol_ceil_div(p->columns, ol_ceil_div(p->columns, TILE_COLUMNS));
  for (int64_t i = 0; i < p->rows;) {
    const int64_t rows = p->rows - i >= 4 ? 4 : 1;
    const T *x = (const T *)p->x + i * p->x_row;
    for (int64_t j = 0; j < p->columns; j += step) {
      const int64_t columns = ol_min64(step, p->columns - j);
      const T *y = (const T *)p->y + j * p->y_row;
      T *out = (T *)p->out + i * p->out_x + j * p->out_y;
      if (rows == 4) NAME(dots_tiles_4)(columns, p, x, y, out, x + (4 + 2 * (j / step % 2)) * p->x_row);
      else NAME(dots_tiles_1)(columns, p, x, y, out, x);
    }
    i += rows;
  }
}

#undef W
