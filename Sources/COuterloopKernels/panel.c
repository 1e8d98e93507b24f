#include "panel.h"
#include "parallel.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define OL_BODY "panel_body.h"
#include "each_isa.h"

ol_panel_function ol_panel_for(ol_dtype dtype) {
  return dtype == OL_F64 ? OL_PICK(panel_f64) : OL_PICK(panel_f32);
}

int64_t ol_vector_lanes(ol_dtype dtype) {
  const int64_t bytes = (int64_t)16 << (int)ol_isa_current();
  return bytes / (dtype == OL_F64 ? 8 : 4);
}
