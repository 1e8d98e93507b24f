#include "outerloop_curl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

// The part of libcurl's interface (version 4, since 7.32) that is used. The numbers are part of it
// and never change; its headers are not needed to build.
typedef void curl;
typedef struct curl_slist list;

enum option {
  WRITE_DATA = 10001,
  URL = 10002,
  ERROR_BUFFER = 10010,
  HTTP_HEADER = 10023,
  HEADER_DATA = 10029,
  PROGRESS_DATA = 10057,
  WRITE_FUNCTION = 20011,
  HEADER_FUNCTION = 20079,
  PROGRESS_FUNCTION = 20219,
  NO_PROGRESS = 43,
  FOLLOW_LOCATION = 52,
  MOST_REDIRECTIONS = 68,
  NO_SIGNAL = 99,
  PROTOCOLS = 181,
  REDIRECTION_PROTOCOLS = 182,
};
enum information { RESPONSE_CODE = 0x200002, CONTENT_LENGTH = 0x60000f };
enum { GLOBAL_ALL = 3, HTTP_AND_HTTPS = 3 };

static struct {
  int (*global_init)(long);
  curl *(*easy_init)(void);
  int (*setopt)(curl *, int, ...);
  int (*getinfo)(curl *, int, ...);
  int (*perform)(curl *);
  void (*cleanup)(curl *);
  const char *(*strerror)(int);
  list *(*append)(list *, const char *);
  void (*free_all)(list *);
} lib;
static int is_open;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void open_library(void) {
  static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4", "libcurl.4.dylib"};
  void *handle = NULL;
  for (size_t i = 0; i < sizeof names / sizeof *names && !handle; i++)
    handle = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
  if (!handle) return;
  const struct {
    const char *name;
    void *place;
  } symbols[] = {
      {"curl_global_init", &lib.global_init}, {"curl_easy_init", &lib.easy_init},
      {"curl_easy_setopt", &lib.setopt},      {"curl_easy_getinfo", &lib.getinfo},
      {"curl_easy_perform", &lib.perform},    {"curl_easy_cleanup", &lib.cleanup},
      {"curl_easy_strerror", &lib.strerror},  {"curl_slist_append", &lib.append},
      {"curl_slist_free_all", &lib.free_all},
  };
  for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
    void *found = dlsym(handle, symbols[i].name);
    if (!found) return;
    memcpy(symbols[i].place, &found, sizeof found);
  }
  is_open = lib.global_init(GLOBAL_ALL) == 0;
}

struct request {
  curl *handle;
  const outerloop_curl_receiver *receiver;
  char range[128];
  int is_answered;
};

// The head is reported with the first byte of the body, or at the end: redirections have no body.
static void answer(struct request *request) {
  if (request->is_answered) return;
  request->is_answered = 1;
  long status = 0;
  int64_t length = -1;
  lib.getinfo(request->handle, RESPONSE_CODE, &status);
  if (lib.getinfo(request->handle, CONTENT_LENGTH, &length) != 0) length = -1;
  request->receiver->answer(request->receiver->context, status, length, request->range);
}

static size_t take_header(const char *line, size_t size, size_t count, void *context) {
  static const char name[] = "Content-Range:";
  struct request *request = context;
  const size_t length = size * count;
  if (length >= 5 && memcmp(line, "HTTP/", 5) == 0) request->range[0] = 0;  // another head begins
  if (length > sizeof name && strncasecmp(line, name, sizeof name - 1) == 0) {
    const size_t start = sizeof name - 1;
    snprintf(request->range, sizeof request->range, "%.*s", (int)(length - start), line + start);
    request->range[strcspn(request->range, "\r\n")] = 0;
  }
  return length;
}

static size_t take_bytes(const char *bytes, size_t size, size_t count, void *context) {
  struct request *request = context;
  answer(request);
  request->receiver->bytes(request->receiver->context, bytes, size * count);
  return request->receiver->is_over(request->receiver->context) ? 0 : size * count;
}

static int take_progress(void *context, int64_t a, int64_t b, int64_t c, int64_t d) {
  (void)a, (void)b, (void)c, (void)d;
  const struct request *request = context;
  return request->receiver->is_over(request->receiver->context);
}

int outerloop_curl_get(const char *url, const char *const *headers,
                       const outerloop_curl_receiver *receiver, char error_text[256]) {
  error_text[0] = 0;
  pthread_once(&once, open_library);
  struct request request = {.receiver = receiver};
  if (!is_open || !(request.handle = lib.easy_init())) {
    snprintf(error_text, 256, "libcurl.so.4 is not installed");
    return -1;
  }
  list *lines = NULL;
  for (; *headers; headers++) lines = lib.append(lines, *headers);
  curl *handle = request.handle;
  lib.setopt(handle, URL, url);
  lib.setopt(handle, HTTP_HEADER, lines);
  lib.setopt(handle, ERROR_BUFFER, error_text);
  lib.setopt(handle, NO_SIGNAL, 1L);
  lib.setopt(handle, FOLLOW_LOCATION, 1L);
  lib.setopt(handle, MOST_REDIRECTIONS, 16L);
  lib.setopt(handle, PROTOCOLS, (long)HTTP_AND_HTTPS);
  lib.setopt(handle, REDIRECTION_PROTOCOLS, (long)HTTP_AND_HTTPS);
  lib.setopt(handle, HEADER_FUNCTION, take_header);
  lib.setopt(handle, HEADER_DATA, &request);
  lib.setopt(handle, WRITE_FUNCTION, take_bytes);
  lib.setopt(handle, WRITE_DATA, &request);
  lib.setopt(handle, PROGRESS_FUNCTION, take_progress);
  lib.setopt(handle, PROGRESS_DATA, &request);
  lib.setopt(handle, NO_PROGRESS, 0L);
  const int code = lib.perform(handle);
  if (code == 0) answer(&request);
  if (code != 0 && !error_text[0]) snprintf(error_text, 256, "%s", lib.strerror(code));
  lib.cleanup(handle);
  lib.free_all(lines);
  return code;
}
