// Inner products of float and of double. See dispatch.h.

// A tile holds the sums of TILE_ROWS rows of x by up to six rows of y. With 32 registers they are
// four; with 16 the sums of two, their vectors of x and one of y are all that fits.
#if OL_HAS_MASKS || defined(__aarch64__)
#define TILE_ROWS 4
#define ROWS_AHEAD 4
#else
#define TILE_ROWS 2
#define ROWS_AHEAD 8
#endif
#define TILE_COLUMNS 6

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

#undef TILE_ROWS
#undef ROWS_AHEAD
#undef TILE_COLUMNS
