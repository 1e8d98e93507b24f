#ifndef COUTERLOOP_PAGES_H
#define COUTERLOOP_PAGES_H

#include <stddef.h>

// What the pages of the dashboard are made of, from the folder `pages`.

struct outerloop_page {
  const char *name;
  const unsigned char *bytes;
  size_t count;
};

extern const size_t outerloop_page_count;

// The page at a place; NULL beyond the last.
const struct outerloop_page *outerloop_page(size_t place);

#endif
