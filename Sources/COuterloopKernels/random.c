// Random numbers as a pure function of a key and an index: Philox4x32-10 of Salmon, Moraes, Dror
// and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011). Block b of a stream is the
// cipher of counter (b low, b high, key[2], key[3]) under key (key[0], key[1]); its four words are
// elements 4b to 4b + 3.
#include "dispatch.h"
#include "parallel.h"

#include <math.h>
#include <string.h>

// Blocks ciphered side by side: the lanes of one vector of 64-bit integers, times two.
#define GROUP_BLOCKS 16
#define GROUP_WORDS (4 * GROUP_BLOCKS)

#define OL_BODY "random_body.h"
#include "each_isa.h"

typedef void (*stream_function)(const uint32_t key[4], uint64_t first, uint64_t groups,
                                ol_random_kind kind, ol_dtype dtype, void *dst);

typedef struct random_job {
  stream_function stream;
  ol_random_kind kind;
  ol_dtype dtype;
  const uint32_t *key;
  int64_t count, per_group, element;
  char *dst;
} random_job;

// begin, end count groups. The last group may be cut short.
static void random_piece(void *context, int64_t begin, int64_t end) {
  const random_job *job = context;
  const int64_t whole = ol_min64(end, job->count / job->per_group);
  const int64_t bytes = job->per_group * job->element;
  if (whole > begin)
    job->stream(job->key, (uint64_t)begin, (uint64_t)(whole - begin), job->kind, job->dtype,
                job->dst + begin * bytes);
  if (end > whole) {
    double last[GROUP_WORDS / 2];
    job->stream(job->key, (uint64_t)whole, 1, job->kind, job->dtype, last);
    memcpy(job->dst + whole * bytes, last,
           (size_t)((job->count - whole * job->per_group) * job->element));
  }
}

void ol_random(ol_random_kind kind, ol_dtype dtype, const uint32_t key[4], int64_t count, void *dst,
               int threads) {
  const int is_double = dtype == OL_F64 && kind != OL_RANDOM_BITS;
  random_job job = {OL_PICK(stream), kind, dtype, key, count, GROUP_WORDS / (is_double ? 2 : 1),
                    is_double ? 8 : 4, dst};
  // A normal number costs about as much as moving 32 bytes, a uniform one as 8.
  const int64_t cost = count * (kind == OL_RANDOM_NORMAL ? 32 : 8);
  ol_for_range(threads, cost, ol_ceil_div(count, job.per_group), 1, random_piece, &job);
}
