// What the processor can do as far as the operating system lets programs use it: the compiler's
// runtime asks cpuid, and xgetbv for the registers that the system saves.
#include "outerloop_kernels.h"

#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>

void ol_processor_read(ol_processor *processor) {
  unsigned highest, words[3];
  memset(processor, 0, sizeof *processor);
  if (__get_cpuid(0, &highest, &words[0], &words[2], &words[1]))
    memcpy(processor->vendor, words, sizeof words);
  __builtin_cpu_init();
  processor->avx = __builtin_cpu_supports("avx") != 0;
  processor->avx2 = __builtin_cpu_supports("avx2") != 0;
  processor->fma = __builtin_cpu_supports("fma") != 0;
  processor->avx512f = __builtin_cpu_supports("avx512f") != 0;
  processor->avx512cd = __builtin_cpu_supports("avx512cd") != 0;
  processor->avx512dq = __builtin_cpu_supports("avx512dq") != 0;
  processor->avx512bw = __builtin_cpu_supports("avx512bw") != 0;
  processor->avx512vl = __builtin_cpu_supports("avx512vl") != 0;
  processor->avx512bf16 = __builtin_cpu_supports("avx512bf16") != 0;
}
#else
void ol_processor_read(ol_processor *processor) { memset(processor, 0, sizeof *processor); }
#endif
