public import OuterloopStudy

extension SQLiteStore {
  public func events(of study: StudyID, after revision: Int, limit: Int) async throws -> [Event] {
    try read { try $0.events(of: study, after: revision, limit: limit) }
  }

  /// - Complexity: O(trials listed) in time and memory; events are not read.
  /// - Throws: `StudyError` if there is no such study, and what access to the file throws.
  public func trials(of study: StudyID, matching query: TrialQuery) async throws -> [Trial] {
    try read { try $0.trials(of: study, matching: query) }
  }

  /// - Complexity: O(values reported), about 0.1 microseconds each; memory for the names.
  /// - Throws: `StudyError` if there is no such study, and what access to the file throws.
  public func metrics(of study: StudyID) async throws -> [String] {
    try read { try $0.metrics(of: study) }
  }

  /// - Complexity: O(trials), without decoding any.
  /// - Throws: `StudyError` if there is no such study, and what access to the file throws.
  public func summary(of study: StudyID) async throws -> StudySummary {
    try read { try $0.summary(of: study) }
  }
}
