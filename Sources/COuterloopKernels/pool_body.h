// The loops of pool.c over one run of output pixels; see there. No include guard: see dispatch.h.

// Eight channels at a time: the compiler's own vectors of a runtime length leave short runs to
// scalar code, and channels are few.
#define LANES 8
typedef float OL_ISA(pool_values) __attribute__((vector_size(4 * LANES), aligned(4)));
typedef int32_t OL_ISA(pool_taps) __attribute__((vector_size(4 * LANES), aligned(4)));

static void OL_ISA(pool_argmax_f32)(const float *x, int64_t row, int64_t kh, int64_t kw,
                                    int64_t dh, int64_t dw, int64_t c, int32_t *index) {
  typedef OL_ISA(pool_values) values;
  typedef OL_ISA(pool_taps) taps;
  int64_t j = 0;
  for (; j + LANES <= c; j += LANES) {
    values best = *(const values *)(x + j);
    taps at = {0};
    for (int64_t u = 0; u < kh; u++)
      for (int64_t v = 0; v < kw; v++) {
        values other = *(const values *)(x + u * dh * row + v * dw * c + j);
        // A NaN takes the lead and keeps it.
        taps leads = (other > best) | ((other != other) & (best == best));
        taps tap = (taps){0} + (int32_t)(u * kw + v);
        at = (leads & tap) | (~leads & at);
        best = (values)((leads & (taps)other) | (~leads & (taps)best));
      }
    *(taps *)(index + j) = at;
  }
  for (; j < c; j++) index[j] = pool_argmax_scalar_f32(x + j, row, kh, kw, dh, dw, c);
}

static void OL_ISA(pool_select_f32)(const float *x, int64_t row, int64_t kh, int64_t kw,
                                    int64_t dh, int64_t dw, int64_t c, const int32_t *index,
                                    float *y) {
  typedef OL_ISA(pool_taps) taps;
  int64_t j = 0;
  for (; j + LANES <= c; j += LANES) {
    taps at = *(const taps *)(index + j), sum = {0};
    for (int64_t u = 0; u < kh; u++)
      for (int64_t v = 0; v < kw; v++) {
        taps chosen = at == (taps){0} + (int32_t)(u * kw + v);
        sum |= chosen & *(const taps *)(x + u * dh * row + v * dw * c + j);
      }
    *(taps *)(y + j) = sum;
  }
  for (; j < c; j++) y[j] = x[index[j] / kw * dh * row + index[j] % kw * dw * c + j];
}

// Windows that do not overlap are written, not added to, so nothing has to be cleared first.
static void OL_ISA(pool_write_f32)(const float *g, int64_t row, int64_t kh, int64_t kw, int64_t c,
                                   const int32_t *index, float *x) {
  typedef OL_ISA(pool_taps) taps;
  int64_t j = 0;
  for (; j + LANES <= c; j += LANES) {
    taps at = *(const taps *)(index + j), value = *(const taps *)(g + j);
    for (int64_t u = 0; u < kh; u++)
      for (int64_t v = 0; v < kw; v++) {
        taps chosen = at == (taps){0} + (int32_t)(u * kw + v);
        *(taps *)(x + u * row + v * c + j) = chosen & value;
      }
  }
  for (; j < c; j++)
    for (int64_t u = 0; u < kh; u++)
      for (int64_t v = 0; v < kw; v++)
        x[u * row + v * c + j] = index[j] == u * kw + v ? g[j] : 0;
}
#undef LANES
