// The reduction loops for every kind and type. See dispatch.h.

#define OL_SUM 0
#define OL_MAX_OF 1
#define OL_MIN_OF 2

#define T float
#define NAME(f) OL_ISA(f##_sum_f32)
#define KIND OL_SUM
#include "reduce_loops.h"
#define T float
#define NAME(f) OL_ISA(f##_max_f32)
#define KIND OL_MAX_OF
#include "reduce_loops.h"
#define T float
#define NAME(f) OL_ISA(f##_min_f32)
#define KIND OL_MIN_OF
#include "reduce_loops.h"

#define T double
#define NAME(f) OL_ISA(f##_sum_f64)
#define KIND OL_SUM
#include "reduce_loops.h"
#define T double
#define NAME(f) OL_ISA(f##_max_f64)
#define KIND OL_MAX_OF
#include "reduce_loops.h"
#define T double
#define NAME(f) OL_ISA(f##_min_f64)
#define KIND OL_MIN_OF
#include "reduce_loops.h"

#define T uint32_t  // unsigned: sums of int32 wrap around
#define NAME(f) OL_ISA(f##_sum_i32)
#define KIND OL_SUM
#include "reduce_loops.h"
#define T int32_t
#define NAME(f) OL_ISA(f##_max_i32)
#define KIND OL_MAX_OF
#include "reduce_loops.h"
#define T int32_t
#define NAME(f) OL_ISA(f##_min_i32)
#define KIND OL_MIN_OF
#include "reduce_loops.h"

#undef OL_SUM
#undef OL_MAX_OF
#undef OL_MIN_OF
