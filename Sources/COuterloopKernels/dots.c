#include "dots.h"
#include "parallel.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define OL_BODY "dots_body.h"
#include "each_isa.h"

ol_dots_function ol_dots_for(ol_dtype dtype) {
  return dtype == OL_F64 ? OL_PICK(dots_f64) : OL_PICK(dots_f32);
}
