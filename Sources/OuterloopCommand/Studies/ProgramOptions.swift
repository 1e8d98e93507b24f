internal import ArgumentParser
internal import OuterloopFoundation
internal import OuterloopRunner
internal import OuterloopStudy

/// How the program is run; may be changed when a study goes on.
struct RunOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Trials at the same time. Default: 1, or as before.", valueName: "k"))
  var parallel: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Time for one trial, after which it fails: 90s, 10m.", valueName: "time"))
  var trialTimeout: Seconds?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Memory for one trial, beyond which it fails: 500MB, 4GB.", valueName: "size"))
  var memory: Bytes?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Time without a sign of life after which a worker is taken for dead and its trial run "
        + "again. Default: 90s, or as before.", valueName: "time"))
  var lease: Seconds?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Stop when so many trials in a row have failed; 0: never. Default: 10, and 3 if they are "
        + "the study's first and fail the same way; or as before.", valueName: "n"))
  var maxFailures: Int?

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "Checkpoints to keep beside those of trials that may go on: of the best 5 trials (5), as many as "
        + "fit (20GB), or all. Repeat for both. Default: all, or as before.", valueName: "n|size"))
  var keep: [KeptAmount] = []

  func validate() throws {
    try KeptAmount.check(keep)
    if let parallel, parallel < 1 { throw ValidationError("--parallel \(parallel) is below 1") }
    if let maxFailures, maxFailures < 0 {
      throw ValidationError("--max-failures \(maxFailures) is below 0")
    }
    if let lease, lease.value < 1 { throw ValidationError("--lease is below 1s") }
    if let memory, memory.value < 1_000_000 {
      throw ValidationError(
        "--memory \(memory.value) means bytes, fewer than any program needs; write 500MB or 4GB")
    }
  }
}

/// What kind of program it is; fixed with the study.
struct KindOptions: ParsableArguments {
  @Flag(help: "The program stays: it answers one request line after the other on standard input.")
  var persistent = false
}

/// The program of a study and how it is run, as the store keeps it.
struct StoredProgram: Codable, Equatable {
  static let attribute = "program"

  var program: Program
  var parallel = 1
  /// Seconds.
  var trialTimeout: Double?
  /// Bytes.
  var memory: Int?
  /// Seconds.
  var lease: Double?
  /// Nil: the usual limits; 0: none.
  var maxFailures: Int?
  /// Nil: all checkpoints.
  var keep: CheckpointPolicy?

  init(_ program: Program) { self.program = program }

  /// The same, with what `options` say.
  func changed(by options: RunOptions) -> StoredProgram {
    var copy = self
    copy.parallel = options.parallel ?? parallel
    copy.trialTimeout = options.trialTimeout?.value ?? trialTimeout
    copy.memory = options.memory?.value ?? memory
    copy.lease = options.lease?.value ?? lease
    copy.maxFailures = options.maxFailures ?? maxFailures
    copy.keep = options.keep.isEmpty ? keep : KeptAmount.policy(options.keep)
    return copy
  }

  var failureLimit: FailureLimit {
    guard let maxFailures else { return .standard }
    return maxFailures == 0 ? .none : .inARow(maxFailures)
  }

  var limits: ProgramLimits { ProgramLimits(seconds: trialTimeout, memory: memory) }

  func text() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }

  /// The program of a study; nil if it has none, because others ask and tell.
  static func of(_ specification: StudySpecification) throws -> StoredProgram? {
    guard let text = specification.attributes[attribute] else { return nil }
    do {
      return try JSONDecoder().decode(StoredProgram.self, from: Data(text.utf8))
    } catch {
      throw Complaint(
        "study `\(specification.name)`: what the store says about its program cannot be read",
        hint: "it may come from a newer version of outerloop")
    }
  }
}
