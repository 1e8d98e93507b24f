internal import ArgumentParser
internal import OuterloopPlatform
internal import OuterloopStudy

/// How many workers to launch, and their resources; shared by all engines.
struct LaunchOptions: ParsableArguments {
  @Option(parsing: .unconditional, help: ArgumentHelp("Workers.", valueName: "n"))
  var workers = 1

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Trials that a worker runs at the same time.", valueName: "k"))
  var parallel = 1

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "GPUs of a worker; its trials share them out evenly. Default: none.", valueName: "n"))
  var gpus: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Processors of a worker. Default: the engine's.", valueName: "n"))
  var cpus: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Memory of a worker: 500MB, 16GB. Default: the engine's.", valueName: "size"))
  var memory: Bytes?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Time that a program has to save its work when its worker is stopped.", valueName: "time"))
  var grace = Seconds(value: 30)

  @Option(
    help: ArgumentHelp(
      "The folder to run the program in there. Default: the one in which the study was started.",
      valueName: "folder"))
  var directory: String?

  @Flag(help: "Print what would be submitted, and submit nothing.")
  var dryRun = false

  func validate() throws {
    for (name, number) in [
      ("workers", workers), ("parallel", parallel), ("gpus", gpus ?? 1), ("cpus", cpus ?? 1),
    ] where !(1...100_000).contains(number) {
      throw ValidationError("--\(name) \(number) is not from 1 to 100000")
    }
    if directory?.isEmpty ?? false { throw ValidationError("--directory is empty") }
  }

  func request(
    _ study: String, _ store: StoreAddress, executable: String, time: Seconds? = nil
  ) -> LaunchRequest {
    LaunchRequest(
      study: study, store: store, workers: workers, parallel: parallel, gpus: gpus, cpus: cpus,
      memory: memory?.value, seconds: time?.value, grace: grace.value, executable: executable,
      directory: directory)
  }

  /// The file of this command, as other machines with the same file system find it.
  static var ownPath: String {
    CLibrary.realPath("/proc/self/exe") ?? CommandLine.arguments.first ?? "outerloop"
  }
}

/// What was submitted, for `--json`.
struct LaunchRecord: Encodable {
  var engine, study: String
  /// The name of its jobs.
  var name: String
  var workers: Int
  /// The engine's job ID; null: nothing was submitted, or the engine has none.
  var job: String?
  /// What was submitted.
  var text: String
}

extension StoreOptions {
  /// The address as workers elsewhere get it.
  var address: StoreAddress { StoreAddress(text, in: Tune.here) }
}
