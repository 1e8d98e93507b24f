// Inner products of float and of double. See dispatch.h.

// Columns of a tile of four rows: their sums and the rows' vectors fill the registers.
#if OL_HAS_MASKS || defined(__aarch64__)
#define TILE_COLUMNS 6
#else
#define TILE_COLUMNS 3
#endif

#define T float
#define T_BYTES 4
#define NAME(f) OL_ISA(f##_f32)
#include "vector.h"
#include "dots_tile.h"
#undef T
#undef T_BYTES
#undef NAME

#define T double
#define T_BYTES 8
#define NAME(f) OL_ISA(f##_f64)
#include "vector.h"
#include "dots_tile.h"
#undef T
#undef T_BYTES
#undef NAME

#undef TILE_COLUMNS
