/// A store that can import whole studies with their event logs.
public protocol RestoringStore: StudyStore {
  /// Creates a study together with its events: they keep their times and order and get new
  /// revisions. Its running trials have no worker here: the next `reap` releases them.
  ///
  /// - Throws: `StudyError` if a study of that name exists, or an event is inconsistent; then nothing
  ///   is stored.
  func restore(
    _ specification: StudySpecification, events: some Sequence<Event> & Sendable
  ) async throws -> StudyID
}

/// A consistent snapshot of a study with its events.
public struct StudyCopy: Sendable {
  /// What the study is.
  public var specification: StudySpecification
  /// All its events, in order.
  public let events: [Event]

  /// Reads a study, even while it is running.
  ///
  /// - Throws: `StudyError` if there is no such study.
  /// - Complexity: O(events) in time and memory.
  public init(_ study: StudyID, of store: any StudyStore) async throws {
    var events: [Event] = []
    var specification = try await store.specification(of: study)
    // A study that keeps changing is copied as it is after ten attempts.
    for _ in 0..<10 {
      while true {
        let page = try await store.events(
          of: study, after: events.last?.revision ?? 0, limit: 10_000)
        events += page
        if page.count < 10_000 { break }
      }
      // A change of its settings or its space is an event too, and must be in both or in neither.
      let now = try await store.specification(of: study)
      if now == specification { break }
      specification = now
    }
    self.specification = specification
    self.events = events
  }

  /// How many of its trials are running.
  ///
  /// - Complexity: O(events).
  public var runningTrials: Int {
    var history = History()
    for event in events { history.apply(event) }
    return history.trials.count { $0.state == .running }
  }
}
