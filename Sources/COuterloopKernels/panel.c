#include "panel.h"
#include "parallel.h"

#if defined(__x86_64__)
#include <immintrin.h>
// Two floats read at once; they lie on the boundary of one.
typedef double ol_pair __attribute__((aligned(4), may_alias));
#endif

// A pointer whose origin the compiler does not see. Otherwise it may reach the rows of a tile one
// from the other, which chains an addition for every row into the loop.
#define OPAQUE(pointer)                       \
  ({                                          \
    __typeof__(pointer) opaque = (pointer);   \
    __asm__("" : "+r"(opaque));               \
    opaque;                                   \
  })

#define OL_BODY "panel_body.h"
#include "each_isa.h"

ol_panel_function ol_panel_for(ol_dtype dtype) {
  return dtype == OL_F64 ? OL_PICK(panel_f64) : OL_PICK(panel_f32);
}

int ol_panel_pairs(ol_dtype dtype, int64_t columns) {
  return dtype == OL_F32 && ol_isa_current() == OL_ISA_AVX512 && columns <= 8;
}
