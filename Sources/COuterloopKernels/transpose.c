#include "transpose.h"
#include "parallel.h"

#define OL_BODY "transpose_body.h"
#include "each_isa.h"

ol_transpose_function ol_transpose_for(int64_t element_bytes) {
  return element_bytes == 8 ? OL_PICK(transpose_8) : OL_PICK(transpose_4);
}
