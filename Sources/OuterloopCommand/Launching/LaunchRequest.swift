internal import OuterloopPlatform
internal import OuterloopText

/// Which workers of a study an engine should run, and what each of them needs.
struct LaunchRequest: Equatable {
  var study: String
  var store: StoreAddress
  /// How many workers.
  var workers = 1
  /// Trials that each of them runs at the same time.
  var parallel = 1
  /// GPUs per worker; nil: none.
  var gpus: Int?
  /// Processors per worker; nil: the engine's default.
  var cpus: Int?
  /// Bytes of memory per worker; nil: the engine's default.
  var memory: Int?
  /// Seconds that a worker may run; nil: the engine's default.
  var seconds: Double?
  /// Seconds that a program has to save its work when its worker is stopped.
  var grace = 30.0
  /// The path of the command where workers run.
  var executable: String
  /// The folder in which the program runs there; nil: the one in which the study was created.
  var directory: String?

  /// The name of its jobs: letters, digits and hyphens, at most 63 of them. Different studies and
  /// stores have different names.
  var name: String {
    let plain = String(
      study.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }
    ).split(separator: "-").joined(separator: "-")
    var hash: UInt32 = 2_166_136_261
    for byte in "\(study)\0\(store.text)".utf8 { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
    let digits = String(hash, radix: 16)
    let code = String(repeating: "0", count: 8 - digits.count) + digits
    return (["outerloop", String(plain.prefix(40)), code]).filter { !$0.isEmpty }
      .joined(separator: "-").replacing("--", with: "-")
  }

  /// The command line of a worker.
  ///
  /// - Parameter namesStore: false: the worker reads the store's address from OUTERLOOP_STORE.
  /// - Throws: `CommandError` if its GPUs cannot be divided evenly.
  func words(namesStore: Bool) throws -> [String] {
    var words = [executable, "worker", "--study", study]
    if namesStore { words += ["--store", store.text] }
    if parallel > 1 {
      words += ["--parallel", "\(parallel)"]
      if let gpus, gpus > 0 {
        guard gpus % parallel == 0 || parallel % gpus == 0 else {
          throw CommandError(
            "--gpus \(gpus) cannot be shared out evenly among --parallel \(parallel) trials",
            hint: "say --parallel \(gpus), or a multiple of it", status: 64)
        }
        // As a study stores such numbers too: 0.3333333333333333 is a third.
        let share = gpus >= parallel ? "\(gpus / parallel)" : "\(Double(gpus) / Double(parallel))"
        words += ["--gpus", "all", "--gpus-per-trial", share]
      }
    }
    if let directory { words += ["--directory", directory] }
    words += ["--grace", Seconds(value: grace).description, "--no-progress"]
    return words
  }

  /// Memory in whole mebibytes, rounded up.
  var mebibytes: Int? { memory.map { ($0 + 1_048_575) / 1_048_576 } }
}
