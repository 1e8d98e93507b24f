// The loops of fused.c for one instruction set, in float and in double. See dispatch.h.

#define T float
#define OL_T(name) OL_ISA(name##_f32)
#define OL_MATH(name) name##_f32
#define OL_LIBM(name) name##f
#define OL_INT int32_t
#include "fused_reduce.h"
#include "fused_ops.h"
#undef T
#undef OL_T
#undef OL_MATH
#undef OL_LIBM
#undef OL_INT

#define T double
#define OL_T(name) OL_ISA(name##_f64)
#define OL_MATH(name) name##_f64
#define OL_LIBM(name) name
#define OL_INT int64_t
#include "fused_reduce.h"
#include "fused_ops.h"
#undef T
#undef OL_T
#undef OL_MATH
#undef OL_LIBM
#undef OL_INT
