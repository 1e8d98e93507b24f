package import OuterloopCharts
package import OuterloopStudy

/// A study that the dashboard follows: the state derived from its events, updated at every request.
///
/// - Complexity: O(events) in time at first, then O(new events); memory grows with trials and reports, as in
///   `History`.
package actor FollowedStudy {
  package let id: StudyID
  private let store: any StudyStore
  private var fold: Fold
  /// The time of the last event.
  private var lastEvent: Double?
  /// The end times of the last few trials, in order.
  private var ends: [Double] = []
  /// The last events: which trial each was about.
  private var recent: [(revision: Int, trial: Int?)] = []
  private var metricNames: Set<String> = []
  private var orders = OrderCache()

  /// With epochs, also the log of training, for the pictures that show it.
  private enum Fold {
    case trials(StudySpecification, History)
    case training(TrainingLog)

    init(_ specification: StudySpecification) {
      self =
        specification.epochs > 1
        ? .training(TrainingLog(specification)) : .trials(specification, History())
    }

    var specification: StudySpecification {
      switch self {
      case .trials(let specification, _): specification
      case .training(let log): log.specification
      }
    }

    var history: History {
      switch self {
      case .trials(_, let history): history
      case .training(let log): log.history
      }
    }

    mutating func take(_ events: [Event]) throws {
      switch self {
      case .trials(let specification, var history):
        self = .trials(specification, History())
        defer { self = .trials(specification, history) }
        for event in events { try history.take(event) }
      case .training(var log):
        self = .training(TrainingLog(log.specification))
        defer { self = .training(log) }
        for event in events { try log.take(event) }
      }
    }
  }

  package init(_ id: StudyID, in store: any StudyStore) async throws {
    self.id = id
    self.store = store
    fold = Fold(try await store.specification(of: id))
  }

  // MARK: Following

  /// Applies the new events.
  ///
  /// - Throws: `StudyError` if the study has been deleted.
  package func refresh() async throws {
    let specification = try await store.specification(of: id)
    while true {
      let revision = fold.history.revision
      let events = try await store.events(of: id, after: revision, limit: Self.batch)
      // Another call may have applied them while this one waited.
      guard fold.history.revision == revision else { continue }
      if revision > 0, events.contains(where: \.isWidening) { return try await readAgain() }
      try fold.take(events)
      for event in events { note(event) }
      if events.count < Self.batch { break }
    }
    if specification.space != fold.specification.space { return try await readAgain() }
    if specification != fold.specification { adopt(specification) }
  }

  private static let batch = 10_000

  /// Rereads all events, since configurations are laid out for the current space. The old state stays until
  /// then.
  private func readAgain() async throws {
    var fresh = Fold(try await store.specification(of: id))
    var all: [Event] = []
    while true {
      let events = try await store.events(of: id, after: fresh.history.revision, limit: Self.batch)
      try fresh.take(events)
      all += events
      if events.count < Self.batch { break }
    }
    guard fresh.history.revision >= fold.history.revision else { return }
    fold = fresh
    (recent, ends) = ([], [])
    for event in all { note(event) }
  }

  private func note(_ event: Event) {
    lastEvent = event.time
    recent.append((event.revision, event.kind.isAboutStudy ? nil : event.trial))
    if recent.count > 4000 { recent.removeFirst(2000) }
    switch event.kind {
    case .finished:
      ends.append(event.time)
      if ends.count > 200 { ends.removeFirst(100) }
    case .reported(_, let report), .extended(_, let report):
      metricNames.formUnion(report.values.keys)
    default: break
    }
  }

  /// The trials that events after `revision` are about; nil if there were more events than are kept.
  func changed(after revision: Int) -> Set<Int>? {
    guard let first = recent.first?.revision, first <= revision + 1 else {
      return revision >= self.revision ? [] : nil
    }
    return Set(recent.drop { $0.revision <= revision }.compactMap(\.trial))
  }

  /// Some attributes change without an event.
  private func adopt(_ specification: StudySpecification) {
    switch fold {
    case .trials(_, let history): fold = .trials(specification, history)
    case .training(var log):
      log.adopt(specification.settings)
      fold = .training(log)
    }
  }

  // MARK: State

  package var specification: StudySpecification { fold.specification }
  package var history: History { fold.history }
  package var revision: Int { fold.history.revision }

  /// A summary of the study, without reading the store.
  ///
  /// - Complexity: O(n) for n trials.
  package var summary: StudySummary {
    let history = fold.history
    var summary = StudySummary(revision: history.revision, lastEvent: lastEvent)
    for trial in history.trials { summary.counts[trial.state.kind, default: 0] += 1 }
    if let best = specification.best(in: history), let value = best.values?.first {
      summary.best = StudySummary.Best(trial: best.number, value: value)
    }
    return summary
  }

  /// Objectives first, then other metrics by name.
  package var metrics: [String] {
    let objectives = specification.objectives.map(\.metric)
    return objectives + metricNames.subtracting(objectives).sorted()
  }

  /// The data of its pictures.
  package var figures: StudyFigures {
    switch fold {
    case .trials(let specification, let history): StudyFigures(specification, history)
    case .training(let log): StudyFigures(log)
    }
  }

  /// Finished trials per minute over the last 20; nil before the second.
  package var rate: Double? {
    let last = ends.suffix(21)
    guard let first = last.first, let end = last.last, end > first else { return nil }
    return Double(last.count - 1) / (end - first) * 60
  }

  /// The best value of the first objective so far, with the number of the trial that achieved it.
  ///
  /// - Complexity: O(n) for n trials.
  package func improvements(most count: Int) -> [(trial: Int, value: Double)] {
    let objective = specification.objectives[0]
    var steps: [(trial: Int, value: Double)] = []
    for trial in history.trials {
      guard let value = trial.value(of: objective.metric, objective: 0), trial.state == .complete,
        !value.isNaN, specification.isFeasible(trial)
      else { continue }
      if let best = steps.last, objective.loss(value) >= objective.loss(best.value) { continue }
      steps.append((trial.number, value))
    }
    if steps.count > count - 1 {
      steps = (0..<count - 1).map { steps[$0 * (steps.count - 1) / (count - 2)] }
    }
    if let best = steps.last, let newest = history.trials.last?.number, newest > best.trial {
      steps.append((newest, best.value))
    }
    return steps
  }

  /// The numbers of the trials that match, in order.
  ///
  /// - Throws: `SpaceError` for an invalid condition, `StudyError` for an unknown column.
  /// - Complexity: O(n log n) for n trials at first; O(1) as long as nothing has happened since.
  func order(_ choice: TrialChoice, stale: Set<Int>) throws -> [Int] {
    if let known = orders[choice, revision, stale] { return known }
    let order = try choice.numbers(
      of: history.trials, over: TrialColumns(specification, metrics: metrics), stale: stale)
    orders.keep(order, choice, revision, stale)
    return order
  }
}

extension Event {
  fileprivate var isWidening: Bool { if case .widened = kind { true } else { false } }
}
