// GET requests through the installed libcurl, which is loaded at the first one: it has two dozen
// dependencies, and most runs of a program that could fetch something never do.
#ifndef OUTERLOOP_CURL_H
#define OUTERLOOP_CURL_H

#include <stddef.h>
#include <stdint.h>

// The receiver, called on the calling thread.
typedef struct {
  void *context;
  // The head of the last response, after redirections: length of the body or -1, and the value of
  // Content-Range or "".
  void (*answer)(void *context, long status, int64_t length, const char *range);
  void (*bytes)(void *context, const void *bytes, size_t count);
  // Called about once a second; a nonzero result ends the request.
  int (*is_over)(void *context);
} outerloop_curl_receiver;

// Requests a URL by HTTP or HTTPS and returns when the request is complete. `headers` ("Name:
// value") ends with NULL. Returns 0, or an error described in `error_text`.
int outerloop_curl_get(const char *url, const char *const *headers,
                       const outerloop_curl_receiver *receiver, char error_text[256]);

#endif
