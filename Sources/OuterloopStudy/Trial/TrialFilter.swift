/// Which trials a statement holds of, in the language of conditions and constraints:
///
///     loss < 0.1 and lr > 1e-3 and state == complete
///
/// It may mention every column of `TrialColumns`. Where a trial has nothing in a column (a parameter
/// that is inactive, a metric that was not reported, NaN) what is said about it is unknown, and a trial
/// of which the statement is unknown is left out.
public struct TrialFilter: Sendable {
  private let columns: TrialColumns
  private let predicate: Predicate

  /// - Throws: `SpaceError` for what cannot be meant: unknown columns, texts compared by size, states
  ///   that no trial has.
  public init(_ statement: String, over columns: TrialColumns) throws {
    self.columns = columns
    do { predicate = try Predicate(statement, over: columns.vocabulary) } catch {
      guard let error = error as? SpaceError else { throw error }
      throw SpaceError(
        Self.aboutColumns(error.what), Self.aboutColumns(error.remedy), in: error.place)
    }
  }

  /// Whether it certainly holds.
  /// - Parameter isStale: whether the trial runs for a worker that is gone.
  public func admits(_ trial: Trial, isStale: Bool = false) -> Bool {
    predicate.holds { columns.value($0, of: trial, isStale: isStale) }
  }

  /// Errors about spaces speak of parameters; here most things are none. Names stand in backquotes,
  /// and stay.
  private static func aboutColumns(_ text: String) -> String {
    text.split(separator: "`", omittingEmptySubsequences: false).enumerated().map { place, part in
      place % 2 == 1
        ? String(part)
        : part.split(separator: "parameter", omittingEmptySubsequences: false).joined(
          separator: "column")
    }.joined(separator: "`")
  }
}
