// Philox and the maps from its words to numbers. See dispatch.h.

// Every word sits in the low half of a 64-bit lane: a product of two words is then one
// instruction, whose halves are the next round's words.
typedef uint64_t OL_ISA(lanes) __attribute__((ext_vector_type(GROUP_BLOCKS)));
#define LANES OL_ISA(lanes)
#define LOW 0xffffffffull

static void OL_ISA(philox)(const uint32_t key[4], uint64_t block, uint32_t words[GROUP_WORDS]) {
  const LANES index = block + (LANES){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  LANES c0 = index & LOW, c1 = index >> 32, c2 = key[2], c3 = key[3];
  uint32_t k0 = key[0], k1 = key[1];
#pragma clang loop unroll(full)
  for (int round = 0; round < 10; round++) {
    const LANES p0 = (c0 & LOW) * 0xD2511F53ull, p1 = (c2 & LOW) * 0xCD9E8D57ull;
    c0 = (p1 >> 32) ^ c1 ^ (uint64_t)k0;
    c1 = p1 & LOW;
    c2 = (p0 >> 32) ^ c3 ^ (uint64_t)k1;
    c3 = p0 & LOW;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  // Two words to a lane, little end first; then the two halves of every block side by side.
  const LANES first = c0 | c1 << 32, second = c2 | c3 << 32;
  const LANES low = __builtin_shufflevector(first, second, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21,
                                            6, 22, 7, 23);
  const LANES high = __builtin_shufflevector(first, second, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28,
                                             13, 29, 14, 30, 15, 31);
  memcpy(words, &low, sizeof low);
  memcpy(words + GROUP_WORDS / 2, &high, sizeof high);
}

static void OL_ISA(uniform_f32)(const uint32_t *words, float *dst) {
  for (int i = 0; i < GROUP_WORDS; i++) dst[i] = (float)(int32_t)(words[i] >> 8) * 0x1p-24f;
}

static void OL_ISA(uniform_f64)(const uint32_t *words, double *dst) {
  for (int i = 0; i < GROUP_WORDS / 2; i++) {
    const uint64_t w = words[2 * i] | (uint64_t)words[2 * i + 1] << 32;
    dst[i] = (double)(int64_t)(w >> 11) * 0x1p-53;
  }
}

// Box-Muller: radius sqrt(-2 log u) with u in (0, 1], angle 2 pi v. The quadrant of the angle is
// taken from the top bits of v as an integer, which leaves |angle| <= pi / 4 for the Taylor series
// of sine and cosine; log uses 2 atanh((m - 1) / (m + 1)) with m in [sqrt(1/2), sqrt(2)).
static void OL_ISA(normal_f32)(const uint32_t *words, float *dst) {
  for (int i = 0; i < GROUP_WORDS / 2; i++) {
    const float u = (float)words[2 * i] * 0x1p-32f + 0x1p-33f;  // all 32 bits: finer near 0
    uint32_t bits;
    memcpy(&bits, &u, 4);
    const int32_t exponent = (int32_t)(bits - 0x3f3504f3u) >> 23;
    bits -= (uint32_t)exponent << 23;
    float m;
    memcpy(&m, &bits, 4);
    const float s = (m - 1) / (m + 1), z = s * s;
    const float series = 1 + z * (1 / 3.f + z * (1 / 5.f + z * (1 / 7.f + z * (1 / 9.f))));
    const float log_u = 2 * s * series + (float)exponent * 0.69314718056f;
    const float radius = __builtin_elementwise_sqrt(log_u < 0 ? -2 * log_u : 0.f);

    const uint32_t v = words[2 * i + 1], quadrant = (v + 0x20000000u) >> 30;
    const float a = (float)(int32_t)(v - (quadrant << 30)) * (float)(2 * M_PI * 0x1p-32);
    const float b = a * a;
    const float sine =
        a * (1 + b * (-1 / 6.f + b * (1 / 120.f + b * (-1 / 5040.f + b * (1 / 362880.f)))));
    const float cosine =
        1 + b * (-1 / 2.f +
                 b * (1 / 24.f + b * (-1 / 720.f + b * (1 / 40320.f + b * (-1 / 3628800.f)))));
    const float x = quadrant & 1 ? sine : cosine, y = quadrant & 1 ? cosine : sine;
    dst[2 * i] = radius * ((quadrant + 1) & 2 ? -x : x);
    dst[2 * i + 1] = radius * (quadrant & 2 ? -y : y);
  }
}

static void OL_ISA(normal_f64)(const uint32_t *words, double *dst) {
  for (int i = 0; i < GROUP_WORDS / 4; i++) {
    const uint64_t w = words[4 * i] | (uint64_t)words[4 * i + 1] << 32;
    const uint64_t v = words[4 * i + 2] | (uint64_t)words[4 * i + 3] << 32;
    const double u = (double)(int64_t)(w >> 11) * 0x1p-53 + 0x1p-54;
    uint64_t bits;
    memcpy(&bits, &u, 8);
    const int64_t exponent = (int64_t)(bits - 0x3fe6a09e667f3bcdull) >> 52;
    bits -= (uint64_t)exponent << 52;
    double m;
    memcpy(&m, &bits, 8);
    const double s = (m - 1) / (m + 1), z = s * s;
    double series = 0;
#pragma clang loop unroll(full)
    for (int k = 11; k >= 0; k--) series = series * z + 1.0 / (2 * k + 1);
    const double log_u = 2 * s * series + (double)exponent * M_LN2;
    const double radius = __builtin_elementwise_sqrt(log_u < 0 ? -2 * log_u : 0.0);

    const uint64_t quadrant = (v + (1ull << 61)) >> 62;
    const double a = (double)(int64_t)(v - (quadrant << 62)) * (2 * M_PI * 0x1p-64);
    const double b = a * a;
    double sine = 1, cosine = 1;  // nested: 1 - b/(2*3) (1 - b/(4*5) (...))
#pragma clang loop unroll(full)
    for (int k = 9; k >= 1; k--) {
      sine = 1 - b * (1.0 / (2 * k * (2 * k + 1))) * sine;
      cosine = 1 - b * (1.0 / (2 * k * (2 * k - 1))) * cosine;
    }
    sine *= a;
    const double x = quadrant & 1 ? sine : cosine, y = quadrant & 1 ? cosine : sine;
    dst[2 * i] = radius * ((quadrant + 1) & 2 ? -x : x);
    dst[2 * i + 1] = radius * (quadrant & 2 ? -y : y);
  }
}

static void OL_ISA(stream)(const uint32_t key[4], uint64_t first, uint64_t groups,
                           ol_random_kind kind, ol_dtype dtype, void *dst) {
  uint32_t words[GROUP_WORDS];
  const int is_double = dtype == OL_F64 && kind != OL_RANDOM_BITS;
  char *out = dst;
  for (uint64_t g = first; g < first + groups; g++) {
    OL_ISA(philox)(key, g * GROUP_BLOCKS, words);
    if (kind == OL_RANDOM_BITS)
      memcpy(out, words, sizeof words);
    else if (kind == OL_RANDOM_UNIFORM)
      is_double ? OL_ISA(uniform_f64)(words, (double *)out) : OL_ISA(uniform_f32)(words, (float *)out);
    else
      is_double ? OL_ISA(normal_f64)(words, (double *)out) : OL_ISA(normal_f32)(words, (float *)out);
    out += sizeof words;
  }
}

#undef LANES
#undef LOW
