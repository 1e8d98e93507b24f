internal import OuterloopPlatform
internal import OuterloopText

/// Which workers of a study an engine is to run, and what each of them needs.
struct LaunchRequest: Equatable {
  var study: String
  var store: StoreAddress
  /// How many workers.
  var workers = 1
  /// Trials that each of them runs at the same time.
  var parallel = 1
  /// GPUs of a worker; nil: none.
  var gpus: Int?
  /// Processors of a worker; nil: as the engine has it.
  var cpus: Int?
  /// Bytes of memory of a worker; nil: as the engine has it.
  var memory: Int?
  /// Seconds that a worker may run; nil: as the engine has it.
  var seconds: Double?
  /// Seconds that a program has to save its work when its worker is stopped.
  var grace = 30.0
  /// How the command is called where workers run.
  var executable: String
  /// The folder in which the program runs there; nil: the one in which the study was begun.
  var directory: String?

  /// What its jobs are called: letters, digits and hyphens, not longer than 63 of them. Different
  /// studies and stores have different names.
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

  /// The words of a worker.
  ///
  /// - Parameter namesStore: false: it learns from OUTERLOOP_STORE where the store is.
  /// - Throws: `Complaint` if its GPUs cannot be shared out evenly.
  func words(namesStore: Bool) throws -> [String] {
    var words = [executable, "worker", "--study", study]
    if namesStore { words += ["--store", store.text] }
    if parallel > 1 {
      words += ["--parallel", "\(parallel)"]
      if let gpus, gpus > 0 {
        guard gpus % parallel == 0 || parallel % gpus == 0 else {
          throw Complaint(
            "--gpus \(gpus) cannot be shared out evenly among --parallel \(parallel) trials",
            hint: "say --parallel \(gpus), or a multiple of it", status: 64)
        }
        // Numbers that a study keeps too: 0.3333333333333333 is a third.
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
