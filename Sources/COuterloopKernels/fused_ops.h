// The instructions of a fused kernel, for element type T and one instruction set.
//
// Every loop reads and writes the same index, so operands that are the same memory are safe and
// assume_safety tells the compiler so. Whole vectors come first. The tail is one masked vector
// where there are masks; elsewhere an expensive function handles its tail in a padded vector, because
// a scalar polynomial costs as much as a vector of them, and a cheap one takes a scalar loop.

#define OL_VECTOR_LOOP(EXPR)                      \
  _Pragma("clang loop vectorize(assume_safety)")  \
  for (int64_t i = 0; i < whole; i++) d[i] = EXPR;

#if OL_HAS_MASKS
#define OL_LOOP(EXPR)                                                                              \
  {                                                                                                \
    const int64_t whole = n & -(int64_t)OL_T(width);                                               \
    const int rest = (int)(n & (OL_T(width) - 1));                                                 \
    OL_VECTOR_LOOP(EXPR)                                                                           \
    _Pragma("clang loop vectorize(assume_safety) vectorize_predicate(enable) interleave_count(1)") \
    for (int j = 0; j < rest; j++) {                                                               \
      const int64_t i = whole + j;                                                                 \
      d[i] = EXPR;                                                                                 \
    }                                                                                              \
  }
#define OL_DEAR_LOOP(EXPR) OL_LOOP(EXPR)
#else
#define OL_LOOP(EXPR)                                         \
  {                                                           \
    const int64_t whole = n & -(int64_t)OL_T(width);          \
    OL_VECTOR_LOOP(EXPR)                                      \
    _Pragma("clang loop vectorize(disable) unroll(disable)")  \
    for (int64_t i = whole; i < n; i++) d[i] = EXPR;          \
  }
#define OL_DEAR_LOOP(EXPR)                                                      \
  {                                                                             \
    int64_t whole = n & -(int64_t)OL_T(width), rest = n - whole;                \
    OL_VECTOR_LOOP(EXPR)                                                        \
    if (rest > 0) {                                                             \
      T from[OL_T(width)], to[OL_T(width)], *tail = d + whole;                  \
      for (int64_t j = 0; j < OL_T(width); j++) from[j] = a[whole + (j < rest ? j : 0)]; \
      const T *a = from;                                                        \
      T *d = to;                                                                \
      whole = OL_T(width);                                                      \
      OL_VECTOR_LOOP(EXPR)                                                      \
      for (int64_t j = 0; j < rest; j++) tail[j] = to[j];                       \
    }                                                                           \
  }
#endif

// One case of the switch each. Only the operands an operation has are looked up.
#define OL_A const T *const a = (const T *)reg[in->a];
#define OL_B const T *const b = (const T *)reg[in->b];
#define OL_C const T *const c = (const T *)reg[in->c];
#define OL_UNARY(EXPR) { OL_A OL_LOOP(EXPR) } break;
#define OL_DEAR(EXPR) { OL_A OL_DEAR_LOOP(EXPR) } break;
#define OL_BINARY(EXPR) { OL_A OL_B OL_LOOP(EXPR) } break;
#define OL_TERNARY(EXPR) { OL_A OL_B OL_C OL_LOOP(EXPR) } break;
#define OL_COMPARE(OP) OL_BINARY(a[i] OP b[i] ? (T)1 : (T)0)
// The C library handles blocks with an argument outside the range of the polynomials.
#define OL_TRIG(NAME)                                                       \
  {                                                                         \
    OL_A                                                                    \
    if (OL_T(any_beyond)(a, n, OL_MATH(trig_limit)))                        \
      for (int64_t i = 0; i < n; i++) d[i] = OL_LIBM(NAME)(a[i]);           \
    else                                                                    \
      OL_DEAR_LOOP(OL_MATH(NAME)(a[i]))                                     \
  }                                                                         \
  break;
#define OL_REDUCE(LANES, HOW)                                               \
  {                                                                         \
    OL_A                                                                    \
    OL_T(reduce_lanes)(a, n, LANES, block->partials, block->is_first, HOW); \
    block->partials += LANES;                                               \
  }                                                                         \
  break;

OL_INLINE int OL_T(any_beyond)(const T *a, int64_t n, T limit) {
  int any = 0;
  for (int64_t i = 0; i < n; i++) any |= __builtin_elementwise_abs(a[i]) > limit;
  return any;
}

// Both are loaded whatever the condition; otherwise the compiler makes two masked loads of it.
OL_INLINE T OL_T(choose)(T condition, T yes, T no) {
  return OL_MATH(from_bits)(condition != 0 ? OL_MATH(bits)(yes) : OL_MATH(bits)(no));
}

// Float powers go through double, in vectors, if all bases are positive and all is finite.
static void OL_T(power)(T *d, const T *a, const T *b, int64_t n) {
#if OL_MATH(OL_HAS_VECTOR_POW)
  const T top = (T)__builtin_inf();
  int wild = 0;
  for (int64_t i = 0; i < n; i++)
    wild |= !(a[i] > 0) | !(a[i] < top) | !(__builtin_elementwise_abs(b[i]) < top);
  if (!wild) {
    OL_LOOP(OL_MATH(pow_positive)(a[i], b[i]))
    return;
  }
#endif
  for (int64_t i = 0; i < n; i++) d[i] = OL_LIBM(pow)(a[i], b[i]);
}

static void OL_T(spread_rows)(T *d, const T *a, int64_t rows, int64_t cols) {
  if (cols == 1) {
    __builtin_memmove(d, a, (size_t)rows * sizeof(T));
    return;
  }
  for (int64_t r = 0; r < rows; r++, d += cols) {
    const T value = a[r];
    const int64_t n = cols;
    OL_LOOP(value)
  }
}

// One row, then twice as many each time.
static void OL_T(spread_columns)(T *d, const T *a, int64_t n, int64_t cols) {
  int64_t done = cols < n ? cols : n;
  __builtin_memcpy(d, a, (size_t)done * sizeof(T));
  while (done < n) {
    int64_t step = done < n - done ? done : n - done;
    __builtin_memcpy(d + done, d, (size_t)step * sizeof(T));
    done += step;
  }
}

static void OL_T(run)(const ol_instr *code, int32_t count, ol_block *block) {
  char *const *const reg = block->reg;
  for (const ol_instr *in = code; in < code + count; in++) {
    const int64_t n = block->count[in->width];
    T *const d = (T *)reg[in->dst];
    switch ((ol_op)in->op) {
      case OL_CONST: d[0] = (T)in->value; break;
      case OL_COPY: OL_UNARY(a[i])
      case OL_NEG: OL_UNARY(-a[i])
      case OL_ABS: OL_UNARY(__builtin_elementwise_abs(a[i]))
      case OL_SIGN: OL_UNARY(a[i] > 0 ? (T)1 : a[i] < 0 ? (T)-1 : a[i])
      case OL_EXP: OL_DEAR(OL_MATH(exp)(a[i]))
      case OL_EXPM1: OL_DEAR(OL_MATH(expm1)(a[i]))
      case OL_LOG: OL_DEAR(OL_MATH(log)(a[i]))
      case OL_LOG1P: OL_DEAR(OL_MATH(log1p)(a[i]))
      case OL_SQRT: OL_UNARY(__builtin_elementwise_sqrt(a[i]))
      case OL_RSQRT: OL_UNARY((T)1 / __builtin_elementwise_sqrt(a[i]))
      case OL_RECIP: OL_UNARY((T)1 / a[i])
      case OL_SQUARE: OL_UNARY(a[i] * a[i])
      case OL_SIN: OL_TRIG(sin)
      case OL_COS: OL_TRIG(cos)
      case OL_TAN: OL_TRIG(tan)
      case OL_TANH: OL_DEAR(OL_MATH(tanh)(a[i]))
      case OL_SIGMOID: OL_DEAR(OL_MATH(sigmoid)(a[i]))
      case OL_SOFTPLUS: OL_DEAR(OL_MATH(softplus)(a[i]))
      case OL_ERF: OL_DEAR(OL_MATH(erf)(a[i]))
      case OL_FLOOR: OL_UNARY(__builtin_elementwise_floor(a[i]))
      case OL_CEIL: OL_UNARY(__builtin_elementwise_ceil(a[i]))
      case OL_ROUND: OL_UNARY(__builtin_elementwise_roundeven(a[i]))
      case OL_ADD: OL_BINARY(a[i] + b[i])
      case OL_SUB: OL_BINARY(a[i] - b[i])
      case OL_MUL: OL_BINARY(a[i] * b[i])
      case OL_DIV: OL_BINARY(a[i] / b[i])
      case OL_POW: {
        OL_A OL_B
        OL_T(power)(d, a, b, n);
      } break;
      case OL_MAX: OL_BINARY(((a[i] > b[i]) | (a[i] != a[i])) ? a[i] : b[i])
      case OL_MIN: OL_BINARY(((a[i] < b[i]) | (a[i] != a[i])) ? a[i] : b[i])
      case OL_ATAN2: {
        OL_A OL_B
        for (int64_t i = 0; i < n; i++) d[i] = OL_LIBM(atan2)(a[i], b[i]);
      } break;
      case OL_EQ: OL_COMPARE(==)
      case OL_NE: OL_COMPARE(!=)
      case OL_LT: OL_COMPARE(<)
      case OL_LE: OL_COMPARE(<=)
      case OL_GT: OL_COMPARE(>)
      case OL_GE: OL_COMPARE(>=)
      case OL_SELECT: OL_TERNARY(OL_T(choose)(a[i], b[i], c[i]))
      case OL_FMA: OL_TERNARY(a[i] * b[i] + c[i])
      case OL_FNMA: OL_TERNARY(c[i] - a[i] * b[i])
      case OL_FROM_ONE: {
        const T value = *(const T *)reg[in->a];
        OL_LOOP(value)
      } break;
      case OL_FROM_ROW: {
        OL_A
        OL_T(spread_rows)(d, a, block->rows, block->cols);
      } break;
      case OL_FROM_COL: {
        OL_A
        OL_T(spread_columns)(d, a, n, block->cols);
      } break;
      case OL_ROW_SUM: {
        OL_A
        OL_T(reduce_rows)(a, d, block, OL_JOIN_SUM);
      } break;
      case OL_ROW_MAX: {
        OL_A
        if (OL_T(any_nan)(a, block->count[OL_FULL])) OL_T(reduce_rows)(a, d, block, OL_JOIN_MAX);
        else OL_T(reduce_rows)(a, d, block, OL_JOIN_NUMBER_MAX);
      } break;
      case OL_COL_SUM: OL_REDUCE(block->col_lanes, OL_JOIN_SUM)
      case OL_COL_MAX: OL_REDUCE(block->col_lanes, OL_JOIN_MAX)
      case OL_ALL_SUM: OL_REDUCE(block->lanes[in->width], OL_JOIN_SUM)
      case OL_ALL_MAX: OL_REDUCE(block->lanes[in->width], OL_JOIN_MAX)
      case OL_OP_COUNT: break;
    }
  }
}

#undef OL_VECTOR_LOOP
#undef OL_LOOP
#undef OL_DEAR_LOOP
#undef OL_A
#undef OL_B
#undef OL_C
#undef OL_UNARY
#undef OL_DEAR
#undef OL_BINARY
#undef OL_TERNARY
#undef OL_COMPARE
#undef OL_TRIG
#undef OL_REDUCE
