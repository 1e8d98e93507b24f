internal import ArgumentParser
internal import OuterloopFoundation
internal import OuterloopRunner
internal import OuterloopStudy

/// How the program is run; may be changed when a study is resumed.
struct RunOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Trials at the same time. Default: 1, or as before.", valueName: "k"))
  var parallel: Int?

  @OptionGroup var resources: ResourceOptions

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
      "Time without a heartbeat after which a worker counts as lost and its "
        + "trial is run again. Default: 90s, or as before.", valueName: "time"))
  var lease: Seconds?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Time that a program has to save its work when it is told to stop (SIGTERM), before it is "
        + "ended. Default: 5s at a limit, 1s when this process is stopped; or as before.",
      valueName: "time"))
  var grace: Seconds?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Stop when so many trials in a row have failed; 0: never. Default: 10, and 3 if they are "
        + "the study's first and fail the same way; or as before.", valueName: "n"))
  var maxFailures: Int?

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "Checkpoints to keep besides those of trials that may continue: of the best 5 trials (5), as many as "
        + "fit (20GB), or all. Repeat for both. Default: all, or as before.", valueName: "n|size"))
  var keep: [CheckpointLimit] = []

  func validate() throws {
    try CheckpointLimit.check(keep)
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

/// What kind of program it is; fixed when the study is created.
struct KindOptions: ParsableArguments {
  @Flag(
    help: ArgumentHelp(
      "The program keeps running and reads one request line for each trial from standard input."))
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
  /// Seconds; nil: the default.
  var grace: Double?
  /// As `DeviceChoice`, `DeviceShare` and `ProcessorChoice` read them; nil: trials have no devices and
  /// processors of their own.
  var gpus: String?
  var gpusPerTrial: Double?
  var cpus: String?
  /// Nil: the default limits; 0: none.
  var maxFailures: Int?
  /// Nil: all checkpoints.
  var keep: CheckpointPolicy?

  init(_ program: Program) { self.program = program }

  /// A copy changed by `options`. If they name GPUs but not the number of trials, it is the number
  /// that the GPUs of this machine suffice for.
  ///
  /// - Throws: `CommandError` a usage error where this machine does not have enough resources.
  func changed(by options: RunOptions, on machine: Machine = .current) throws -> StoredProgram {
    var copy = self
    copy.parallel = options.parallel ?? parallel
    let shared = options.resources
    if let gpus = shared.gpus { copy.gpus = gpus == .unassigned ? nil : gpus.description }
    if let share = shared.gpusPerTrial { copy.gpusPerTrial = share.amount }
    if let cpus = shared.cpus { copy.cpus = cpus == .unassigned ? nil : cpus.description }
    guard copy.gpus != nil || shared.gpusPerTrial == nil else {
      throw CommandError(
        "--gpus-per-trial divides GPUs, and there are none",
        hint: "name them: --gpus 4, or --gpus all", status: 64)
    }
    if copy.gpus == nil { copy.gpusPerTrial = nil }
    if options.parallel == nil, shared.gpus != nil || shared.gpusPerTrial != nil {
      copy = try copy.filling(machine)
    }
    _ = try copy.resources(of: machine)
    return copy.configured(by: options)
  }

  /// A copy changed by those of `options` that do not concern this machine.
  func configured(by options: RunOptions) -> StoredProgram {
    var copy = self
    copy.grace = options.grace?.value ?? grace
    copy.trialTimeout = options.trialTimeout?.value ?? trialTimeout
    copy.memory = options.memory?.value ?? memory
    copy.lease = options.lease?.value ?? lease
    copy.maxFailures = options.maxFailures ?? maxFailures
    copy.keep = options.keep.isEmpty ? keep : CheckpointLimit.policy(options.keep)
    return copy
  }

  var failureLimit: FailureLimit {
    guard let maxFailures else { return .standard }
    return maxFailures == 0 ? .none : .inARow(maxFailures)
  }

  var limits: ProgramLimits { ProgramLimits(seconds: trialTimeout, memory: memory, grace: grace) }

  func text() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }

  /// The program of a study; nil if it has none, as with ask and tell.
  static func of(_ specification: StudySpecification) throws -> StoredProgram? {
    guard let text = specification.attributes[attribute] else { return nil }
    do {
      return try JSONDecoder().decode(StoredProgram.self, from: Data(text.utf8))
    } catch {
      throw CommandError(
        "study `\(specification.name)`: what the store says about its program cannot be read",
        hint: "it may come from a newer version of outerloop")
    }
  }
}
