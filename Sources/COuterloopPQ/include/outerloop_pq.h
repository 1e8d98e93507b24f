// The part of libpq, PostgreSQL's client library, that is used, through the installed library: it is
// loaded with the first PostgreSQL store, and not needed otherwise.
#ifndef OUTERLOOP_PQ_H
#define OUTERLOOP_PQ_H

#include <stddef.h>
#include <stdint.h>

typedef struct outerloop_pq_connection outerloop_pq_connection;
typedef struct outerloop_pq_result outerloop_pq_result;

// The numbers of libpq, which never change.
enum outerloop_pq_status {
  OUTERLOOP_PQ_COMMAND_OK = 1,
  OUTERLOOP_PQ_TUPLES_OK = 2,
  OUTERLOOP_PQ_FATAL_ERROR = 7,
  OUTERLOOP_PQ_PIPELINE_SYNC = 10,
  OUTERLOOP_PQ_PIPELINE_ABORTED = 11,
};

// 0, or -1: the library is not installed; or its version number, if it is too old.
int outerloop_pq_open(void);

// Parses a connection string or URL; -1 and `error_text` if it is invalid. Otherwise sets `value`,
// unless it is NULL, to the setting `keyword` (NULL: unset), to be freed by the caller.
int outerloop_pq_parse(const char *text, const char *keyword, char **value, char error_text[512]);

// Connects to `text`, with default settings that it may override (`keywords` ends with NULL). Never
// NULL unless memory is exhausted.
outerloop_pq_connection *outerloop_pq_connect(const char *text, const char *const *keywords,
                                              const char *const *values);
int outerloop_pq_is_connected(const outerloop_pq_connection *connection);
const char *outerloop_pq_message(const outerloop_pq_connection *connection);
int outerloop_pq_socket(const outerloop_pq_connection *connection);
int outerloop_pq_server(const outerloop_pq_connection *connection);
int outerloop_pq_process(const outerloop_pq_connection *connection);
void outerloop_pq_close(outerloop_pq_connection *connection);

// Statements in pipeline mode, without waiting for results. 1: done.
int outerloop_pq_enter_pipeline(outerloop_pq_connection *connection);
int outerloop_pq_prepare(outerloop_pq_connection *connection, const char *name, const char *sql);
// All values and columns are binary.
int outerloop_pq_execute(outerloop_pq_connection *connection, const char *name, int count,
                         const char *const *values, const int *lengths, const int *formats);
int outerloop_pq_sync(outerloop_pq_connection *connection);
outerloop_pq_result *outerloop_pq_next(outerloop_pq_connection *connection);

// Reads unsolicited input; 1: the connection is alive.
int outerloop_pq_consume(outerloop_pq_connection *connection);
// The channel and the payload of a received notification: 1, or 0: there is none.
int outerloop_pq_notification(outerloop_pq_connection *connection, char channel[64],
                              char payload[64]);

int outerloop_pq_result_status(const outerloop_pq_result *result);
// SQLSTATE, or NULL.
const char *outerloop_pq_result_state(const outerloop_pq_result *result);
const char *outerloop_pq_result_message(const outerloop_pq_result *result);
int outerloop_pq_rows(const outerloop_pq_result *result);
int outerloop_pq_columns(const outerloop_pq_result *result);
uint32_t outerloop_pq_type(const outerloop_pq_result *result, int column);
int outerloop_pq_is_null(const outerloop_pq_result *result, int row, int column);
const char *outerloop_pq_value(const outerloop_pq_result *result, int row, int column);
int outerloop_pq_length(const outerloop_pq_result *result, int row, int column);
void outerloop_pq_clear(outerloop_pq_result *result);

#endif
