#define _GNU_SOURCE
#include "outerloop_process.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif
#ifdef __APPLE__
#include <crt_externs.h>
char **outerloop_environment(void) { return *_NSGetEnviron(); }
#else
extern char **environ;
char **outerloop_environment(void) { return environ; }
#endif

// Copies `file` to a number from 3 on, closed by exec, and closes the original.
static int moved(int file) {
  int copy = fcntl(file, F_DUPFD_CLOEXEC, 3);
  int error = errno;
  close(file);
  errno = error;
  return copy;
}

int outerloop_pipe(int ends[2]) {
  int raw[2];
#ifdef __linux__
  if (pipe2(raw, O_CLOEXEC) != 0) return errno;
#else
  if (pipe(raw) != 0) return errno;
  fcntl(raw[0], F_SETFD, FD_CLOEXEC);
  fcntl(raw[1], F_SETFD, FD_CLOEXEC);
#endif
  for (int end = 0; end < 2; end++) {
    ends[end] = raw[end] > 2 ? raw[end] : moved(raw[end]);
    if (ends[end] < 0) {
      int error = errno;
      close(end == 0 ? raw[1] : ends[0]);
      return error;
    }
  }
  return 0;
}

struct work {
  void (*body)(void *);
  void *context;
};

static void *run(void *box) {
  struct work work = *(struct work *)box;
  free(box);
  work.body(work.context);
  return NULL;
}

int outerloop_thread(void (*body)(void *), void *context) {
  struct work *box = malloc(sizeof *box);
  if (!box) return ENOMEM;
  *box = (struct work){body, context};
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, 512 << 10);
  // Blocked before the thread exists, so that no signal slips through.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  int error = pthread_create(&thread, &attributes, run, box);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  if (error) free(box);
  return error;
}

int outerloop_unread(int file) {
  int bytes = 0;
  return ioctl(file, FIONREAD, &bytes) < 0 ? -1 : bytes;
}

int outerloop_nonblocking(int file) {
  int flags = fcntl(file, F_GETFL);
  return flags < 0 || fcntl(file, F_SETFL, flags | O_NONBLOCK) < 0 ? errno : 0;
}

// In the child: only async-signal-safe calls between fork and exec. Returns the failed step.
static int become(const outerloop_launch *launch, pid_t parent) {
#ifdef __linux__
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
#else
  (void)parent;
#endif
  setsid();
  struct sigaction normal = {.sa_handler = SIG_DFL};
  for (int number = 1; number < NSIG; number++) sigaction(number, &normal, NULL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  if (dup2(launch->input, 0) < 0 || dup2(launch->output, 1) < 0 || dup2(launch->error, 2) < 0)
    return 0;
  if (launch->directory && chdir(launch->directory) != 0) return 1;
#ifdef __linux__
  if (launch->processors &&
      syscall(SYS_sched_setaffinity, 0, launch->processor_bytes, launch->processors) != 0)
    return 2;
#endif
  execve(launch->path, launch->arguments, launch->environment);
  return 0;
}

#ifdef __linux__
// Of C libraries that have it: glibc from 2.34, musl.
extern pid_t _Fork(void) __attribute__((weak));

// A fork that runs no handlers of pthread_atfork. Libraries use them to prepare for children that
// continue with their state, and may hang: OpenBLAS ends its threads, and deadlocks when two threads
// fork at once. This child executes another program, and needs none of that.
static pid_t plain_fork(void) {
  return _Fork ? _Fork() : (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}
#else
static pid_t plain_fork(void) { return fork(); }
#endif

int outerloop_affinity(unsigned char *mask, size_t bytes) {
#ifdef __linux__
  memset(mask, 0, bytes);
  // The system writes as many bytes as it has processors for.
  return syscall(SYS_sched_getaffinity, 0, bytes, mask) < 0 ? errno : 0;
#else
  (void)mask, (void)bytes;
  return ENOSYS;
#endif
}

int outerloop_spawn(const outerloop_launch *launch, pid_t *pid, int *step) {
  int report[2];
  int error = outerloop_pipe(report);
  if (error) return error;

  // No handler of this process may run in the child.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pid_t parent = getpid();
  pid_t child = plain_fork();
  if (child == 0) {
    int words[2];
    words[1] = become(launch, parent);
    words[0] = errno;
    ssize_t ignored = write(report[1], words, sizeof words);
    (void)ignored;
    _exit(127);
  }
  error = child < 0 ? errno : 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  close(report[1]);
  if (child > 0) {
    int words[2];
    ssize_t count;
    do count = read(report[0], words, sizeof words);
    while (count < 0 && errno == EINTR);
    if (count == (ssize_t)sizeof words) {
      error = words[0];
      *step = words[1];
      outerloop_reap(child);
    }
  }
  close(report[0]);
  *pid = child;
  return error;
}

int outerloop_has_ended(pid_t pid) {
  siginfo_t info = {0};
  int result;
  do result = waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT);
  while (result < 0 && errno == EINTR);
  return result < 0 || info.si_pid != 0;
}

int outerloop_reap(pid_t pid) {
  int status = 0;
  pid_t result;
  do result = waitpid(pid, &status, 0);
  while (result < 0 && errno == EINTR);
  if (result < 0) return 0;
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}
