// Which instruction set the kernels use: found once, lowered by OUTERLOOP_ISA or by ol_isa_select.
#include "dispatch.h"

#include <stdlib.h>
#include <string.h>

int ol_isa_cached = -1;

static const char *const names[] = {"baseline", "avx2", "avx512"};

// The best set the CPU and the operating system support.
static ol_isa best(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
             __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
  int avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  return avx512 ? OL_ISA_AVX512 : avx2 ? OL_ISA_AVX2 : OL_ISA_BASELINE;
#else
  return OL_ISA_BASELINE;
#endif
}

static int find(const char *name) {
  for (int isa = OL_ISA_BASELINE; isa <= OL_ISA_AVX512; isa++)
    if (strcmp(name, names[isa]) == 0) return isa;
  return -1;
}

// Racing first calls get the same result, so a relaxed store is enough.
ol_isa ol_isa_detect(void) {
  ol_isa isa = best();
  const char *wish = getenv("OUTERLOOP_ISA");
  int wanted = wish ? find(wish) : -1;
  if (wanted >= 0 && wanted < (int)isa) isa = (ol_isa)wanted;
  __atomic_store_n(&ol_isa_cached, (int)isa, __ATOMIC_RELAXED);
  return isa;
}

const char *ol_isa_name(void) { return names[ol_isa_current()]; }

int ol_isa_select(const char *name) {
  int wanted = find(name);
  if (wanted < 0 || wanted > (int)best()) return -1;
  __atomic_store_n(&ol_isa_cached, wanted, __ATOMIC_RELAXED);
  return 0;
}
