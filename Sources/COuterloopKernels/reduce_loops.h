// One kind of reduction for one type: T, NAME and KIND are set by
// reduce_body.h. Vectors are 64 bytes for every instruction set (the compiler splits them), so the
// order of a sum, and with it the bits, does not depend on the instruction set.

#define LANES ((int64_t)(64 / sizeof(T)))
// Elements of a row that go to one set of accumulators; blocks are then added pairwise.
#define ROW_BLOCK 1024
// Rows of a slab added up in registers before they are added to the result.
#define COLUMN_BLOCK 64
// Slabs narrower than this are read several rows to a vector.
#define NARROW 32

typedef T NAME(vec) __attribute__((ext_vector_type(64 / sizeof(T)), aligned(sizeof(T))));

static inline __attribute__((always_inline)) T NAME(one)(T a, T b) {
#if KIND == OL_SUM
  return a + b;
#elif KIND == OL_MAX_OF
  return (b > a || b != b) ? b : a;  // a NaN on either side stays
#else
  return (b < a || b != b) ? b : a;
#endif
}

// *a = combination of *a and *b, lane by lane.
static inline __attribute__((always_inline)) void NAME(all)(NAME(vec) * a, const NAME(vec) * b) {
  const NAME(vec) x = *a, y = *b;
#if KIND == OL_SUM
  *a = x + y;
#elif KIND == OL_MAX_OF
  const __auto_type take = (y > x) | (y != y);
  *a = take ? y : x;
#else
  const __auto_type take = (y < x) | (y != y);
  *a = take ? y : x;
#endif
}

static inline __attribute__((always_inline)) T NAME(lanes)(const NAME(vec) * v) {
  T x[64 / sizeof(T)];
  for (int i = 0; i < LANES; i++) x[i] = (*v)[i];
#pragma clang loop unroll(full)
  for (int64_t half = LANES / 2; half > 0; half /= 2)
    for (int64_t i = 0; i < half; i++) x[i] = NAME(one)(x[i], x[i + half]);
  return x[0];
}

static inline T NAME(row_block)(const T *src, int64_t count) {
  if (count < 2 * LANES) {
    T r = src[0];
    for (int64_t i = 1; i < count; i++) r = NAME(one)(r, src[i]);
    return r;
  }
  const NAME(vec) *v = (const NAME(vec) *)src;
  const int64_t vectors = count / LANES;
  NAME(vec) a = v[0];
  int64_t i = 1;
  if (vectors >= 8) {
    NAME(vec) b = v[1], c = v[2], d = v[3];
    for (i = 4; i + 4 <= vectors; i += 4) {
      NAME(all)(&a, &v[i]);
      NAME(all)(&b, &v[i + 1]);
      NAME(all)(&c, &v[i + 2]);
      NAME(all)(&d, &v[i + 3]);
    }
    NAME(all)(&a, &b);
    NAME(all)(&c, &d);
    NAME(all)(&a, &c);
  }
  for (; i < vectors; i++) NAME(all)(&a, &v[i]);
  T r = NAME(lanes)(&a);
  for (int64_t j = vectors * LANES; j < count; j++) r = NAME(one)(r, src[j]);
  return r;
}

static T NAME(row)(const T *src, int64_t count) {
  if (count <= ROW_BLOCK) return NAME(row_block)(src, count);
  const int64_t half = (count / 2 + ROW_BLOCK - 1) / ROW_BLOCK * ROW_BLOCK;
  return NAME(one)(NAME(row)(src, half), NAME(row)(src + half, count - half));
}

// Rows of a slab, columns [begin, end), by panels of four vectors that stay in registers.
static void NAME(wide)(const T *src, int64_t middle, int64_t inner, int64_t begin, int64_t end,
                       T *dst) {
  for (int64_t first = 0; first < middle; first += COLUMN_BLOCK) {
    const T *rows = src + first * inner;
    const int64_t count = ol_min64(COLUMN_BLOCK, middle - first);
    int64_t j = begin;
    for (; j + 4 * LANES <= end; j += 4 * LANES) {
      NAME(vec) acc[4];
      for (int q = 0; q < 4; q++) acc[q] = *(const NAME(vec) *)(rows + j + q * LANES);
      for (int64_t i = 1; i < count; i++)
        for (int q = 0; q < 4; q++)
          NAME(all)(&acc[q], (const NAME(vec) *)(rows + i * inner + j + q * LANES));
      for (int q = 0; q < 4; q++) {
        NAME(vec) *out = (NAME(vec) *)(dst + j + q * LANES);
        if (first == 0) *out = acc[q];
        else NAME(all)(out, &acc[q]);
      }
    }
    for (; j + LANES <= end; j += LANES) {
      NAME(vec) acc = *(const NAME(vec) *)(rows + j);
      for (int64_t i = 1; i < count; i++)
        NAME(all)(&acc, (const NAME(vec) *)(rows + i * inner + j));
      NAME(vec) *out = (NAME(vec) *)(dst + j);
      if (first == 0) *out = acc;
      else NAME(all)(out, &acc);
    }
    for (; j < end; j++) {
      T acc = rows[j];
      for (int64_t i = 1; i < count; i++) acc = NAME(one)(acc, rows[i * inner + j]);
      dst[j] = first == 0 ? acc : NAME(one)(dst[j], acc);
    }
  }
}

// A few columns: LANES rows side by side are one row of whole vectors. Reduce those, then fold.
static void NAME(narrow)(const T *src, int64_t middle, int64_t inner, T *dst) {
  T folded[NARROW * 64 / sizeof(T)];
  const int64_t groups = middle / LANES;
  NAME(wide)(src, groups, inner * LANES, 0, inner * LANES, folded);
  NAME(wide)(folded, LANES, inner, 0, inner, dst);
  for (int64_t i = groups * LANES; i < middle; i++)
    for (int64_t j = 0; j < inner; j++) dst[j] = NAME(one)(dst[j], src[i * inner + j]);
}

static void NAME(slab)(const void *src, int64_t middle, int64_t inner, int64_t begin, int64_t end,
                       void *dst) {
  if (inner == 1)
    ((T *)dst)[0] = NAME(row)(src, middle);
  else if (inner <= NARROW && middle >= 2 * LANES)
    NAME(narrow)(src, middle, inner, dst);
  else
    NAME(wide)(src, middle, inner, begin, end, dst);
}

#undef LANES
#undef ROW_BLOCK
#undef COLUMN_BLOCK
#undef NARROW
#undef T
#undef NAME
#undef KIND
