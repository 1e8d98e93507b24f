// A pool of helper threads for short parallel regions.
//
// One word, the ticket, holds the region: how many threads may join and how many indices are still
// free. Taking an index is one compare-and-swap on it; once taken, the region cannot end
// before the taker is done, so reading the task afterwards is safe. A helper that wakes late finds
// no index left and goes back to waiting. Regions are tens of microseconds apart in training, so
// helpers spin for about as long before they sleep.
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sched.h>

#include "outerloop_kernels.h"

enum { MOST_HELPERS = 63, SPINS_BEFORE_SLEEP = 2000, SPINS_BEFORE_YIELD = 2000 };

static struct pool {
  _Atomic uint64_t ticket;  // threads allowed << 32 | indices left
  _Atomic int pending;      // indices not yet done
  ol_task task;             // of the region; written only between regions
  void *context;
  int count;
  _Atomic int busy;         // a region is open, or being opened
  _Atomic int sleepers;
  int helpers;              // threads started so far; touched by the owner of busy
  pthread_mutex_t mutex;
  pthread_cond_t wake;
} pool __attribute__((aligned(64))) = {.mutex = PTHREAD_MUTEX_INITIALIZER,
                                       .wake = PTHREAD_COND_INITIALIZER};

static void pause_briefly(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static int has_work(uint64_t ticket, uint64_t rank) {
  return (ticket & UINT32_MAX) > 0 && rank < ticket >> 32;
}

// Takes indices until none is left. Rank 0 is the caller; a helper joins if its rank is allowed.
static void take_indices(uint64_t rank) {
  uint64_t ticket = atomic_load(&pool.ticket);
  while (has_work(ticket, rank)) {
    if (!atomic_compare_exchange_weak(&pool.ticket, &ticket, ticket - 1)) continue;
    int left = (int)(ticket & UINT32_MAX);
    pool.task(pool.context, pool.count - left);
    atomic_fetch_sub_explicit(&pool.pending, 1, memory_order_release);
    ticket = atomic_load(&pool.ticket);
  }
}

// No wake-up is lost: a sleeper counts itself before it looks at the
// ticket, and the caller sets the ticket before it looks at the count.
static void sleep_until_work(uint64_t rank) {
  pthread_mutex_lock(&pool.mutex);
  atomic_fetch_add(&pool.sleepers, 1);
  while (!has_work(atomic_load(&pool.ticket), rank)) pthread_cond_wait(&pool.wake, &pool.mutex);
  atomic_fetch_sub(&pool.sleepers, 1);
  pthread_mutex_unlock(&pool.mutex);
}

static void *help(void *argument) {
  uint64_t rank = (uint64_t)(uintptr_t)argument;
  for (;;) {
    int spins = 0;
    while (!has_work(atomic_load_explicit(&pool.ticket, memory_order_relaxed), rank) &&
           spins < SPINS_BEFORE_SLEEP) {
      pause_briefly();
      spins++;
    }
    if (spins == SPINS_BEFORE_SLEEP) sleep_until_work(rank);
    take_indices(rank);
  }
  return 0;
}

// Helpers take no signals: handlers belong to the program's own threads.
static void start_helpers(int wanted) {
  if (wanted > MOST_HELPERS) wanted = MOST_HELPERS;
  if (pool.helpers >= wanted) return;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  while (pool.helpers < wanted) {
    pthread_t thread;
    void *rank = (void *)(uintptr_t)(pool.helpers + 1);
    if (pthread_create(&thread, 0, help, rank) != 0) break;  // fewer will do
    pthread_detach(thread);
    pool.helpers++;
  }
  pthread_sigmask(SIG_SETMASK, &before, 0);
}

void ol_parallel(int threads, int count, ol_task task, void *context) {
  if (threads > count) threads = count;
  if (threads <= 1 || atomic_exchange_explicit(&pool.busy, 1, memory_order_acquire)) {
    for (int i = 0; i < count; i++) task(context, i);
    return;
  }
  start_helpers(threads - 1);
  pool.task = task;
  pool.context = context;
  pool.count = count;
  atomic_store_explicit(&pool.pending, count, memory_order_relaxed);
  atomic_store(&pool.ticket, (uint64_t)threads << 32 | (uint64_t)count);
  if (atomic_load(&pool.sleepers) > 0) {
    pthread_mutex_lock(&pool.mutex);
    pthread_cond_broadcast(&pool.wake);
    pthread_mutex_unlock(&pool.mutex);
  }
  take_indices(0);
  for (int spins = 0; atomic_load_explicit(&pool.pending, memory_order_acquire) > 0; spins++) {
    if (spins < SPINS_BEFORE_YIELD) pause_briefly();
    else sched_yield();
  }
  atomic_store_explicit(&pool.busy, 0, memory_order_release);
}
