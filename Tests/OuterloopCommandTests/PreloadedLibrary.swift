import Foundation
import Testing

/// Libraries in C that are loaded into the command before all others, to change what it stands on.
enum PreloadedLibrary {
  static let hasCompiler: Bool = {
    #if os(Linux)
      return ["/usr/bin/cc", "/usr/local/bin/cc"].contains {
        FileManager.default.isExecutableFile(atPath: $0)
      }
    #else
      return false
    #endif
  }()

  /// Builds `source` in the folder of `tool`; the environment that loads it.
  static func build(_ name: String, _ source: String, in tool: Tool) throws -> [String: String] {
    try tool.write(source, name + ".c")
    let ending = try tool.run([], shell: "cc -shared -fPIC -O1 -o \(name).so \(name).c -ldl >&2")
    try #require(ending.status == 0, "\(ending.err)")
    return ["LD_PRELOAD": tool.file(name + ".so")]
  }

  /// Moves the environment away from the arguments, as libraries do that change a process's title.
  static let movesEnvironment = """
    #include <stdlib.h>
    #include <string.h>
    extern char **environ;
    __attribute__((constructor)) static void moves(void) {
      int count = 0;
      while (environ[count]) count++;
      char **copy = calloc(count + 1, sizeof(char *));
      for (int i = 0; i < count; i++) copy[i] = strdup(environ[i]);
      environ = copy;
    }
    """

  /// The clock on the wall shows so many seconds more as the file named by CLOCK_OFFSET says.
  static let setsClock = """
    #define _GNU_SOURCE
    #include <dlfcn.h>
    #include <stdio.h>
    #include <stdlib.h>
    #include <time.h>
    int clock_gettime(clockid_t clock, struct timespec *time) {
      static int (*real)(clockid_t, struct timespec *);
      if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
      int result = real(clock, time);
      const char *path = getenv("CLOCK_OFFSET");
      FILE *file = clock == CLOCK_REALTIME && path ? fopen(path, "re") : NULL;
      long offset = 0;
      if (file) {
        if (fscanf(file, "%ld", &offset) == 1) time->tv_sec += offset;
        fclose(file);
      }
      return result;
    }
    """
}
