// The tile of panel.h for one type. S rows by V vectors of sums are held in registers; S and V are
// constants after inlining.

// The last vector of a tile may be partial. With mask registers that costs nothing, so every tile
// allows for it; otherwise only the tiles of one vector do (TAIL), and whole ones come first.
OL_INLINE void NAME(tile)(const int S, const int V, const int TAIL, const ol_panel *p, const T *y,
                          const T *x, T *out, int64_t last) {
  NAME(vec) acc[14][4];
  const NAME(lanes) lanes = NAME(first_lanes)(last);
#pragma clang loop unroll(full)
  for (int s = 0; s < S; s++)
#pragma clang loop unroll(full)
    for (int v = 0; v < V; v++) acc[s][v] = (NAME(vec))(T)0;

  // Four base pointers and their first three strides reach all rows without 14 pointers.
  const int64_t y_k = p->y_k, y_s = p->y_s, x_k = p->x_k;
  for (int64_t g = 0; g < p->segment_count; g++) {
    const ol_segment *segment = &p->segments[g];
    const T *y0 = y + segment->y, *xk = x + segment->x;
    const T *y4 = OPAQUE(y0 + 4 * y_s), *y8 = OPAQUE(y0 + 8 * y_s), *y12 = OPAQUE(y0 + 12 * y_s);
    for (int64_t k = segment->count; k > 0; k--) {
      NAME(vec) xv[4];
#pragma clang loop unroll(full)
      for (int v = 0; v < V; v++) {
        if (TAIL && v == V - 1) NAME(load_lanes)(&xv[v], xk + v * W, &lanes);
        else xv[v] = *(const NAME(vec) *)(xk + v * W);
        // Long products stream x with a stride the hardware does not foresee.
        if (V > 1) __builtin_prefetch(xk + 32 * x_k + v * W);
      }
#pragma clang loop unroll(full)
      for (int s = 0; s < S; s++) {
        const T *base = s < 4 ? y0 : s < 8 ? y4 : s < 12 ? y8 : y12;
        const NAME(vec) ys = (NAME(vec))base[(s & 3) * y_s];
#pragma clang loop unroll(full)
        for (int v = 0; v < V; v++) acc[s][v] += ys * xv[v];
      }
      y0 += y_k;
      y4 += y_k;
      y8 += y_k;
      y12 += y_k;
      xk += x_k;
    }
  }

  const T alpha = (T)p->alpha, beta = (T)p->beta;
#pragma clang loop unroll(full)
  for (int s = 0; s < S; s++)
#pragma clang loop unroll(full)
    for (int v = 0; v < V; v++) {
      T *at = out + s * p->out_s + v * W;
      const int partial = TAIL && v == V - 1;
      NAME(vec) r = acc[s][v] * alpha;
      if (beta != 0) {
        NAME(vec) old;
        if (partial) NAME(load_lanes)(&old, at, &lanes);
        else old = *(const NAME(vec) *)at;
        r += old * beta;
      }
      if (partial) NAME(store_lanes)(at, &r, &lanes);
      else *(NAME(vec) *)at = r;
    }
}

#define CASE(s, v, tail) \
  case s: NAME(tile)(s, v, tail, p, y, x, out, last); break
#define CASES_3(v, tail) CASE(1, v, tail); CASE(2, v, tail); CASE(3, v, tail)
#define CASES_6(v, tail) CASES_3(v, tail); CASE(4, v, tail); CASE(5, v, tail); CASE(6, v, tail)
#define CASES_12(v, tail)                                                                    \
  CASES_6(v, tail); CASE(7, v, tail); CASE(8, v, tail); CASE(9, v, tail); CASE(10, v, tail); \
  CASE(11, v, tail); CASE(12, v, tail)
#define CASES_14(v, tail) CASES_12(v, tail); CASE(13, v, tail); CASE(14, v, tail)
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)

#define TILES(name, v, rows, tail)                                                              \
  static void NAME(name)(int64_t s, const ol_panel *p, const T *y, const T *x, T *out,          \
                         int64_t last) {                                                        \
    (void)last;                                                                                 \
    switch (s) { JOIN(CASES_, rows)(v, tail); }                                                 \
  }
#if OL_HAS_MASKS
TILES(tiles_1, 1, ROWS_1, 1)
TILES(tiles_2, 2, ROWS_2, 1)
TILES(tiles_4, 4, ROWS_4, 1)
#else
TILES(tiles_1, 1, ROWS_1, 0)
TILES(tiles_2, 2, ROWS_2, 0)
TILES(tiles_4, 4, ROWS_4, 0)
TILES(tiles_part, 1, ROWS_1, 1)
#endif

#if PAIRS
// A tile of one vector whose even and odd lanes belong to the even and odd k.
OL_INLINE void NAME(pair_tile)(const int S, const ol_panel *p, const T *y, const T *x, T *out) {
  NAME(vec) acc[14];
  const NAME(lanes) in = NAME(first_lanes)(2 * p->columns), lanes = NAME(first_lanes)(p->columns);
#pragma clang loop unroll(full)
  for (int s = 0; s < S; s++) acc[s] = (NAME(vec))(T)0;

  const int64_t y_k = p->y_k, y_s = p->y_s, x_k = p->x_k;
  for (int64_t g = 0; g < p->segment_count; g++) {
    const ol_segment *segment = &p->segments[g];
    const T *y0 = y + segment->y, *xk = x + segment->x;
    const T *y4 = OPAQUE(y0 + 4 * y_s), *y8 = OPAQUE(y0 + 8 * y_s), *y12 = OPAQUE(y0 + 12 * y_s);
    for (int64_t k = segment->count; k > 0; k--) {
      NAME(vec) xv;
      NAME(load_lanes)(&xv, xk, &in);
#pragma clang loop unroll(full)
      for (int s = 0; s < S; s++) {
        const T *base = s < 4 ? y0 : s < 8 ? y4 : s < 12 ? y8 : y12;
        const __m512d pair = _mm512_set1_pd(*(const ol_pair *)(base + (s & 3) * y_s));
        NAME(vec) ys;
        __builtin_memcpy(&ys, &pair, sizeof ys);
        acc[s] += ys * xv;
      }
      y0 += y_k;
      y4 += y_k;
      y8 += y_k;
      y12 += y_k;
      xk += x_k;
    }
  }

  const T alpha = (T)p->alpha, beta = (T)p->beta;
#pragma clang loop unroll(full)
  for (int s = 0; s < S; s++) {
    const NAME(vec) odd = __builtin_shufflevector(acc[s], acc[s], 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11,
                                                  10, 13, 12, 15, 14);
    const NAME(vec) both = (acc[s] + odd) * alpha;
    NAME(vec) r = __builtin_shufflevector(both, both, 0, 2, 4, 6, 8, 10, 12, 14, 0, 2, 4, 6, 8, 10,
                                          12, 14);
    if (beta != 0) {
      NAME(vec) old;
      NAME(load_lanes)(&old, out + s * p->out_s, &lanes);
      r += old * beta;
    }
    NAME(store_lanes)(out + s * p->out_s, &r, &lanes);
  }
}
#endif

#if PAIRS
#undef CASE
#define CASE(s, v, tail) \
  case s: NAME(pair_tile)(s, p, y, x, out); break
static void NAME(pair_tiles)(int64_t s, const ol_panel *p, const T *y, const T *x, T *out) {
  switch (s) { CASES_14(1, 1); }
}
#endif

// Rows in near-equal tiles: 20 as 10 + 10, not 14 + 6.
OL_INLINE int64_t NAME(even)(int64_t rows, int64_t limit) {
  return ol_ceil_div(rows, ol_ceil_div(rows, limit));
}

static void NAME(panel)(const ol_panel *p) {
  const int64_t columns = p->columns;
#if PAIRS
  if (p->paired) {
    const int64_t step = NAME(even)(p->rows, 14);
    for (int64_t s = 0; s < p->rows; s += step)
      NAME(pair_tiles)(ol_min64(step, p->rows - s), p, (const T *)p->y + s * p->y_s, p->x,
                       (T *)p->out + s * p->out_s);
    return;
  }
#endif
  // Few rows: wide tiles, so that enough sums are in flight.
  const int vectors = p->rows <= ROWS_4 ? 4 : columns > W ? 2 : 1;
  const int64_t step =
      NAME(even)(p->rows, vectors == 4 ? ROWS_4 : vectors == 2 ? ROWS_2 : ROWS_1);
  for (int64_t s = 0; s < p->rows; s += step) {
    const int64_t rows = ol_min64(step, p->rows - s);
    const T *y = (const T *)p->y + s * p->y_s;
    const T *x = p->x;
    T *out = (T *)p->out + s * p->out_s;
    int64_t j = 0;
#if OL_HAS_MASKS
    while (j < columns) {
      const int64_t left = columns - j;
      if (vectors == 4 && left > 3 * W) {
        NAME(tiles_4)(rows, p, y, x + j, out + j, ol_min64(left - 3 * W, W));
        j += 4 * W;
      } else if (left > W) {
        NAME(tiles_2)(rows, p, y, x + j, out + j, ol_min64(left - W, W));
        j += 2 * W;
      } else {
        NAME(tiles_1)(rows, p, y, x + j, out + j, left);
        j += W;
      }
    }
#else
    for (; vectors == 4 && j + 4 * W <= columns; j += 4 * W)
      NAME(tiles_4)(rows, p, y, x + j, out + j, W);
    for (; vectors >= 2 && rows <= ROWS_2 && j + 2 * W <= columns; j += 2 * W)
      NAME(tiles_2)(rows, p, y, x + j, out + j, W);
    for (; j + W <= columns; j += W) NAME(tiles_1)(rows, p, y, x + j, out + j, W);
    if (j < columns) NAME(tiles_part)(rows, p, y, x + j, out + j, columns - j);
#endif
  }
}

#undef CASE
#undef CASES_3
#undef CASES_6
#undef CASES_12
#undef CASES_14
#undef JOIN
#undef JOIN_
#undef TILES
#undef W
