internal import OuterloopStore
public import OuterloopStudy

extension PostgresStore {
  public func events(of study: StudyID, after revision: Int, limit: Int) async throws -> [Event] {
    try await read { try $0.events(of: study, after: revision, limit: limit) }
  }

  /// - Complexity: O(trials listed) in time and memory; events are not read.
  /// - Throws: `StudyError` if there is no such study, and what access to the server throws.
  public func trials(of study: StudyID, matching query: TrialQuery) async throws -> [Trial] {
    try await read { try $0.trials(of: study, matching: query) }
  }

  /// - Complexity: O(values reported); memory for the names.
  /// - Throws: `StudyError` if there is no such study, and what access to the server throws.
  public func metrics(of study: StudyID) async throws -> [String] {
    try await read { try $0.metrics(of: study) }
  }

  /// - Complexity: O(trials), without decoding any.
  /// - Throws: `StudyError` if there is no such study, and what access to the server throws.
  public func summary(of study: StudyID) async throws -> StudySummary {
    try await read { try $0.summary(of: study) }
  }

  /// Returns as soon as an event after `revision` is written, by any process; after a second at the latest, since
  /// leases expire without an event.
  ///
  /// - Throws: `CancellationError` if the task is cancelled, and what access to the server throws.
  public func awaitEvents(of study: StudyID, after revision: Int, pause: Double) async throws {
    await listener.wait(
      for: study.rawValue, after: revision, atMost: pause > 1 ? min(pause, 1e9) : 1)
    try Task.checkCancellation()
  }
}
