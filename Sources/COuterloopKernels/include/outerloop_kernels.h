// The kernels of Outerloop: loops over buffers of float, double and int32, nothing else.
//
// Every body is compiled for several instruction sets (baseline, AVX2+FMA, AVX-512; NEON is the
// baseline on arm64) and chosen once at run time, because SwiftPM builds for baseline x86-64.
// No function allocates, locks or throws: the caller passes scratch memory and a thread count.
// Work is cut into chunks that do not depend on the thread count, and partial results are combined
// in chunk order, so the same input gives the same bits for any number of threads.
#ifndef OUTERLOOP_KERNELS_H
#define OUTERLOOP_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ol_dtype { OL_F32 = 0, OL_F64 = 1, OL_I32 = 2 } ol_dtype;

// ---------------------------------------------------------------- instruction set (isa.c)

/// The instruction set in use: "avx512", "avx2" or "baseline". The environment variable
/// OUTERLOOP_ISA, read at first use, may lower it (never raise it above what the CPU has).
const char *ol_isa_name(void);
/// Selects an instruction set by name (tests run every one the CPU has). 0 on success, -1 if the
/// CPU lacks it or the name is unknown.
int ol_isa_select(const char *name);

// ---------------------------------------------------------------- processor (processor.c)

/// Extensions of x86-64 that the processor has and the operating system supports, 1 or 0 each;
/// all 0 elsewhere. `vendor` is the twelve letters of cpuid: "GenuineIntel", "AuthenticAMD".
typedef struct ol_processor {
  char vendor[13];
  int avx, avx2, fma, avx512f, avx512cd, avx512dq, avx512bw, avx512vl, avx512bf16;
} ol_processor;
void ol_processor_read(ol_processor *processor);

// ---------------------------------------------------------------- threads (threads.c)

typedef void (*ol_task)(void *context, int index);
/// Runs task(context, i) for i in 0..<count on at most `threads` threads (the caller is one) and
/// returns when all are done. One region at a time: a nested or concurrent call runs inline on its
/// own thread. Workers are started on demand, spin briefly, then sleep.
void ol_parallel(int threads, int count, ol_task task, void *context);
/// Cores this process may run on (its affinity mask where the system has one).
int ol_core_count(void);

// ---------------------------------------------------------------- fused elementwise kernels (fused.c)

// A fused kernel is a straight-line program over a domain of rows x cols elements, run block by
// block (a block is a whole number of rows, about 1024 elements) so that every intermediate stays
// in the first-level cache. A register holds one value per element (FULL), per row (ROW: rows x 1),
// per column (COL: 1 x cols) or one for the whole domain (ONE).
typedef enum ol_width { OL_ONE = 0, OL_COL = 1, OL_ROW = 2, OL_FULL = 3 } ol_width;

typedef enum ol_op {
  // dst = value (an immediate; width ONE)
  OL_CONST,
  // unary: dst = f(a); dst and a have the instruction's width
  OL_COPY, OL_NEG, OL_ABS, OL_SIGN, OL_EXP, OL_EXPM1, OL_LOG, OL_LOG1P, OL_SQRT, OL_RSQRT,
  OL_RECIP, OL_SQUARE, OL_SIN, OL_COS, OL_TAN, OL_TANH, OL_SIGMOID, OL_SOFTPLUS, OL_ERF,
  OL_FLOOR, OL_CEIL, OL_ROUND,
  // binary: dst = f(a, b); comparisons give 1 or 0 in the same dtype. MAX and MIN return NaN if
  // either operand is NaN. SIGN(0) = 0. ROUND is to nearest even.
  OL_ADD, OL_SUB, OL_MUL, OL_DIV, OL_POW, OL_MAX, OL_MIN, OL_ATAN2,
  OL_EQ, OL_NE, OL_LT, OL_LE, OL_GT, OL_GE,
  // ternary: SELECT = a != 0 ? b : c; FMA = a * b + c; FNMA = c - a * b
  OL_SELECT, OL_FMA, OL_FNMA,
  // widen: dst has the instruction's width, a the narrower width given in the op's name
  OL_FROM_ONE,  // ONE -> COL, ROW or FULL
  OL_FROM_ROW,  // ROW -> FULL
  OL_FROM_COL,  // COL -> FULL
  // narrow inside a block: FULL -> ROW, usable by later body instructions
  OL_ROW_SUM, OL_ROW_MAX,
  // narrow across blocks: results are complete only in the epilogue.
  // Instruction width = width of a. COL_*: FULL -> COL. ALL_*: FULL, ROW -> ONE.
  OL_COL_SUM, OL_COL_MAX, OL_ALL_SUM, OL_ALL_MAX,
  OL_OP_COUNT
} ol_op;

typedef struct ol_instr {
  uint16_t op;     // ol_op
  uint16_t width;  // ol_width of dst (of a, for the across-block reductions)
  int32_t dst, a, b, c;
  double value;
} ol_instr;

// A register lives in memory the caller owns (slot >= 0: slots[slot] points to its first element;
// inputs are read, outputs written there) or in scratch (slot < 0).
typedef struct ol_register {
  int32_t slot;
  int32_t width;
} ol_register;

// prologue: ONE and COL instructions, FROM_ONE to any width and FROM_COL, run once per thread
// (a FULL or ROW result of the prologue is a block-sized pattern that does not change by block).
// body: ROW and FULL instructions, once per block; may read prologue results.
// epilogue: ONE and COL instructions after all blocks, on the completed reductions.
// A FULL or ROW output register is written by a body instruction directly, or by OL_COPY.
// An output may share memory with an input of the same width when both are read and written at
// the same elements (in-place update).
typedef struct ol_fused {
  int32_t dtype;  // OL_F32 or OL_F64
  int32_t register_count;
  int64_t rows, cols;
  const ol_register *registers;
  const ol_instr *prologue, *body, *epilogue;
  int32_t prologue_count, body_count, epilogue_count;
} ol_fused;

/// Bytes of scratch (64-byte aligned by the caller) for a run on at most `threads` threads.
size_t ol_fused_scratch_bytes(const ol_fused *kernel, int threads);
/// Time: one pass over the domain; about 5 ns per instruction for domains of a few elements.
void ol_fused_run(const ol_fused *kernel, void *const *slots, void *scratch, int threads);
/// Whether ol_fused_repeat can run this kernel: one block, no reduction across blocks, and a
/// prologue that reads no slot that moves (strides: bytes from run to run, by slot).
int ol_fused_can_repeat(const ol_fused *kernel, const int64_t *strides);
/// `count` runs, one after another, with every slot moved by its stride after each: a loop over the
/// steps of a small system without a call for each. The prologue runs once.
void ol_fused_repeat(const ol_fused *kernel, void *const *slots, const int64_t *strides,
                     int64_t count, void *scratch);

// ---------------------------------------------------------------- moving data (move.c)

#define OL_MAX_RANK 8
// An element (i_0, ..., i_{rank-1}) goes from src[src_offset + sum i_k src_stride_k] to
// dst[dst_offset + sum i_k dst_stride_k]; strides count elements and may be 0 or negative in src.
// Transpose, broadcast, slice, pad (after a fill), concatenate and flip are all this.
typedef struct ol_view {
  int32_t rank;
  int64_t shape[OL_MAX_RANK], src_stride[OL_MAX_RANK], dst_stride[OL_MAX_RANK];
  int64_t src_offset, dst_offset;
} ol_view;
void ol_copy(int element_bytes, const ol_view *view, const void *src, void *dst, int threads);
void ol_fill(ol_dtype dtype, double value, int64_t count, void *dst, int threads);
void ol_cast(ol_dtype from, ol_dtype to, int64_t count, const void *src, void *dst, int threads);
/// dst[i] = i / inner % count: an index along one axis of a row-major array of `total` elements.
void ol_iota(ol_dtype dtype, int64_t total, int64_t count, int64_t inner, void *dst);

/// dst row i = src row index[i]. Returns -1 (dst unspecified) if an index is outside 0..<rows.
int ol_gather_rows(int element_bytes, int64_t rows, int64_t row_elements, const int32_t *index,
                   int64_t count, const void *src, void *dst, int threads);
/// dst (rows x row_elements, zeroed here first) += src row i at row index[i], in order of i.
int ol_scatter_add_rows(ol_dtype dtype, int64_t rows, int64_t row_elements, const int32_t *index,
                        int64_t count, const void *src, void *dst, int threads);
/// dst (count x depth) = 1 at index[i], else 0. Returns -1 if an index is outside 0..<depth.
int ol_one_hot(ol_dtype dtype, const int32_t *index, int64_t count, int64_t depth, void *dst);

// ---------------------------------------------------------------- reductions over one axis (reduce.c)

typedef enum ol_reduction { OL_REDUCE_SUM = 0, OL_REDUCE_MAX = 1, OL_REDUCE_MIN = 2 } ol_reduction;
/// src (outer, middle, inner) -> dst (outer, inner). Sums use a fixed pairwise-like order.
void ol_reduce(ol_dtype dtype, ol_reduction kind, int64_t outer, int64_t middle, int64_t inner,
               const void *src, void *dst, int threads);
/// Index of the first largest element along the middle axis (NaN counts as largest).
void ol_argmax(ol_dtype dtype, int64_t outer, int64_t middle, int64_t inner, const void *src,
               int32_t *dst, int threads);

// ---------------------------------------------------------------- random numbers (random.c)

typedef enum ol_random_kind { OL_RANDOM_BITS = 0, OL_RANDOM_UNIFORM = 1, OL_RANDOM_NORMAL = 2 } ol_random_kind;
/// Philox4x32-10 (Salmon et al. 2011). key: four 32-bit words; words 0-1 are the Philox key, words
/// 2-3 the upper half of the counter, whose lower half is the block index. Pure: same key, same
/// numbers. UNIFORM in [0, 1) from 24 (float) or 53 (double) bits; NORMAL by Box-Muller.
/// BITS writes int32 words.
void ol_random(ol_random_kind kind, ol_dtype dtype, const uint32_t key[4], int64_t count, void *dst,
               int threads);

// ---------------------------------------------------------------- matrix products (product.c)

// The BLAS entry points (CBLAS conventions), found and installed by the one Swift file that knows
// the library. The library itself runs on one thread; ol_gemm cuts the work over ours.
typedef struct ol_blas {
  void (*sgemm)(int order, int transa, int transb, int m, int n, int k, float alpha, const float *a,
                int lda, const float *b, int ldb, float beta, float *c, int ldc);
  void (*dgemm)(int order, int transa, int transb, int m, int n, int k, double alpha,
                const double *a, int lda, const double *b, int ldb, double beta, double *c, int ldc);
  void (*sgemv)(int order, int trans, int m, int n, float alpha, const float *a, int lda,
                const float *x, int incx, float beta, float *y, int incy);
  void (*dgemv)(int order, int trans, int m, int n, double alpha, const double *a, int lda,
                const double *x, int incx, double beta, double *y, int incy);
} ol_blas;
void ol_blas_install(const ol_blas *table);
/// The file that an address in this process was loaded from, NULL when it is not known.
const char *ol_library_of(const void *address);

// c (batch, m, n) = alpha op(a) op(b) + beta c, all row-major; op transposes the stored matrix.
// a is stored (m, k), or (k, m) if trans_a, with row length lda; likewise b, c. Batches are
// stride_* elements apart (0 repeats one matrix). Skinny products (min(m, n, k) small) take our
// own kernels, the rest goes to BLAS; m, n or k may be 0.
typedef struct ol_product {
  int32_t dtype, trans_a, trans_b;
  int64_t batch, m, n, k, lda, ldb, ldc, stride_a, stride_b, stride_c;
  double alpha, beta;
} ol_product;
size_t ol_product_scratch_bytes(const ol_product *p, int threads);
void ol_product_run(const ol_product *p, const void *a, const void *b, void *c, void *scratch,
                    int threads);

// ---------------------------------------------------------------- convolution (convolution.c)

// x (n, h, w, c), filter (kh, kw, c, o), y (n, oh, ow, o), row-major:
//   y[i,p,q,o] = sum_{u,v,c} x[i, p sh + u dh - pt, q sw + v dw - pl, c] filter[u,v,c,o]
// with zeros outside x. The three functions are the three partial maps of that trilinear form, so
// they are closed under differentiation.
typedef struct ol_convolution {
  int32_t dtype;
  int64_t n, h, w, c, kh, kw, o, oh, ow;
  int64_t stride_h, stride_w, pad_top, pad_left, dilation_h, dilation_w;
} ol_convolution;
size_t ol_convolution_scratch_bytes(const ol_convolution *s, int threads);
/// (x, filter) -> y
void ol_convolution_forward(const ol_convolution *s, const void *x, const void *filter, void *y,
                            void *scratch, int threads);
/// (y-shaped g, filter) -> x-shaped: the transpose in x
void ol_convolution_input(const ol_convolution *s, const void *g, const void *filter, void *x,
                          void *scratch, int threads);
/// (x, y-shaped g) -> filter-shaped: the transpose in the filter
void ol_convolution_filter(const ol_convolution *s, const void *x, const void *g, void *filter,
                           void *scratch, int threads);

// Windows of x (n, h, w, c) -> (n, oh, ow, kh, kw, c), no padding; and the transpose, which adds
// every window back where it came from (dst zeroed first). Uses n, h, w, c, kh, kw, oh, ow, stride,
// dilation of the descriptor.
void ol_windows(const ol_convolution *s, const void *x, void *windows, int threads);
void ol_windows_transpose(const ol_convolution *s, const void *windows, void *x, int threads);

// ---------------------------------------------------------------- max pooling (pool.c)

// Windows as above (no padding). argmax: for every output (n, oh, ow, c), which tap u kw + v of its
// window is the first largest (NaN counts as largest). select: the tap that index names, x -> y;
// spread: its transpose, which adds g back to where each value came from.
void ol_pool_argmax(const ol_convolution *s, const void *x, int32_t *index, int threads);
void ol_pool_select(const ol_convolution *s, const void *x, const int32_t *index, void *y,
                    int threads);
void ol_pool_spread(const ol_convolution *s, const void *g, const int32_t *index, void *x,
                    int threads);

// ---------------------------------------------------------------- sums of Gaussians (gaussian_sums.c)

/// out[i] += sum_k scale[k] exp(-((x[i] - center[k]) inverse[k])^2 / 2).
void ol_gaussian_sum(int64_t points, const double *x, int64_t kernels, const double *center,
                     const double *inverse, const double *scale, double *out);
/// The same for kernels of one sigma, gathered in bins: bin b has its middle at low + (b + 1/2) width
/// and holds moments[p * bins + b] = sum_k scale_k ((center_k - middle) / sigma)^p / p!, p = 0..7.
/// Bins further than `reach` bins from the one of x[i] are left out. bins >= 8.
void ol_hermite_sum(int64_t points, const double *x, double low, double width, double sigma,
                    int64_t reach, int64_t bins, const double *moments, double *out);

// ------------------------------------------------- mixtures of product kernels (kernel_products.c)

#define OL_KERNEL_TILE 8
#define OL_KERNEL_GROUP 4

/// Kernels over `matched` + `smooth` + `cells` columns, in this order, in tiles: columns is (tiles,
/// all columns, 2, OL_KERNEL_TILE), each kernel's center and 1/sigma. Kernel k has the weight
/// min(1, first + slope ordinal[k]) and the factor exp(offset[k]); -infinity there fills up a tile.
typedef struct ol_kernel_products {
  int64_t tiles, matched, smooth, cells;
  const double *columns, *offset, *ordinal;
  double first, slope;
} ol_kernel_products;

/// out[i] = log sum_k weight_k exp(offset_k) prod_j K_jk(x_ij), where log K is matches[j][0] if x is
/// the center and matches[j][1] if not in matched columns, -((x - center)/sigma)^2 / 2 in smooth
/// ones, and in cells the log of that normal's mass on x - half_ij ... x + half_ij. To 1e-10; where
/// every exponent is -infinity, so is out. Points come in groups: x and half are (groups, columns,
/// OL_KERNEL_GROUP); scratch has room for OL_KERNEL_TILE numbers for every point.
/// What is much work is done by up to `threads` threads.
void ol_log_kernel_products(const ol_kernel_products *kernels, int threads, int64_t groups,
                            const double *x, const double *half, const double *matches,
                            double *scratch, double *out);

// ---------------------------------------------------------------- Matern covariances (matern.c)

/// k (rows, columns): in, the dot products x_i'y_j of points; out, their Matern-5/2 covariances at
/// r^2 = row[i] + column[j] - 2 x_i'y_j (0 where that is negative). row, column: the squared norms.
/// slope: dk/d(r^2) of the same shape, or NULL.
void ol_matern52(int64_t rows, int64_t columns, const double *row, const double *column, double *k,
                 double *slope);

#ifdef __cplusplus
}
#endif
#endif
