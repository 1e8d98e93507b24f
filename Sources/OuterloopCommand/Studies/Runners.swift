internal import OuterloopPlatform
internal import OuterloopStudy

/// The other processes that work on a study.
struct Runners {
  /// The leases of others, by trial.
  let leases: [Lease]
  /// The time by the store's clock.
  let now: Double

  /// Whether processes of the command are among them.
  var isAtWork: Bool { leases.contains { $0.until > now && WorkerName.isRunner($0.worker) } }

  /// Whether leases of live processes on this machine have expired.
  var hasExpiredProcesses: Bool {
    leases.contains { $0.until < now && WorkerName.isAlive($0.worker) }
  }

  /// Whether no trial is held by an ask-and-tell client.
  var isOnlyProcesses: Bool { leases.allSatisfy { WorkerName.isRunner($0.worker) } }

  /// The names of those processes.
  private var processes: [String] {
    Set(
      leases.filter { $0.until > now && WorkerName.isRunner($0.worker) }
        .map { WorkerName.process($0.worker) }
    ).sorted()
  }

  /// A sentence that other processes run trials of the study too; nil if none does.
  var company: String? { sentence("runs trials of it too", "run trials of it too") }

  /// A sentence that other processes will run the waiting trials; nil if none is running.
  var successors: String? {
    sentence("is running the study, and continues it", "are running the study, and continue it")
  }

  private func sentence(_ one: String, _ several: String) -> String? {
    let names = processes
    guard !names.isEmpty else { return nil }
    return "\(names.joined(separator: ", ")) \(names.count == 1 ? one : several)"
  }

  /// Which trials an idle worker is waiting for, and how that ends.
  func waiting(_ found: StudyChoice.Found) -> [String] {
    let naming = found.naming
    var lines = leases.prefix(3).map { lease in
      let left = Seconds(value: max(lease.until - now, 0))
      let end = "\(Self.timeOfDay(lease.until)) (in \(left))"
      let free = "outerloop tell\(naming) --trial \(lease.trial) --failed"
      return WorkerName.isRunner(lease.worker)
        ? "waiting for trial \(lease.trial), which \(lease.worker) runs: its lease "
          + "expires at \(end)"
        : "waiting for trial \(lease.trial), which `\(lease.worker)` holds until "
          + "\(end); to release it sooner: \(free)"
    }
    if leases.count > 3 { lines.append("and for \(leases.count - 3) more") }
    return lines
  }

  /// `15:04:05`, with the date if it is another day.
  private static func timeOfDay(_ seconds: Double) -> String {
    func text(_ form: String, _ seconds: Double) -> String {
      var time = time_t(min(max(seconds, 0), 1e11))
      var parts = tm()
      localtime_r(&time, &parts)
      var bytes = [CChar](repeating: 0, count: 64)
      let count = strftime(&bytes, bytes.count, form, &parts)
      return String(decoding: bytes.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
    let isToday = text("%F", seconds) == text("%F", SystemClock.now())
    return text(isToday ? "%H:%M:%S" : "%F %H:%M:%S", seconds)
  }
}

extension StudyChoice.Found {
  /// The other processes that work on the study. Leases of processes that have exited are released.
  func runners() async throws -> Runners {
    try await WorkerName.releaseLost(self)
    let leases = try await store.leases(of: id).filter {
      WorkerName.process($0.worker) != WorkerName.own
    }
    return Runners(leases: leases, now: try await store.now())
  }

  /// How the study continues: nothing to do where others run it, otherwise a command.
  func next(_ runners: Runners) async throws -> String {
    if let sentence = runners.successors { return sentence }
    let spent = try await BudgetUse(self)
    let budget = specification.budget
    let more = spent.open > 0 || !budget.isSpent(spent) ? "" : " " + budget.enlarged(after: spent)
    let verb = specification.attributes[StoredProgram.attribute] == nil ? "ask" : "resume"
    return "next: outerloop \(verb)\(place.naming(name))\(more)"
  }

  /// A hint for a trial number that does not exist.
  func trialsHint(_ count: Int) -> String {
    count == 0
      ? "it has none yet" : "those it has: outerloop trials\(place.naming(name))"
  }
}
