internal import OuterloopRunner
internal import OuterloopSearch
internal import OuterloopStudy

/// Applies `--keep` while a study runs: checks from time to time whether trials have ended or paused, and removes the
/// checkpoints that are not kept.
actor CheckpointKeeper {
  private let found: StudyChoice.Found
  private let lines: TrialProgress
  private let limit: Int?
  private var collector: CheckpointCollector
  private var history = History()
  private var nextLook = ContinuousClock.now
  private var hasReportedExcess = false

  /// Nil: everything is kept.
  init?(_ policy: CheckpointPolicy?, _ found: StudyChoice.Found, _ lines: TrialProgress) {
    guard let policy else { return nil }
    self.found = found
    self.lines = lines
    limit = policy.bytes
    collector = CheckpointCollector(policy, in: found.folders)
  }

  private static let pause = Duration.seconds(1)

  /// Checks if it is time to. An unreadable store is reported elsewhere.
  func look() async {
    guard ContinuousClock.now >= nextLook else { return }
    let start = ContinuousClock.now
    await collect()
    // However long the study and its folders take, most of the time is left to the trials.
    nextLook = .now + max(Self.pause, start.duration(to: .now) * 20)
  }

  func collect() async {
    let before = history.revision
    do { try await catchUp() } catch { return }
    guard history.revision > before else { return }
    let (complete, resting) = found.specification.standings(history.trials)
    let outcome = collector.collect(history.trials, complete: complete, resting: resting)
    for trial in outcome.resting {
      lines.say(
        "trial \(trial) is paused, and its checkpoint is removed (--keep): it would start at epoch 0 again"
      )
    }
    for failure in outcome.failures { lines.say("a checkpoint cannot be removed: \(failure)") }
    if let excess = outcome.excess, let limit, !hasReportedExcess {
      hasReportedExcess = true
      lines.say(
        "checkpoints take \(Self.text(excess)), more than the \(Self.text(limit)) of --keep: those of running "
          + "trials and of the best are not removed")
    }
  }

  private func catchUp() async throws {
    while true {
      let events = try await found.store.events(
        of: found.id, after: history.revision, limit: 10_000)
      for event in events { try history.take(event) }
      if events.count < 10_000 { return }
    }
  }

  private static func text(_ bytes: Int) -> String {
    bytes < 10_000_000_000 ? "\(bytes / 1_000_000) MB" : "\(bytes / 1_000_000_000) GB"
  }
}

extension StudySpecification {
  /// The complete and the paused trials, by number, best first: smaller constraint violation, then smaller loss;
  /// front by front with several objectives. Paused trials are compared by their last report.
  fileprivate func standings(_ trials: [Trial]) -> (complete: [Int], resting: [Int]) {
    func ordered(_ state: TrialState) -> [Int] {
      let some = trials.filter { $0.state == state }
      let losses = some.map { trial in
        objectives.enumerated().map { place, objective in
          let value = trial.values?[place] ?? trial.lastReport?.values[objective.metric] ?? .nan
          return value.isNaN ? .infinity : objective.loss(value)
        }
      }
      let violations = some.map(violation)
      let ranks = Self.ranks(losses)
      return some.indices.sorted {
        (violations[$0], ranks[$0], $0) < (violations[$1], ranks[$1], $1)
      }.map { some[$0].number }
    }
    return (ordered(.complete), ordered(.paused))
  }

  private static func ranks(_ losses: [[Double]]) -> [Double] {
    guard let count = losses.first?.count, count > 1,
      let points = try? ObjectivePoints(losses, objectives: count)
    else { return losses.map { $0[0] } }
    var ranks = losses.map { _ in 0.0 }
    for (rank, front) in points.fronts().enumerated() {
      for place in front { ranks[place] = Double(rank) }
    }
    return ranks
  }
}
