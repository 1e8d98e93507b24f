internal import OuterloopPlatform
internal import OuterloopText

/// A program of an engine, such as `sbatch`.
struct EngineTool {
  let name: String
  /// The remedy if it is not installed.
  let remedy: String

  /// Runs it, and returns what it printed. Its standard error goes to ours.
  ///
  /// - Parameter input: its standard input; passed in an unlinked file, so that it appears in no
  ///   process list.
  /// - Throws: `CommandError` if it is not installed, or if it fails.
  func run(_ words: [String], input: String = "") throws -> String {
    let (read, write) = try pipe()
    let process: pid_t
    do {
      defer { close(write) }
      process = try start(words, input: input, output: write)
    } catch {
      close(read)
      throw error
    }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 12)
    while true {
      let count = CLibrary.readFile(read, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      bytes += buffer[..<count]
    }
    close(read)
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    guard status == 0 else {
      throw CommandError(
        "\(name) failed: "
          + (status & 0x7F == 0 ? "exit status \(status >> 8 & 0xFF)" : "signal \(status & 0x7F)"),
        hint: "its messages are above; --dry-run shows what it was given")
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Replaces this process by that program (exec).
  ///
  /// - Throws: `CommandError` if it is not installed.
  func become(_ words: [String], input: String) throws -> Never {
    let file = try Self.file(with: input)
    dup2(file, STDIN_FILENO)
    let all = ([name] + words).map { strdup($0) } + [nil]
    execvp(name, all)
    throw missing(errno)
  }

  private func missing(_ number: Int32) -> CommandError {
    guard number != ENOENT else {
      return CommandError("there is no program \(name) in PATH", hint: remedy)
    }
    return CommandError("\(name): \(String(cString: strerror(number)))", hint: remedy)
  }

  private func pipe() throws -> (Int32, Int32) {
    var ends: [Int32] = [-1, -1]
    guard OuterloopPlatform.pipe(&ends) == 0 else { throw missing(errno) }
    _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
    return (ends[0], ends[1])
  }

  private func start(_ words: [String], input: String, output: Int32) throws -> pid_t {
    let file = try Self.file(with: input)
    defer { close(file) }
    #if canImport(Darwin)
      var files: posix_spawn_file_actions_t?
    #else
      var files = posix_spawn_file_actions_t()
    #endif
    posix_spawn_file_actions_init(&files)
    defer { posix_spawn_file_actions_destroy(&files) }
    posix_spawn_file_actions_adddup2(&files, file, STDIN_FILENO)
    posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO)
    var all = ([name] + words).map { strdup($0) } + [nil]
    defer { for word in all { free(word) } }
    var process = pid_t()
    let code = posix_spawnp(&process, name, &files, nil, &all, environ)
    guard code == 0 else { throw missing(code) }
    return process
  }

  /// An unlinked file with this content, open at its start.
  private static func file(with text: String) throws -> Int32 {
    let folder = CLibrary.environment("TMPDIR") ?? "/tmp"
    var path = Array("\(folder)/outerloop-XXXXXX".utf8CString)
    let file = mkstemp(&path)
    guard file >= 0 else {
      throw CommandError(
        "\(folder): no file can be made there: \(String(cString: strerror(errno)))",
        hint: "name another folder by TMPDIR")
    }
    unlink(path)
    guard CLibrary.writeAll(Array(text.utf8)[...], to: file), lseek(file, 0, SEEK_SET) == 0 else {
      let message = String(cString: strerror(errno))
      close(file)
      throw CommandError("\(folder): \(message)", hint: "name another folder by TMPDIR")
    }
    return file
  }
}
