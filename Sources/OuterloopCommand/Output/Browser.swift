internal import OuterloopPlatform

/// The browser of whoever sits at this machine.
enum Browser {
  /// Opens an address. That there is no program for it is no error: the address is printed.
  static func open(_ address: String) {
    #if os(macOS)
      let opener = "open"
    #else
      let opener = "xdg-open"
    #endif
    var words: [UnsafeMutablePointer<CChar>?] = [strdup(opener), strdup(address), nil]
    defer { for word in words { free(word) } }
    var process = pid_t()
    // What it says would stand between the lines of this command.
    #if os(macOS)
      var files: posix_spawn_file_actions_t?
    #else
      var files = posix_spawn_file_actions_t()
    #endif
    posix_spawn_file_actions_init(&files)
    defer { posix_spawn_file_actions_destroy(&files) }
    for stream in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] {
      posix_spawn_file_actions_addopen(&files, stream, "/dev/null", O_RDWR, 0)
    }
    _ = posix_spawnp(&process, opener, &files, nil, &words, environ)
  }
}
