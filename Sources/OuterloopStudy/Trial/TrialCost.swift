/// The cost of trials, for cost-aware search: the time they take, or a metric that they report, such as
/// inference time or money.
public struct TrialCost: Sendable, Hashable, Codable {
  /// The metric that measures it; nil: seconds that the trial ran.
  public var metric: String?
  /// The study's budget when it was created. As it is used up cost counts for less, and at the end only
  /// the value counts (cost cooling, Lee et al. 2020, arXiv 2003.10870). Empty: cost counts in full
  /// throughout.
  ///
  /// It is separate from the study's budget, which may change: replaying a study must give the same
  /// suggestions.
  public var horizon: Budget

  /// A cost by a metric; nil: by seconds.
  public init(_ metric: String? = nil, horizon: Budget = Budget()) {
    self.metric = metric
    self.horizon = horizon
  }

  /// The cost of a trial; nil where that is unknown, or not positive and finite.
  ///
  /// In seconds it is the duration of the last attempt, even of a trial that failed or ended early. For
  /// a metric the last reported value counts.
  public func value(of trial: Trial) -> Double? {
    let value = metric.map { trial.lastReport?.values[$0] } ?? trial.attempts.last?.seconds
    guard let value, value > 0, value.isFinite else { return nil }
    return value
  }

  /// The cost of an epoch of a trial; nil where that is unknown, or not positive and finite.
  ///
  /// In seconds it is the mean over the epochs whose time was measured, otherwise over the time of its attempts
  /// that have ended. For a metric the last reported value counts.
  package func ofEpoch(of trial: Trial) -> Double? {
    if metric != nil { return value(of: trial) }
    let measured = trial.reports.compactMap(\.seconds)
    let value =
      measured.isEmpty
      ? trial.workingSeconds / Double(max(trial.epoch, 1))
      : measured.reduce(0, +) / Double(measured.count)
    return value > 0 && value.isFinite ? value : nil
  }

  /// The exponent of the cost: 1 in full, 0 not at all. alpha = the remaining fraction of the
  /// horizon.
  public func weight(in history: History) -> Double { max(1 - history.share(of: horizon), 0) }
}

extension History {
  /// The used fraction of a budget, by the part of which most is used: 0 nothing, 1 all.
  public func share(of budget: Budget) -> Double {
    func share(_ used: Double, _ limit: Double?) -> Double {
      guard let limit else { return 0 }
      return limit > 0 ? used / limit : 1
    }
    return max(
      share(Double(trials.count), budget.trials.map(Double.init)),
      share(Double(epochs), budget.epochs.map(Double.init)), share(busySeconds, budget.seconds))
  }
}
