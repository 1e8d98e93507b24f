// How many cores this process may use.
#define _GNU_SOURCE
#include <unistd.h>

#ifdef __linux__
#include <sched.h>
#endif

#include "outerloop_kernels.h"

int ol_core_count(void) {
#ifdef __linux__
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    int count = CPU_COUNT(&set);
    if (count > 0) return count;
  }
#endif
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? (int)online : 1;
}
