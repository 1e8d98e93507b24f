// Panels of float and of double. See dispatch.h.

// Tiles hold ROWS_1 x 1, ROWS_2 x 2 or ROWS_4 x 4 vectors of sums: as many as leave registers for
// the operands.
#if OL_HAS_MASKS || defined(__aarch64__)
#define ROWS_1 14
#define ROWS_2 14
#define ROWS_4 6
#else
#define ROWS_1 12
#define ROWS_2 6
#define ROWS_4 3
#endif

#define T float
#define PAIRS OL_HAS_MASKS
#define NAME(f) OL_ISA(f##_f32)
#include "vector.h"
#include "panel_tile.h"
#undef T
#undef PAIRS
#undef NAME

#define T double
#define PAIRS 0
#define NAME(f) OL_ISA(f##_f64)
#include "vector.h"
#include "panel_tile.h"
#undef T
#undef PAIRS
#undef NAME

#undef ROWS_1
#undef ROWS_2
#undef ROWS_4
