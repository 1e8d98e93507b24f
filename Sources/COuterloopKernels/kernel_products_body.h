// The loops of kernel_products.c. See dispatch.h. Every instruction set adds in the same order.

typedef double OL_ISA(tile) __attribute__((ext_vector_type(TILE), aligned(8)));

// A macro, since vectors wider than a register do not go through calls.
#define ROW(p) (*(const OL_ISA(tile) *)(p))

// Adds the squared distances of some points from a tile's centres, over the columns from..<end.
OL_INLINE void OL_ISA(add_squares)(const double *columns, int64_t from, int64_t end,
                                   const double *const *x, OL_ISA(tile) * square) {
  for (int64_t j = from; j < end; j++) {
    const OL_ISA(tile) center = ROW(columns + 2 * TILE * j);
    const OL_ISA(tile) inverse = ROW(columns + 2 * TILE * j + TILE);
    for (int p = 0; p < POINTS; p++) {
      const OL_ISA(tile) t = (x[p][j] - center) * inverse;
      square[p] += t * t;
    }
  }
}

// The same for cells, of which the nearest point counts: a cell's mass is at most exp(-t^2 / 2).
OL_INLINE void OL_ISA(add_cell_squares)(const double *columns, int64_t from, int64_t end,
                                        const double *const *x, const double *const *half,
                                        OL_ISA(tile) * square) {
  for (int64_t j = from; j < end; j++) {
    const OL_ISA(tile) center = ROW(columns + 2 * TILE * j);
    const OL_ISA(tile) inverse = ROW(columns + 2 * TILE * j + TILE);
    for (int p = 0; p < POINTS; p++) {
      const OL_ISA(tile) gap = __builtin_elementwise_abs(x[p][j] - center) - half[p][j];
      const OL_ISA(tile) t = (gap > 0.0 ? gap : (OL_ISA(tile))0.0) * inverse;
      square[p] += t * t;
    }
  }
}

// Whether some exponent base - square / 2 is above the least that matters to its point.
OL_INLINE int OL_ISA(matters)(const OL_ISA(tile) * base, const OL_ISA(tile) * square,
                              const double *least) {
  __typeof__(base[0] > base[0]) above = base[0] - 0.5 * square[0] > least[0];
  for (int p = 1; p < POINTS; p++) above |= base[p] - 0.5 * square[p] > least[p];
  return __builtin_reduce_or(above) != 0;
}

// Adds a tile to a point's sum, which is relative to its largest exponent so far, `peak`.
static void OL_ISA(add_tile)(const double *exponent, const double *ordinal, double first,
                             double slope, double *sum, double *peak) {
  double top = *peak;
  for (int l = 0; l < TILE; l++) top = exponent[l] > top ? exponent[l] : top;
  if (top == -HUGE_VAL) return;
  double term[TILE];
  for (int l = 0; l < TILE; l++) {
    const double ramp = first + slope * ordinal[l];
    term[l] = (ramp < 1.0 ? ramp : 1.0) * exp_f64(exponent[l] - top);
  }
  const double total =
      ((term[0] + term[4]) + (term[2] + term[6])) + ((term[1] + term[5]) + (term[3] + term[7]));
  *sum = *sum * exp_f64(*peak - top) + total;
  *peak = top;
}

static void OL_ISA(add_cells)(const double *columns, int64_t from, int64_t end, const double *x,
                              const double *half, double *exponent) {
  for (int64_t j = from; j < end; j++) {
    const double *center = columns + 2 * TILE * j, *inverse = center + TILE;
    for (int l = 0; l < TILE; l++)
      exponent[l] += log_cell_f64((x[j] - center[l]) * inverse[l], half[j] * inverse[l]);
  }
}

static void OL_ISA(kernel_products)(const ol_kernel_products *k, int64_t count, const double *x,
                                    const double *half, const double *matches, double *sum,
                                    double *out) {
  const int64_t matched = k->matched, smooth = matched + k->smooth, dims = smooth + k->cells;
  for (int64_t i = 0; i < count; i++) {
    out[i] = -HUGE_VAL;
    sum[i] = 0;
  }
  // The newest kernels first: they are likely to be near, and next to them the far ones vanish.
  for (int64_t tile = k->tiles - 1; tile >= 0; tile--) {
    const double *columns = k->columns + 2 * TILE * dims * tile;
    for (int64_t i = 0; i < count; i += POINTS) {
      // Too few points left are filled up with the last one.
      const double *at[POINTS], *reach[POINTS];
      double least[POINTS];
      OL_ISA(tile) base[POINTS], square[POINTS];
      for (int p = 0; p < POINTS; p++) {
        const int64_t point = i + p < count ? i + p : count - 1;
        at[p] = x + dims * point;
        reach[p] = half + dims * point;
        least[p] = out[point] - NEGLIGIBLE;
        base[p] = ROW(k->offset + TILE * tile);
        square[p] = 0.0;
      }
      for (int64_t j = 0; j < matched; j++) {
        const OL_ISA(tile) choice = ROW(columns + 2 * TILE * j);
        for (int p = 0; p < POINTS; p++)
          base[p] += choice == at[p][j] ? (OL_ISA(tile))matches[2 * j]
                                        : (OL_ISA(tile))matches[2 * j + 1];
      }
      int goes_on = 1;
      for (int64_t j = matched; j < smooth && goes_on; j += STRETCH) {
        OL_ISA(add_squares)(columns, j, j + STRETCH < smooth ? j + STRETCH : smooth, at, square);
        goes_on = OL_ISA(matters)(base, square, least);
      }
      for (int p = 0; p < POINTS; p++) base[p] -= 0.5 * square[p], square[p] = 0.0;
      for (int64_t j = smooth; j < dims && goes_on; j += STRETCH) {
        OL_ISA(add_cell_squares)
        (columns, j, j + STRETCH < dims ? j + STRETCH : dims, at, reach, square);
        goes_on = OL_ISA(matters)(base, square, least);
      }
      if (!goes_on) continue;
      for (int p = 0; p < POINTS && i + p < count; p++) {
        if (!__builtin_reduce_or(base[p] - 0.5 * square[p] > least[p])) continue;
        double exponent[TILE];
        __builtin_memcpy(exponent, &base[p], sizeof exponent);
        OL_ISA(add_cells)(columns, smooth, dims, at[p], reach[p], exponent);
        OL_ISA(add_tile)(exponent, k->ordinal + TILE * tile, k->first, k->slope, sum + i + p,
                         out + i + p);
      }
    }
  }
  for (int64_t i = 0; i < count; i++) out[i] += log(sum[i]);
}

#undef ROW
