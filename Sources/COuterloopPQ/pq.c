#include "outerloop_pq.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The part of libpq's interface (version 5, since PostgreSQL 14) that is used; its headers are not
// needed to build.
typedef outerloop_pq_connection connection;
typedef outerloop_pq_result result;

// The results of PQconninfoParse.
typedef struct {
  char *keyword, *envvar, *compiled, *val, *label, *dispchar;
  int dispsize;
} setting;

// The results of PQnotifies.
typedef struct notification {
  char *relname;
  int be_pid;
  char *extra;
  struct notification *next;
} notification;

enum { OLDEST = 140000, CONNECTION_OK = 0 };

static struct {
  int (*version)(void);
  setting *(*parse)(const char *, char **);
  void (*free_settings)(setting *);
  connection *(*connect)(const char *const *, const char *const *, int);
  int (*status)(const connection *);
  char *(*message)(const connection *);
  int (*socket)(const connection *);
  int (*server)(const connection *);
  int (*process)(const connection *);
  void (*finish)(connection *);
  void *(*set_notices)(connection *, void (*)(void *, const char *), void *);
  int (*enter_pipeline)(connection *);
  int (*prepare)(connection *, const char *, const char *, int, const uint32_t *);
  int (*execute)(connection *, const char *, int, const char *const *, const int *, const int *, int);
  int (*sync)(connection *);
  result *(*next)(connection *);
  int (*consume)(connection *);
  notification *(*notifies)(connection *);
  void (*free_memory)(void *);
  int (*result_status)(const result *);
  char *(*result_field)(const result *, int);
  char *(*result_message)(const result *);
  int (*rows)(const result *);
  int (*columns)(const result *);
  uint32_t (*type)(const result *, int);
  int (*is_null)(const result *, int, int);
  char *(*value)(const result *, int, int);
  int (*length)(const result *, int, int);
  void (*clear)(result *);
} lib;
static int state = -1;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void open_library(void) {
  static const char *const names[] = {
      "libpq.so.5", "libpq.5.dylib", "/opt/homebrew/opt/libpq/lib/libpq.5.dylib",
      "/usr/local/opt/libpq/lib/libpq.5.dylib"};
  void *handle = NULL;
  for (size_t i = 0; i < sizeof names / sizeof *names && !handle; i++)
    handle = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
  if (!handle) return;
  const struct {
    const char *name;
    void *place;
  } symbols[] = {
      {"PQlibVersion", &lib.version},
      {"PQconninfoParse", &lib.parse},
      {"PQconninfoFree", &lib.free_settings},
      {"PQconnectdbParams", &lib.connect},
      {"PQstatus", &lib.status},
      {"PQerrorMessage", &lib.message},
      {"PQsocket", &lib.socket},
      {"PQserverVersion", &lib.server},
      {"PQbackendPID", &lib.process},
      {"PQfinish", &lib.finish},
      {"PQsetNoticeProcessor", &lib.set_notices},
      {"PQenterPipelineMode", &lib.enter_pipeline},
      {"PQsendPrepare", &lib.prepare},
      {"PQsendQueryPrepared", &lib.execute},
      {"PQpipelineSync", &lib.sync},
      {"PQgetResult", &lib.next},
      {"PQconsumeInput", &lib.consume},
      {"PQnotifies", &lib.notifies},
      {"PQfreemem", &lib.free_memory},
      {"PQresultStatus", &lib.result_status},
      {"PQresultErrorField", &lib.result_field},
      {"PQresultErrorMessage", &lib.result_message},
      {"PQntuples", &lib.rows},
      {"PQnfields", &lib.columns},
      {"PQftype", &lib.type},
      {"PQgetisnull", &lib.is_null},
      {"PQgetvalue", &lib.value},
      {"PQgetlength", &lib.length},
      {"PQclear", &lib.clear},
  };
  for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
    void *found = dlsym(handle, symbols[i].name);
    if (found) {
      memcpy(symbols[i].place, &found, sizeof found);
    } else {
      state = lib.version ? lib.version() : 1;
      return;
    }
  }
  state = lib.version() >= OLDEST ? 0 : lib.version();
}

int outerloop_pq_open(void) {
  pthread_once(&once, open_library);
  return state;
}

int outerloop_pq_parse(const char *text, const char *keyword, char **value, char error_text[512]) {
  char *message = NULL;
  if (value) *value = NULL;
  setting *all = lib.parse(text, &message);
  if (!all) {
    snprintf(error_text, 512, "%s", message ? message : "no memory");
    lib.free_memory(message);
    return -1;
  }
  for (const setting *one = all; one->keyword; one++)
    if (value && one->val && strcmp(one->keyword, keyword) == 0) *value = strdup(one->val);
  lib.free_settings(all);
  return 0;
}

// Notices would go to standard error, which is not ours to write.
static void pass_over(void *context, const char *message) { (void)context, (void)message; }

connection *outerloop_pq_connect(const char *text, const char *const *keywords,
                                 const char *const *values) {
  enum { MOST = 30 };
  const char *names[MOST + 2] = {0};
  const char *contents[MOST + 2] = {0};
  int count = 0;
  for (; keywords[count] && count < MOST; count++) {
    names[count] = keywords[count];
    contents[count] = values[count];
  }
  // The last of duplicate settings counts: those in the text take precedence.
  names[count] = "dbname";
  contents[count] = text;
  connection *made = lib.connect(names, contents, 1);
  if (made) lib.set_notices(made, pass_over, NULL);
  return made;
}

int outerloop_pq_is_connected(const connection *c) { return lib.status(c) == CONNECTION_OK; }
const char *outerloop_pq_message(const connection *c) { return lib.message(c); }
int outerloop_pq_socket(const connection *c) { return lib.socket(c); }
int outerloop_pq_server(const connection *c) { return lib.server(c); }
int outerloop_pq_process(const connection *c) { return lib.process(c); }
void outerloop_pq_close(connection *c) { lib.finish(c); }
int outerloop_pq_enter_pipeline(connection *c) { return lib.enter_pipeline(c); }

int outerloop_pq_prepare(connection *c, const char *name, const char *sql) {
  return lib.prepare(c, name, sql, 0, NULL);
}

int outerloop_pq_execute(connection *c, const char *name, int count, const char *const *values,
                         const int *lengths, const int *formats) {
  return lib.execute(c, name, count, values, lengths, formats, 1);
}

int outerloop_pq_sync(connection *c) { return lib.sync(c); }
result *outerloop_pq_next(connection *c) { return lib.next(c); }
int outerloop_pq_consume(connection *c) { return lib.consume(c); }

int outerloop_pq_notification(connection *c, char channel[64], char payload[64]) {
  notification *found = lib.notifies(c);
  if (!found) return 0;
  snprintf(channel, 64, "%s", found->relname);
  snprintf(payload, 64, "%s", found->extra);
  lib.free_memory(found);
  return 1;
}

int outerloop_pq_result_status(const result *r) { return lib.result_status(r); }
const char *outerloop_pq_result_state(const result *r) { return lib.result_field(r, 'C'); }

const char *outerloop_pq_result_message(const result *r) {
  const char *primary = lib.result_field(r, 'M');
  return primary ? primary : lib.result_message(r);
}

int outerloop_pq_rows(const result *r) { return lib.rows(r); }
int outerloop_pq_columns(const result *r) { return lib.columns(r); }
uint32_t outerloop_pq_type(const result *r, int column) { return lib.type(r, column); }
int outerloop_pq_is_null(const result *r, int row, int column) { return lib.is_null(r, row, column); }
const char *outerloop_pq_value(const result *r, int row, int column) {
  return lib.value(r, row, column);
}
int outerloop_pq_length(const result *r, int row, int column) { return lib.length(r, row, column); }
void outerloop_pq_clear(result *r) { lib.clear(r); }
