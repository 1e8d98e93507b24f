// How a kernel is built for several instruction sets. Private to the C target.
//
// SwiftPM compiles every .c file for baseline x86-64 without -m flags, so the instruction set is an
// attribute of functions, put on whole files by a pragma. A room is two files:
//
//   sum_body.h   the loops, as plain C, no include guard. Every function is
//                `static` and its name wrapped: static void OL_ISA(sum_rows)(...) { ... }
//   sum.c        #include "dispatch.h"
//                #define OL_BODY "sum_body.h"
//                #include "each_isa.h"       // includes the body once per instruction set
//                void ol_sum(...) { OL_PICK(sum_rows)(...); }
//
// Inside a body:
//   OL_ISA(name)      the name of this instruction set's copy
//   OL_VECTOR_BYTES   16, 32 or 64: the width of one vector register
//   OL_HAS_FMA        1 or 0 (NEON has it)
//   OL_HAS_MASKS      1 or 0: AVX-512 mask registers, so predicated loop tails cost nothing
// Include system headers in the .c file, before each_isa.h. Helpers that do not differ by
// instruction set may live in ordinary headers as `OL_INLINE` functions: inlined into a body they
// are compiled for the body's instruction set. OL_PICK(name) costs one load and a compare; do it
// once per public call, outside threads and loops, and pass the chosen pointer on.
#ifndef OUTERLOOP_DISPATCH_H
#define OUTERLOOP_DISPATCH_H

#include "outerloop_kernels.h"

#define OL_INLINE static inline __attribute__((always_inline))

typedef enum ol_isa { OL_ISA_BASELINE = 0, OL_ISA_AVX2 = 1, OL_ISA_AVX512 = 2 } ol_isa;

// The instruction set in use, or -1 before the first look (isa.c).
extern int ol_isa_cached;
ol_isa ol_isa_detect(void);

OL_INLINE ol_isa ol_isa_current(void) {
  int isa = __atomic_load_n(&ol_isa_cached, __ATOMIC_RELAXED);
  return __builtin_expect(isa < 0, 0) ? ol_isa_detect() : (ol_isa)isa;
}

#if defined(__x86_64__)
#define OL_PICK(name)                                      \
  (ol_isa_current() == OL_ISA_AVX512 ? name##_avx512       \
   : ol_isa_current() == OL_ISA_AVX2 ? name##_avx2         \
                                     : name##_baseline)
#else
#define OL_PICK(name) name##_baseline
#endif

#endif
