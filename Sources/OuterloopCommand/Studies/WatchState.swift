internal import OuterloopDashboard
internal import OuterloopStudy
internal import OuterloopText

/// The state of a study that is shown.
struct WatchState {
  let specification: StudySpecification
  let history: History
  let stale: Set<Int>
  let rate: Double?
  let improvements: [(trial: Int, value: Double)]

  init(_ study: FollowedStudy, stale: Set<Int>) async {
    specification = await study.specification
    history = await study.history
    self.stale = stale
    rate = await study.rate
    improvements = await study.improvements(most: 1000)
  }

  var finished: Int { history.trials.count { $0.state.isFinished } }

  /// All trials have ended, and nothing new will start.
  var isDone: Bool { history.openCount == 0 && isSpent }

  /// Nothing is running or waiting, and nothing new will start.
  var isIdle: Bool { history.runningCount == 0 && history.claimableCount == 0 && isSpent }

  private var isSpent: Bool {
    let budget = specification.budget
    return history.stopReason != nil || budget.trials.map { history.trials.count >= $0 } ?? false
      || budget.epochs.map { history.epochs >= $0 } ?? false
      || budget.seconds.map { history.busySeconds >= $0 } ?? false
  }

  /// Where a scheduler pauses trials, it is not known how many of them will end.
  var secondsLeft: Double? {
    guard history.runningCount > 0, specification.method.scheduler == .fullTraining, let rate,
      rate > 0,
      let total = specification.budget.trials, finished < total
    else { return nil }
    return Double(total - finished) / rate * 60
  }

  var best: Trial? { specification.best(in: history) }

  func value(of trial: Trial) -> String {
    let objective = specification.objectives[0]
    guard let value = trial.value(of: objective.metric, objective: 0) else { return "" }
    return "\(objective.metric.visible) \(NumberText.short(value))"
  }
}
