/// Which trials of a study to list.
public struct TrialQuery: Sendable, Hashable {
  /// Nil: all.
  public var states: Set<TrialState.Kind>?
  /// Only trials of this number and above: the next page begins after the last one's number.
  public var from: Int
  /// How many trials at the most.
  public var limit: Int
  /// The highest numbers first: the newest `limit` trials. `from` still applies.
  public var newestFirst: Bool
  /// Whether the trials come with their reports. Without them a long list is read faster.
  public var reports: Bool

  /// A query; by default for all trials with their reports.
  public init(
    states: Set<TrialState.Kind>? = nil, from: Int = 0, limit: Int = .max,
    newestFirst: Bool = false,
    reports: Bool = true
  ) {
    self.states = states
    self.from = from
    self.limit = limit
    self.newestFirst = newestFirst
    self.reports = reports
  }

  func matches(_ trial: Trial) -> Bool {
    trial.number >= from && states?.contains(trial.state.kind) != false
  }
}

/// A summary of a study, without its trials.
public struct StudySummary: Sendable, Hashable {
  /// How many trials are in each state; states without trials are absent.
  public var counts: [TrialState.Kind: Int]
  /// The revision of the last event; 0 before the first.
  public var revision: Int
  /// When the last event was recorded, in seconds since 1970.
  public var lastEvent: Double?
  /// The best complete trial of the first objective among those that satisfy the constraints: see
  /// `StudySpecification.best`.
  public var best: Best?

  /// The best complete trial of a study.
  public struct Best: Sendable, Hashable {
    /// The trial's number.
    public var trial: Int
    /// The value of the first objective.
    public var value: Double

    /// The best trial by its number and value.
    public init(trial: Int, value: Double) {
      self.trial = trial
      self.value = value
    }
  }

  /// A summary from its parts.
  public init(
    counts: [TrialState.Kind: Int] = [:], revision: Int = 0, lastEvent: Double? = nil,
    best: Best? = nil
  ) {
    self.counts = counts
    self.revision = revision
    self.lastEvent = lastEvent
    self.best = best
  }

  /// How many trials there are, in all states.
  public var trials: Int { counts.values.reduce(0, +) }
}

// The fold over the events. Stores that keep its result answer faster.
extension StudyStore {
  public func trials(of study: StudyID, matching query: TrialQuery) async throws -> [Trial] {
    let trials = try await history(of: study).trials
    var found: [Trial] = []
    for trial in query.newestFirst ? trials.reversed() : trials where query.matches(trial) {
      guard found.count < query.limit else { break }
      found.append(trial)
      if !query.reports { found[found.count - 1].reports = [] }
    }
    return found
  }

  public func summary(of study: StudyID) async throws -> StudySummary {
    let history = try await history(of: study)
    var summary = StudySummary(revision: history.revision)
    for trial in history.trials { summary.counts[trial.state.kind, default: 0] += 1 }
    summary.lastEvent = try await events(of: study, after: history.revision - 1, limit: 1).first?
      .time
    if let best = try await specification(of: study).best(in: history),
      let value = best.values?.first
    {
      summary.best = StudySummary.Best(trial: best.number, value: value)
    }
    return summary
  }

  public func metrics(of study: StudyID) async throws -> [String] {
    var names: Set<String> = []
    for trial in try await history(of: study).trials {
      for report in trial.reports { names.formUnion(report.values.keys) }
    }
    return names.sorted()
  }

  /// The fold over all events.
  ///
  /// - Complexity: O(events) in time; memory grows with trials and reports.
  /// - Throws: `StudyError` if there is no such study, and what access to the store throws.
  public func history(of study: StudyID) async throws -> History {
    var history = History()
    while true {
      let events = try await events(of: study, after: history.revision, limit: 10_000)
      for event in events { try history.take(event) }
      if events.count < 10_000 { return history }
    }
  }
}
