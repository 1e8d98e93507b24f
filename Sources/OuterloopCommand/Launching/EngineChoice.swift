internal import ArgumentParser
internal import OuterloopRunner

/// An engine with options of `outerloop launch`, as `tune --on` takes it: `slurm:workers=8,time=4h`.
struct EngineChoice: ExpressibleByArgument, Equatable {
  let engine: String
  /// The arguments of its command.
  let words: [String]

  static let engines = ["slurm", "ray", "kubernetes"]

  /// Nil: there is no such engine.
  init?(argument: String) {
    let parts = argument.split(separator: ":", maxSplits: 1).map(String.init)
    guard let name = parts.first, Self.engines.contains(name) else { return nil }
    engine = name
    words = (parts.dropFirst().first ?? "").split(separator: ",").map { "--\($0)" }
  }

  /// The command that launches workers of a study.
  ///
  /// - Parameters:
  ///   - options: how programs are run; what they say about resources is about a worker.
  ///   - place: the store of the study.
  /// - Throws: what the parser says about wrong options.
  func command(
    _ study: String, in place: StoreOptions, options: RunOptions, dryRun: Bool
  ) throws -> any EngineCommand {
    var words = ["--study", study] + (place.store.map { ["--store", $0] } ?? []) + self.words
    words += try Self.words(options) + (dryRun ? ["--dry-run"] : [])
    switch engine {
    case "slurm": return try Self.parsed(LaunchSlurm.self, words)
    case "ray": return try Self.parsed(LaunchRay.self, words)
    default: return try Self.parsed(LaunchKubernetes.self, words)
    }
  }

  private static func parsed<Command: ParsableCommand & EngineCommand>(
    _ command: Command.Type, _ words: [String]
  ) throws -> Command {
    do { return try command.parse(words) } catch {
      let name = command.configuration.commandName ?? ""
      throw ValidationError("--on \(name): \(command.message(for: error))")
    }
  }

  private static func words(_ options: RunOptions) throws -> [String] {
    var words: [String] = []
    if let parallel = options.parallel { words += ["--parallel", "\(parallel)"] }
    if let memory = options.memory {
      words += ["--memory", "\(memory.value * (options.parallel ?? 1))"]
    }
    if let grace = options.grace { words += ["--grace", "\(grace.value)"] }
    switch options.resources.gpus {
    case nil, .unassigned: break
    case .first(let count): words += ["--gpus", "\(count)"]
    default: throw ValidationError("--gpus with --on is how many GPUs a worker has: a number")
    }
    switch options.resources.cpus {
    case nil, .unassigned: break
    case .first(let count): words += ["--cpus", "\(count)"]
    default: throw ValidationError("--cpus with --on is how many processors a worker has: a number")
    }
    if options.resources.gpusPerTrial != nil {
      throw ValidationError(
        "--gpus-per-trial does not go with --on: the trials of a worker share its GPUs out evenly")
    }
    return words
  }
}
