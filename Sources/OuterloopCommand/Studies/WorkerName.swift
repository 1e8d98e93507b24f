internal import OuterloopPlatform
internal import OuterloopRunner
internal import OuterloopStudy

/// The names of workers, `HOST:PROCESS`, and those of this machine that are no more. In a container
/// with process numbers of its own the host is `HOST/CONTAINER`: numbers elsewhere say nothing here.
enum WorkerName {
  static var own: String { "\(host):\(getpid())" }

  /// The place in which a trial ran last: workers are called `HOST:PROCESS.PLACE`.
  static func slot(of trial: Trial) -> Int {
    trial.attempts.last?.worker.split(separator: ".").last.flatMap { Int($0) } ?? 0
  }

  private static let host = hostName + (container.map { "/\($0)" } ?? "")

  /// The first namespace for processes of every machine has this number.
  private static var container: String? {
    LocalProcesses.namespace.flatMap { $0 == "4026531836" ? nil : $0 }
  }

  /// Whether `worker` is one of a process of the command: `HOST:PROCESS.PLACE`.
  static func isRunner(_ worker: String) -> Bool {
    let parts = worker.split(separator: ":").last?.split(separator: ".") ?? []
    return worker.contains(":") && parts.count == 2
      && parts.allSatisfy { $0.allSatisfy(\.isNumber) }
  }

  /// The name of its process: that of the worker without its place.
  static func process(_ worker: String) -> String {
    guard isRunner(worker), let point = worker.lastIndex(of: ".") else { return worker }
    return String(worker[..<point])
  }

  private static var hostName: String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
    return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// Lets trials run again at once whose process on this machine has ended, instead of waiting for
  /// their leases to run out. What their programs left running is ended first.
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

  /// Whether `worker` is one of a process on this machine that has not ended.
  static func isAlive(_ worker: String) -> Bool {
    isRunner(worker) && process(of: worker).map { !LocalProcesses.isGone($0) } ?? false
  }

  /// Whether a worker was a process of this machine that has ended.
  static func isGone(_ worker: String) -> Bool {
    process(of: worker).map(LocalProcesses.isGone) ?? false
  }

  /// The number of a worker's process, if it is one of this machine.
  private static func process(of worker: String) -> pid_t? {
    guard worker.hasPrefix(host + ":") else { return nil }
    return pid_t(worker.dropFirst(host.utf8.count + 1).prefix { $0.isNumber })
  }
}

/// Trials that are running by the store and that nobody runs; of workers of this machine it is known whether their
/// process is there.
enum StaleTrials {
  /// Their numbers.
  static func of(_ study: StudyID, in store: any StudyStore) async throws -> Set<Int> {
    try await store.staleTrials(of: study, isGone: WorkerName.isGone)
  }

  static func of(_ found: StudyChoice.Found) async throws -> Set<Int> {
    try await of(found.id, in: found.store)
  }
}
