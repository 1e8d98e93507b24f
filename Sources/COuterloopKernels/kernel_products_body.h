// The loops of kernel_products.c. See dispatch.h. Every instruction set adds in the same order.

typedef double OL_ISA(tile) __attribute__((ext_vector_type(TILE), aligned(8)));

// A macro, since vectors wider than a register do not go through calls.
#define ROW(p) (*(OL_ISA(tile) *)(p))

// Adds the squared distances of a group of points from a tile's centres, over columns from..<end.
OL_INLINE void OL_ISA(add_squares)(const double *columns, int64_t from, int64_t end,
                                   const double *x, OL_ISA(tile) * square) {
  for (int64_t j = from; j < end; j++) {
    const OL_ISA(tile) center = ROW(columns + 2 * TILE * j);
    const OL_ISA(tile) inverse = ROW(columns + 2 * TILE * j + TILE);
    for (int p = 0; p < GROUP; p++) {
      const OL_ISA(tile) t = (center - x[GROUP * j + p]) * inverse;
      square[p] += t * t;
    }
  }
}

// The same for cells, of which the nearest point counts: a cell's mass is at most exp(-t^2 / 2).
OL_INLINE void OL_ISA(add_cell_squares)(const double *columns, int64_t from, int64_t end,
                                        const double *x, const double *half,
                                        OL_ISA(tile) * square) {
  for (int64_t j = from; j < end; j++) {
    const OL_ISA(tile) center = ROW(columns + 2 * TILE * j);
    const OL_ISA(tile) inverse = ROW(columns + 2 * TILE * j + TILE);
    for (int p = 0; p < GROUP; p++) {
      const OL_ISA(tile) gap =
          __builtin_elementwise_abs(center - x[GROUP * j + p]) - half[GROUP * j + p];
      const OL_ISA(tile) t = (gap > 0.0 ? gap : (OL_ISA(tile))0.0) * inverse;
      square[p] += t * t;
    }
  }
}

// Whether some exponent base - square / 2 is above the least that matters to its point.
OL_INLINE int OL_ISA(matters)(const OL_ISA(tile) * base, const OL_ISA(tile) * square,
                              const double *least) {
  __typeof__(base[0] > base[0]) above = base[0] - 0.5 * square[0] > least[0];
  for (int p = 1; p < GROUP; p++) above |= base[p] - 0.5 * square[p] > least[p];
  return __builtin_reduce_or(above) != 0;
}

static void OL_ISA(add_cells)(const double *columns, int64_t from, int64_t end, const double *x,
                              const double *half, double *exponent) {
  for (int64_t j = from; j < end; j++) {
    const double *center = columns + 2 * TILE * j, *inverse = center + TILE;
    const double middle = x[GROUP * j], length = half[GROUP * j];
    double mass[TILE];
    for (int l = 0; l < TILE; l++)
      mass[l] = log_cell_f64((middle - center[l]) * inverse[l], length * inverse[l]);
    for (int l = 0; l < TILE; l++) exponent[l] += mass[l];
  }
}

// Adds a tile to a point's sums, by lane, which are relative to the largest exponent so far.
static void OL_ISA(add_tile)(const ol_kernel_products *k, int64_t tile, const double *exponent,
                             double *sum, double *peak) {
  double top = *peak;
  for (int l = 0; l < TILE; l++) top = exponent[l] > top ? exponent[l] : top;
  if (top == -HUGE_VAL) return;
  if (top > *peak) {
    const double shrink = exp_f64(*peak - top);
    for (int l = 0; l < TILE; l++) sum[l] *= shrink;
    *peak = top;
  }
  const double *ordinal = k->ordinal + TILE * tile, first = k->first, slope = k->slope;
  double term[TILE];
  for (int l = 0; l < TILE; l++) {
    const double ramp = first + slope * ordinal[l];
    term[l] = (ramp < 1.0 ? ramp : 1.0) * exp_f64(exponent[l] - top);
  }
  for (int l = 0; l < TILE; l++) sum[l] += term[l];
}

static void OL_ISA(kernel_products)(const ol_kernel_products *k, int64_t groups, const double *x,
                                    const double *half, const double *matches, double slack,
                                    double *sums, double *out) {
  const int64_t matched = k->matched, smooth = matched + k->smooth, dims = smooth + k->cells;
  for (int64_t i = 0; i < GROUP * groups; i++) out[i] = -HUGE_VAL;
  for (int64_t i = 0; i < GROUP * groups * TILE; i++) sums[i] = 0;
  // The newest kernels first: they are likely to be near, and relative to them the far ones vanish.
  for (int64_t tile = k->tiles - 1; tile >= 0; tile--) {
    const double *columns = k->columns + 2 * TILE * dims * tile;
    for (int64_t group = 0; group < groups; group++) {
      const double *at = x + GROUP * dims * group, *reach = half + GROUP * dims * group;
      double least[GROUP];
      OL_ISA(tile) base[GROUP], square[GROUP];
      for (int p = 0; p < GROUP; p++) {
        least[p] = out[GROUP * group + p] - slack;
        base[p] = ROW(k->offset + TILE * tile);
        square[p] = 0.0;
      }
      for (int64_t j = 0; j < matched; j++) {
        const OL_ISA(tile) choice = ROW(columns + 2 * TILE * j);
        for (int p = 0; p < GROUP; p++)
          base[p] += choice == at[GROUP * j + p] ? (OL_ISA(tile))matches[2 * j]
                                                 : (OL_ISA(tile))matches[2 * j + 1];
      }
      int goes_on = 1;
      int64_t j = matched;
      for (; j + STRETCH <= smooth && goes_on; j += STRETCH) {
        OL_ISA(add_squares)(columns, j, j + STRETCH, at, square);
        goes_on = OL_ISA(matters)(base, square, least);
      }
      if (goes_on && j < smooth) {
        OL_ISA(add_squares)(columns, j, smooth, at, square);
        goes_on = OL_ISA(matters)(base, square, least);
      }
      if (!goes_on) continue;
      for (int p = 0; p < GROUP; p++) base[p] -= 0.5 * square[p], square[p] = 0.0;
      for (j = smooth; j < dims && goes_on; j += STRETCH) {
        const int64_t end = j + STRETCH < dims ? j + STRETCH : dims;
        OL_ISA(add_cell_squares)(columns, j, end, at, reach, square);
        goes_on = OL_ISA(matters)(base, square, least);
      }
      if (!goes_on) continue;
      for (int p = 0; p < GROUP; p++) {
        if (!__builtin_reduce_or(base[p] - 0.5 * square[p] > least[p])) continue;
        double exponent[TILE];
        __builtin_memcpy(exponent, &base[p], sizeof exponent);
        OL_ISA(add_cells)(columns, smooth, dims, at + p, reach + p, exponent);
        const int64_t point = GROUP * group + p;
        OL_ISA(add_tile)(k, tile, exponent, sums + TILE * point, out + point);
      }
    }
  }
  for (int64_t i = 0; i < GROUP * groups; i++) {
    const double *s = sums + TILE * i;
    out[i] += log(((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7])));
  }
}

#undef ROW
