// Includes the file named by OL_BODY once per instruction set; see dispatch.h. No include guard:
// a .c file may use it for several bodies.
#ifndef OL_BODY
#error "define OL_BODY before including each_isa.h"
#endif

#define OL_ISA(name) name##_baseline
#define OL_VECTOR_BYTES 16
#define OL_HAS_MASKS 0
#if defined(__aarch64__)
#define OL_HAS_FMA 1
#else
#define OL_HAS_FMA 0
#endif
#include OL_BODY
#undef OL_ISA
#undef OL_VECTOR_BYTES
#undef OL_HAS_FMA
#undef OL_HAS_MASKS

#if defined(__x86_64__)

#pragma clang attribute push(__attribute__((target("avx2,fma,bmi,bmi2"))), apply_to = function)
#define OL_ISA(name) name##_avx2
#define OL_VECTOR_BYTES 32
#define OL_HAS_FMA 1
#define OL_HAS_MASKS 0
#include OL_BODY
#undef OL_ISA
#undef OL_VECTOR_BYTES
#undef OL_HAS_FMA
#undef OL_HAS_MASKS
#pragma clang attribute pop

#pragma clang attribute push(                                                           \
    __attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma,bmi,bmi2"))), \
    apply_to = function)
#define OL_ISA(name) name##_avx512
#define OL_VECTOR_BYTES 64
#define OL_HAS_FMA 1
#define OL_HAS_MASKS 1
#include OL_BODY
#undef OL_ISA
#undef OL_VECTOR_BYTES
#undef OL_HAS_FMA
#undef OL_HAS_MASKS
#pragma clang attribute pop

#endif

#undef OL_BODY
