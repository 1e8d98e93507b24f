/// A store that takes over whole studies, with all that happened in them.
public protocol RestoringStore: StudyStore {
  /// Creates a study together with all that happened in it, elsewhere or before: events keep their
  /// times and order and get new revisions. Trials that run in it have no worker here: the next
  /// `reap` lets them go.
  ///
  /// - Throws: `StudyError` if a study of that name exists, or an event cannot have happened; nothing
  ///   is kept then.
  func restore(
    _ specification: StudySpecification, events: some Sequence<Event> & Sendable
  ) async throws -> StudyID
}

/// A study as one moment had it, with all that happened in it.
public struct StudyCopy: Sendable {
  /// What the study is.
  public var specification: StudySpecification
  /// All its events, in order.
  public let events: [Event]

  /// Reads a study, also while it runs.
  ///
  /// - Throws: `StudyError` if there is no such study.
  /// - Complexity: O(events) in time and memory.
  public init(_ study: StudyID, of store: any StudyStore) async throws {
    var events: [Event] = []
    var specification = try await store.specification(of: study)
    // A study that is changed all the time is copied as it is after ten looks.
    for _ in 0..<10 {
      while true {
        let page = try await store.events(
          of: study, after: events.last?.revision ?? 0, limit: 10_000)
        events += page
        if page.count < 10_000 { break }
      }
      // What changed its settings or its space meanwhile is an event too, and is in both or in neither.
      let now = try await store.specification(of: study)
      if now == specification { break }
      specification = now
    }
    self.specification = specification
    self.events = events
  }

  /// How many of its trials run.
  ///
  /// - Complexity: O(events).
  public var runningTrials: Int {
    var history = History()
    for event in events { history.apply(event) }
    return history.trials.count { $0.state == .running }
  }
}
