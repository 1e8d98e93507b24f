// GET requests through the installed libcurl, which is opened at the first one: it brings two dozen
// libraries along, and most runs of a program that could fetch something never do.
#ifndef OUTERLOOP_CURL_H
#define OUTERLOOP_CURL_H

#include <stddef.h>
#include <stdint.h>

// Who is told, on the calling thread.
typedef struct {
  void *context;
  // The head of the last answer, redirections followed: length of the body or -1, and the value of
  // Content-Range or "".
  void (*answer)(void *context, long status, int64_t length, const char *range);
  void (*bytes)(void *context, const void *bytes, size_t count);
  // Asked about once a second; other than 0 ends the request.
  int (*is_over)(void *context);
} outerloop_curl_receiver;

// Requests a URL by HTTP or HTTPS and returns when that is over. `headers` ("Name: value") ends with
// NULL. 0, or else `error_text` says what went wrong.
int outerloop_curl_get(const char *url, const char *const *headers,
                       const outerloop_curl_receiver *receiver, char error_text[256]);

#endif
