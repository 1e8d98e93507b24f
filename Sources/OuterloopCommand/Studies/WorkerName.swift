internal import OuterloopPlatform
internal import OuterloopRunner
internal import OuterloopStudy

/// The names of workers, `HOST:PROCESS`, and whether their processes on this machine have exited. In
/// a container with its own PID namespace the host is `HOST/CONTAINER`: process IDs of other
/// namespaces mean nothing here.
enum WorkerName {
  static var own: String { "\(host):\(getpid())" }

  /// The slot in which a trial ran last: workers are called `HOST:PROCESS.PLACE`.
  static func slot(of trial: Trial) -> Int {
    trial.attempts.last?.worker.split(separator: ".").last.flatMap { Int($0) } ?? 0
  }

  private static let host = hostName + (container.map { "/\($0)" } ?? "")

  /// The initial PID namespace of every machine has this number.
  private static var container: String? {
    LocalProcesses.namespace.flatMap { $0 == "4026531836" ? nil : $0 }
  }

  /// Whether `worker` is one of a process of the command: `HOST:PROCESS.PLACE`.
  static func isRunner(_ worker: String) -> Bool {
    let parts = worker.split(separator: ":").last?.split(separator: ".") ?? []
    return worker.contains(":") && parts.count == 2
      && parts.allSatisfy { $0.allSatisfy(\.isNumber) }
  }

  /// The name of its process: that of the worker without the slot.
  static func process(_ worker: String) -> String {
    guard isRunner(worker), let point = worker.lastIndex(of: ".") else { return worker }
    return String(worker[..<point])
  }

  private static var hostName: String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
    return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// Releases trials whose process on this machine has exited at once, instead of waiting for their
  /// leases to expire. What their programs left running is ended first.
  static func releaseLost(_ found: StudyChoice.Found) async throws {
    let running = try await found.trials(TrialQuery(states: [.running], reports: false))
    let lost = running.compactMap { trial in
      trial.attempts.last.flatMap { process(of: $0.worker) }.map { (trial, process: $0) }
    }.filter { LocalProcesses.isGone($0.process) }
    for process in Set(lost.map(\.process)) { LocalProcesses.endPrograms(startedBy: process) }
    for (trial, _) in lost {
      _ = try await found.store.append(
        [found.specification.endOfLost(trial)], to: trial.number, of: found.id)
    }
  }

  /// Whether `worker` belongs to a running process on this machine.
  static func isAlive(_ worker: String) -> Bool {
    isRunner(worker) && process(of: worker).map { !LocalProcesses.isGone($0) } ?? false
  }

  /// Whether `worker` belongs to a process of this machine that has exited.
  static func isGone(_ worker: String) -> Bool {
    process(of: worker).map(LocalProcesses.isGone) ?? false
  }

  /// The process ID of a worker, if it is on this machine.
  private static func process(of worker: String) -> pid_t? {
    guard worker.hasPrefix(host + ":") else { return nil }
    return pid_t(worker.dropFirst(host.utf8.count + 1).prefix { $0.isNumber })
  }
}

/// Trials that are running according to the store but that no process runs; for workers on this machine it is
/// known whether their process exists.
enum StaleTrials {
  /// Their numbers.
  static func of(_ study: StudyID, in store: any StudyStore) async throws -> Set<Int> {
    try await store.staleTrials(of: study, isGone: WorkerName.isGone)
  }

  static func of(_ found: StudyChoice.Found) async throws -> Set<Int> {
    try await of(found.id, in: found.store)
  }
}
