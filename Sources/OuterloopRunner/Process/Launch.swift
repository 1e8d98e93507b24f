internal import COuterloopProcess
internal import OuterloopPlatform
internal import OuterloopStudy

extension ChildProcess {
  /// What to start.
  struct Launch: Sendable {
    var words: [String]
    var directory: String?
    /// In addition to the environment of this process.
    var environment: [String: String]
    /// The devices and processors that it may use.
    var resources = SlotResources()
    /// Whether requests come on standard input; otherwise it is empty.
    var hasInput: Bool
    var vocabulary: ReportLine.Vocabulary
    var limits: ProgramLimits
    var log: TrialLog
    var deadline: ContinuousClock.Instant?

    /// Starts the program at `path` with these streams and returns its process ID.
    /// - Throws: `StudyError` that names the program or its folder.
    func spawn(
      _ path: String, _ mark: ProgramMark, input: Int32, output: Int32, error: Int32
    ) throws -> pid_t {
      var additions = RankVariables.replaced()
      additions.merge(resources.environment) { $1 }
      additions.merge(environment) { $1 }
      additions[ProgramMark.variable] = mark.value
      additions["PYTHONUNBUFFERED"] = CLibrary.environment("PYTHONUNBUFFERED") ?? "1"
      var arguments = words.map { strdup($0) } + [nil]
      var environment = Environment.copy(adding: additions)
      defer { for text in arguments + environment { free(text) } }
      var child: pid_t = 0
      var step: Int32 = 0
      let mask = resources.mask
      let code = path.withCString { path in
        (directory ?? ".").withCString { folder in
          arguments.withUnsafeMutableBufferPointer { arguments in
            environment.withUnsafeMutableBufferPointer { environment in
              mask.withUnsafeBufferPointer { mask in
                var order = outerloop_launch(
                  path: path, arguments: arguments.baseAddress,
                  environment: environment.baseAddress,
                  directory: directory == nil ? nil : folder, input: input, output: output,
                  error: error, processors: mask.isEmpty ? nil : mask.baseAddress,
                  processor_bytes: mask.count)
                return outerloop_spawn(&order, &child, &step)
              }
            }
          }
        }
      }
      guard code != 0 else { return child }
      guard step != 2 else {
        let list = resources.processors.map(String.init).joined(separator: ",")
        throw StudyError(
          "\(words[0]): it cannot be pinned to the processors \(list): \(Files.systemMessage(code))",
          "name others by --cpus, or leave it out")
      }
      let what = step != 0 ? directory ?? "" : words[0]
      let remedy =
        switch code {
        case ENOEXEC: "begin it with a line such as #!/bin/sh, or name what runs it"
        case E2BIG: "pass long values by the file named by OUTERLOOP_TRIAL"
        case EAGAIN, ENOMEM: "lower the number of parallel trials"
        default: "check that it can be started from a shell"
        }
      throw StudyError("\(what): it cannot be started: \(Files.systemMessage(code))", remedy)
    }
  }
}

/// The environment of this process.
enum Environment {
  /// The environment for a program: this one with `additions`, which replace variables of the same
  /// name. The rest is copied byte by byte: it need not be text. Ends with nil; the caller frees it.
  static func copy(adding additions: [String: String]) -> [UnsafeMutablePointer<CChar>?] {
    var entries = additions.map { strdup("\($0.key)=\($0.value)") }
    var next = outerloop_environment()
    while let place = next, let entry = place.pointee {
      let name = strchr(entry, 0x3d).map { end in
        String(decoding: UnsafeRawBufferPointer(start: entry, count: end - entry), as: UTF8.self)
      }
      if name.flatMap({ additions[$0] }) == nil { entries.append(strdup(entry)) }
      next = place + 1
    }
    return entries + [nil]
  }
}
