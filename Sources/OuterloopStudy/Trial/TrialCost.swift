/// What trials cost, where a search is to make the most of what it spends: the time they take, or a metric
/// that they report, such as seconds of inference or money.
public struct TrialCost: Sendable, Hashable, Codable {
  /// The metric that says it; nil: seconds that the trial ran.
  public var metric: String?
  /// What the study could spend when it was created. As it is used up cost counts for less, and at the
  /// end only the value does (cost cooling, Lee et al. 2020, arXiv 2003.10870). Empty: cost counts in full
  /// throughout.
  ///
  /// It is kept apart from the study's budget, which may change: suggestions have to be the same whenever
  /// the study is replayed.
  public var horizon: Budget

  /// A cost by a metric; nil: by seconds.
  public init(_ metric: String? = nil, horizon: Budget = Budget()) {
    self.metric = metric
    self.horizon = horizon
  }

  /// What a trial cost; nil where that is not known, or not above 0 and finite.
  ///
  /// In seconds it is how long the last attempt ran, also that of a trial that failed or ended early. A
  /// metric counts as it was reported last.
  public func value(of trial: Trial) -> Double? {
    let value = metric.map { trial.lastReport?.values[$0] } ?? trial.attempts.last?.seconds
    guard let value, value > 0, value.isFinite else { return nil }
    return value
  }

  /// What an epoch of a trial costs; nil where that is not known, or not above 0 and finite.
  ///
  /// In seconds it is the mean of those epochs whose time was measured, else of the time of its attempts that have
  /// ended. A metric counts as it was reported last.
  package func ofEpoch(of trial: Trial) -> Double? {
    if metric != nil { return value(of: trial) }
    let measured = trial.reports.compactMap(\.seconds)
    let value =
      measured.isEmpty
      ? trial.workingSeconds / Double(max(trial.epoch, 1))
      : measured.reduce(0, +) / Double(measured.count)
    return value > 0 && value.isFinite ? value : nil
  }

  /// How much cost counts: 1 in full, 0 not at all. alpha = what is left of the horizon, as a share.
  public func weight(in history: History) -> Double { max(1 - history.share(of: horizon), 0) }
}

extension History {
  /// How much of a budget is used up, by the part of it of which most is: 0 nothing, 1 all.
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
