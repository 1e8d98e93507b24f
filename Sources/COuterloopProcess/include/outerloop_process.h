// Starting and ending programs: what Swift cannot call (variadic, GNU) or must not do (fork).
#ifndef OUTERLOOP_PROCESS_H
#define OUTERLOOP_PROCESS_H

#include <stddef.h>
#include <sys/types.h>

typedef struct {
  const char *path;        // of the executable, relative to `directory` if not absolute
  char *const *arguments;  // ends with NULL
  char *const *environment;
  const char *directory;   // NULL: that of this process
  int input, output, error;
  const unsigned char *processors;  // a bit for each that it may run on; NULL: those of this process
  size_t processor_bytes;
} outerloop_launch;

// Starts a program as the leader of a new session and process group, without terminal, with default
// signals, and on Linux ended by SIGKILL when the calling thread ends. Returns 0, or the errno of the
// failed step, which *step identifies: 0 the program, 1 entering the directory, 2 pinning it to its
// processors.
int outerloop_spawn(const outerloop_launch *launch, pid_t *pid, int *step);

// Fills in a bit for each processor on which this thread may run. 0 or errno; ENOSYS everywhere but on
// Linux.
int outerloop_affinity(unsigned char *mask, size_t bytes);

// The environment of this process, ends with NULL.
char **outerloop_environment(void);

// A pipe whose ends no other program inherits and which are not 0, 1 or 2. 0 or errno.
int outerloop_pipe(int ends[2]);

// Runs `body(context)` on a new thread with all signals blocked. 0 or errno.
int outerloop_thread(void (*body)(void *), void *context);

// Lets write() to `file` return at once. 0 or errno.
int outerloop_nonblocking(int file);

// The number of bytes in the pipe whose read end is `file`; -1 if unknown.
int outerloop_unread(int file);

// Whether a child has exited; it stays a zombie, so that its process and group IDs stay taken.
int outerloop_has_ended(pid_t pid);

// Waits for a child's exit and reaps it. Returns the exit status, or -N for signal N.
int outerloop_reap(pid_t pid);

// Sends a signal to every process whose environment holds `mark`, if `at_end` as the end of a
// variable, except in the group `besides`. Returns how many got it; 0 where environments cannot be
// read, which is everywhere except on Linux.
int outerloop_signal_marked(const char *mark, int at_end, pid_t besides, int number);

#endif
