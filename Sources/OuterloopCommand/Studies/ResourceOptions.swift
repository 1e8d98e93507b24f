internal import ArgumentParser
internal import OuterloopRunner
internal import OuterloopStudy

/// The GPUs and processors that the trials of this process share.
struct ResourceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "GPUs to assign: the first 4 (4), these (0,2,3; a single one is 2,), all or none. Each trial "
        + "sees only its own, by CUDA_VISIBLE_DEVICES; --parallel is then as many as they allow, "
        + "unless given. Default: none, or as before.",
      valueName: "gpus"),
    transform: read(
      { DeviceChoice($0) }, "write a number of GPUs, their numbers as 0,2,3 or 2, or all, or none"))
  var gpus: DeviceChoice?

  @Option(
    help: ArgumentHelp(
      "GPUs of a trial; below 1 it shares one: 0.5 for two trials a GPU. Default: 1, or as before.",
      valueName: "n"),
    transform: read(
      { Double($0).flatMap { DeviceShare($0) } },
      "write a whole number of GPUs, or the share that trials have of one: 0.5, 0.25"))
  var gpusPerTrial: DeviceShare?

  @Option(
    help: ArgumentHelp(
      "Processors to assign: 8, 0-7 or all. Each trial is pinned to its own (on Linux), and told "
        + "how many threads to use. Default: none, or as before; with --parallel above 1 the "
        + "threads of all trials are then as many as there are processors (OMP_NUM_THREADS and "
        + "its like, unless set).", valueName: "cpus"),
    transform: read(
      { ProcessorChoice($0) },
      "write a number of processors, their numbers as 0-3,8 or all, or none"))
  var cpus: ProcessorChoice?
}

extension ResourceOptions {
  /// Parses an argument with the library's parser.
  fileprivate static func read<Value>(
    _ read: @escaping @Sendable (String) -> Value?, _ form: String
  ) -> @Sendable (String) throws -> Value {
    { word in
      guard let value = read(word) else { throw ValidationError(form) }
      return value
    }
  }
}

extension StoredProgram {
  /// How trials share the machine.
  var request: ResourceRequest {
    ResourceRequest(
      gpus: gpus.flatMap { DeviceChoice($0) } ?? .unassigned,
      gpusPerTrial: gpusPerTrial.flatMap { DeviceShare($0) } ?? .one,
      cpus: cpus.flatMap { ProcessorChoice($0) } ?? .unassigned)
  }

  /// The resources of each slot on this machine.
  /// - Throws: `CommandError` a usage error where they do not suffice for `parallel` trials.
  func resources(of machine: Machine = .current) throws -> [SlotResources] {
    try CommandError.usage { try request.resources(parallel: parallel, of: machine) }
  }

  /// A copy that runs as many trials at the same time as its GPUs suffice for.
  func filling(_ machine: Machine) throws -> StoredProgram {
    var copy = self
    if let slots = try CommandError.usage({ try request.slots(of: machine) }) {
      copy.parallel = slots
    }
    return copy
  }

  /// A warning that GPUs stay idle; nil: they do not.
  func idleness(of machine: Machine = .current) -> String? {
    guard let slots = try? request.slots(of: machine), slots > parallel else { return nil }
    return "the GPUs are enough for \(slots) (--parallel \(slots))"
  }

  /// `4 at a time with 1 GPU and 2 processors each`; nil: one at a time, without assigned
  /// resources.
  var concurrency: String? {
    var shares: [String] = []
    if request.gpus != .unassigned { shares.append(request.gpusPerTrial.description) }
    if request.cpus != .unassigned { shares.append("processors of its own") }
    guard parallel > 1 || !shares.isEmpty else { return nil }
    let each = parallel > 1 ? ", each with " : " with "
    return "\(parallel) at a time"
      + (shares.isEmpty ? "" : each + shares.joined(separator: " and "))
  }
}
