internal import OuterloopPlatform

/// The user's browser.
enum Browser {
  /// Opens an address. Having no browser is not an error: the address is printed.
  static func open(_ address: String) {
    #if os(macOS)
      let opener = "open"
    #else
      let opener = "xdg-open"
    #endif
    var words: [UnsafeMutablePointer<CChar>?] = [strdup(opener), strdup(address), nil]
    defer { for word in words { free(word) } }
    var process = pid_t()
    // Its output would mix with that of this command.
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
