internal import OuterloopStudy
internal import OuterloopText

/// How trials that run at the same time share the GPUs and processors of a machine.
///
/// - GPUs are divided among the slots; each slot's programs see only theirs, through
///   CUDA_VISIBLE_DEVICES or its equivalent (`VisibleDevices`).
/// - Processors are divided into parts of equal size; each slot's programs are pinned to theirs and get
///   the number of threads they may use in environment variables (`ThreadVariables`).
/// - Where processors are not requested, nothing is pinned; if several trials run, or if only some of
///   the processors may be used, the threads of all trials together match the processors available.
public struct ResourceRequest: Sendable, Hashable {
  public var gpus: DeviceChoice
  public var gpusPerTrial: DeviceShare
  public var cpus: ProcessorChoice

  public init(
    gpus: DeviceChoice = .unassigned, gpusPerTrial: DeviceShare = .one,
    cpus: ProcessorChoice = .unassigned
  ) {
    self.gpus = gpus
    self.gpusPerTrial = gpusPerTrial
    self.cpus = cpus
  }

  /// How many trials the GPUs suffice for; nil: they are not assigned.
  /// - Throws: `StudyError` where there are fewer GPUs than requested.
  public func slots(of machine: Machine) throws -> Int? {
    gpus == .unassigned ? nil : try shares(of: machine).count
  }

  /// The resources of each slot.
  ///
  /// - Parameter parallel: how many trials run at the same time.
  /// - Throws: `StudyError` where there are not enough GPUs or processors.
  public func resources(parallel: Int, of machine: Machine) throws -> [SlotResources] {
    var slots = [SlotResources](repeating: SlotResources(), count: max(parallel, 1))
    if gpus != .unassigned {
      let shares = try shares(of: machine)
      guard parallel <= shares.count else {
        throw StudyError(
          "--parallel \(parallel): --gpus \(gpus) is enough for \(NumberText.count(shares.count, "trial")) "
            + "with \(gpusPerTrial) each",
          "say --parallel \(shares.count)"
            + (gpusPerTrial.devices > 1
              ? ", or --gpus-per-trial 1"
              : "; trials share a GPU by --gpus-per-trial "
                + (gpusPerTrial.trials == 1 ? "0.5" : "\(0.5 / Double(gpusPerTrial.trials))")))
      }
      let variables = VisibleDevices(machine).variables
      for index in slots.indices {
        for name in variables { slots[index].environment[name] = shares[index] }
      }
    }
    if cpus != .unassigned {
      try addProcessors(&slots, machine)
    } else if parallel > 1 || machine.threads < machine.processors.count {
      let threads = max(machine.threads / parallel, 1)
      let values = ThreadVariables.values(threads, in: machine.environment)
      for index in slots.indices { slots[index].environment.merge(values) { $1 } }
    }
    return slots
  }

  /// The value of the variable for each slot that the GPUs suffice for.
  private func shares(of machine: Machine) throws -> [String] {
    let devices = try VisibleDevices(machine).chosen(gpus)
    if gpusPerTrial.trials > 1 {
      // Neighbouring slots have different GPUs, so that a few trials do not share the first one.
      return (0..<gpusPerTrial.trials).flatMap { _ in devices }
    }
    let size = gpusPerTrial.devices
    guard devices.count >= size else {
      throw StudyError(
        "--gpus-per-trial \(size): --gpus \(gpus) is \(NumberText.count(devices.count, "GPU"))",
        "say --gpus-per-trial \(max(devices.count, 1)), or name more GPUs")
    }
    return (0..<devices.count / size).map { slot in
      devices[slot * size..<(slot + 1) * size].joined(separator: ",")
    }
  }

  private func addProcessors(_ slots: inout [SlotResources], _ machine: Machine) throws {
    let numbers = try processors(of: machine)
    guard numbers.count >= slots.count else {
      throw StudyError(
        "--cpus \(cpus): \(slots.count) trials cannot each have a processor of their own among "
          + "\(numbers.count)",
        "say --parallel \(numbers.count), or leave --cpus out: trials then share all processors")
    }
    let quota = machine.quota.map { max(Int($0 / Double(slots.count)), 1) }
    for index in slots.indices {
      // Sizes differ by at most one.
      let part =
        numbers[
          index * numbers.count / slots.count..<(index + 1) * numbers.count / slots.count]
      let threads = min(part.count, quota ?? part.count)
      slots[index].environment.merge(
        ThreadVariables.values(threads, in: machine.environment)
      ) { $1 }
      if machine.pins { slots[index].processors = part.sorted() }
    }
  }

  private func processors(of machine: Machine) throws -> [Int] {
    let all = machine.processors
    switch cpus {
    case .unassigned, .all: return all
    case .first(let count):
      guard count <= all.count else {
        throw StudyError(
          "--cpus \(count): this process may run on \(NumberText.count(all.count, "processor"))",
          "say --cpus all, or at most \(all.count)")
      }
      return Array(all.prefix(count))
    case .listed(let numbers):
      guard machine.pins else {
        throw StudyError(
          "--cpus \(cpus): programs cannot be pinned to processors on this system",
          "say how many: --cpus \(numbers.count)")
      }
      if let other = numbers.first(where: { !all.contains($0) }) {
        throw StudyError(
          "--cpus \(cpus): this process may not run on processor \(other)",
          "those it may: \(all.sorted().map(String.init).joined(separator: ","))")
      }
      return all.filter(numbers.contains)
    }
  }
}
