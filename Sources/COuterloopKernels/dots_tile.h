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

// The sums over columns c < depth. `ahead`: whether to fetch the rows of a later tile.
OL_INLINE void NAME(dots_tile)(const int R, const int S, const ol_dots *p, const T *x, const T *y,
                               T *out, int64_t depth, T beta, const T *ahead) {
  // By columns; one more than there are, since sums are taken four at a time.
  NAME(vec) acc[(TILE_COLUMNS + 1) * TILE_ROWS];
#pragma clang loop unroll(full)
  for (int i = 0; i < (S + 1) * TILE_ROWS; i++) acc[i] = (NAME(vec))(T)0;

  const int64_t x_row = p->x_row, y_row = p->y_row;
  const T *y3 = y + 3 * y_row;
  int64_t c = 0;
  for (; c + W <= depth; c += W) {
    NAME(vec) xv[TILE_ROWS];
#pragma clang loop unroll(full)
    for (int r = 0; r < R; r++) xv[r] = *(const NAME(vec) *)(x + r * x_row + c);
    if (R > 1 && ahead) {
      __builtin_prefetch(ahead + c);
      __builtin_prefetch(ahead + x_row + c);
    }
#pragma clang loop unroll(full)
    for (int s = 0; s < S; s++) {
      const NAME(vec) yv = *(const NAME(vec) *)((s < 3 ? y : y3) + (s % 3) * y_row + c);
#pragma clang loop unroll(full)
      for (int r = 0; r < R; r++) acc[s * TILE_ROWS + r] += xv[r] * yv;
    }
  }
  if (c < depth) {
    const NAME(lanes) lanes = NAME(first_lanes)(depth - c);
    NAME(vec) xv[TILE_ROWS], yv;
#pragma clang loop unroll(full)
    for (int r = 0; r < R; r++) NAME(load_lanes)(&xv[r], x + r * x_row + c, &lanes);
#pragma clang loop unroll(full)
    for (int s = 0; s < S; s++) {
      NAME(load_lanes)(&yv, y + s * y_row + c, &lanes);
#pragma clang loop unroll(full)
      for (int r = 0; r < R; r++) acc[s * TILE_ROWS + r] += xv[r] * yv;
    }
  }

  // Four sums at a time: of four rows, or of two rows and two columns.
  const T alpha = (T)p->alpha;
#pragma clang loop unroll(full)
  for (int s = 0; s < S; s += 4 / TILE_ROWS) {
    T sums[4];
    NAME(sums)(acc + s * TILE_ROWS, sums);
#pragma clang loop unroll(full)
    for (int i = 0; i < 4; i++) {
      const int r = i % TILE_ROWS, column = s + i / TILE_ROWS;
      if (r >= R || column >= S) continue;
      T *at = out + r * p->out_x + column * p->out_y;
      *at = beta != 0 ? alpha * sums[i] + beta * *at : alpha * sums[i];
    }
  }
}

#define CASE(r, s) \
  case s: NAME(dots_tile)(r, s, p, x, y, out, depth, beta, ahead); break
static void NAME(dots_tiles)(int64_t s, const ol_dots *p, const T *x, const T *y, T *out,
                             int64_t depth, T beta, const T *ahead) {
  switch (s) {
    CASE(TILE_ROWS, 1); CASE(TILE_ROWS, 2); CASE(TILE_ROWS, 3);
    CASE(TILE_ROWS, 4); CASE(TILE_ROWS, 5); CASE(TILE_ROWS, 6);
  }
}

static void NAME(dots_rest)(int64_t s, const ol_dots *p, const T *x, const T *y, T *out,
                            int64_t depth, T beta, const T *ahead) {
  switch (s) {
    CASE(1, 1); CASE(1, 2); CASE(1, 3); CASE(1, 4); CASE(1, 5); CASE(1, 6);
  }
}
#undef CASE

// Rows of y, `depth` columns of them, that stay in the first-level cache beside rows of x.
OL_INLINE int64_t NAME(dots_depth)(const ol_dots *p) {
  const int64_t room = (OL_HAS_MASKS ? 32 << 10 : 20 << 10) / (int64_t)sizeof(T);
  const int64_t blocks = ol_ceil_div(ol_max64(p->columns * p->k, 1), room);
  return ol_max64(ol_round_up(ol_ceil_div(p->k, blocks), W), W);
}

static void NAME(dots)(const ol_dots *p) {
  const int64_t step = ol_ceil_div(p->columns, ol_ceil_div(p->columns, TILE_COLUMNS));
  const int64_t depth = NAME(dots_depth)(p);
  // Rows of x come from memory once for each block of columns.
  const int64_t together = depth < p->k ? 128 : p->rows;
  for (int64_t first = 0; first < p->rows; first += together) {
    const int64_t end = ol_min64(first + together, p->rows);
    int64_t c = 0;
    do {  // once also for k == 0
      const int64_t part = ol_min64(depth, p->k - c);
      const T beta = c > 0 ? 1 : (T)p->beta;
      for (int64_t i = first; i < end;) {
        const int64_t rows = end - i >= TILE_ROWS ? TILE_ROWS : 1;
        const T *x = (const T *)p->x + i * p->x_row + c;
        for (int64_t j = 0; j < p->columns; j += step) {
          const int64_t columns = ol_min64(step, p->columns - j);
          const T *y = (const T *)p->y + j * p->y_row + c;
          T *out = (T *)p->out + i * p->out_x + j * p->out_y;
          // Two rows of the tile to come are fetched beside each of the first tiles.
          const int64_t row = ROWS_AHEAD + 2 * (j / step);
          const T *ahead = 2 * (j / step) < TILE_ROWS ? x + row * p->x_row : 0;
          if (rows == TILE_ROWS) NAME(dots_tiles)(columns, p, x, y, out, part, beta, ahead);
          else NAME(dots_rest)(columns, p, x, y, out, part, beta, 0);
        }
        i += rows;
      }
      c += depth;
    } while (c < p->k);
  }
}

#undef W
