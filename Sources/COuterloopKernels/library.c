// Where code in this process came from.
#define _GNU_SOURCE
#include <dlfcn.h>

#include "outerloop_kernels.h"

const char *ol_library_of(const void *address) {
  Dl_info found;
  return dladdr(address, &found) ? found.dli_fname : 0;
}
