// One vector register of T, and loads and stores of its first few lanes. Included by bodies that
// have defined T and NAME; <immintrin.h> comes from their .c file.

#define W ((int64_t)(OL_VECTOR_BYTES / sizeof(T)))

typedef T NAME(vec) __attribute__((ext_vector_type(OL_VECTOR_BYTES / sizeof(T)), aligned(sizeof(T))));

// What a partial load or store needs to know about its lanes, made once outside the loop.
#if OL_VECTOR_BYTES == 64
typedef uint32_t NAME(lanes);
OL_INLINE NAME(lanes) NAME(first_lanes)(int64_t count) { return (1u << count) - 1; }
OL_INLINE void NAME(load_lanes)(NAME(vec) * v, const T *p, const NAME(lanes) * lanes) {
  if (sizeof(T) == 4) {
    const __m512 r = _mm512_maskz_loadu_ps((__mmask16)*lanes, p);
    __builtin_memcpy(v, &r, 64);
  } else {
    const __m512d r = _mm512_maskz_loadu_pd((__mmask8)*lanes, p);
    __builtin_memcpy(v, &r, 64);
  }
}
OL_INLINE void NAME(store_lanes)(T *p, const NAME(vec) * v, const NAME(lanes) * lanes) {
  if (sizeof(T) == 4) {
    __m512 r;
    __builtin_memcpy(&r, v, 64);
    _mm512_mask_storeu_ps(p, (__mmask16)*lanes, r);
  } else {
    __m512d r;
    __builtin_memcpy(&r, v, 64);
    _mm512_mask_storeu_pd(p, (__mmask8)*lanes, r);
  }
}
#else
typedef int64_t NAME(lanes);
OL_INLINE NAME(lanes) NAME(first_lanes)(int64_t count) { return count; }
OL_INLINE void NAME(load_lanes)(NAME(vec) * v, const T *p, const NAME(lanes) * lanes) {
  T x[OL_VECTOR_BYTES / sizeof(T)] = {0};
  for (int64_t i = 0; i < W; i++)
    if (i < *lanes) x[i] = p[i];
  __builtin_memcpy(v, x, sizeof x);
}
OL_INLINE void NAME(store_lanes)(T *p, const NAME(vec) * v, const NAME(lanes) * lanes) {
  for (int64_t i = 0; i < W; i++)
    if (i < *lanes) p[i] = (*v)[i];
}
#endif
