/// Selects the trials for which a statement holds, in the language of conditions and constraints:
///
///     loss < 0.1 and lr > 1e-3 and state == complete
///
/// It may mention every column of `TrialColumns`. Where a trial has no value in a column (an inactive
/// parameter, a metric that was not reported, NaN) a comparison with it is unknown, and trials for
/// which the statement is unknown are left out.
public struct TrialFilter: Sendable {
  private let columns: TrialColumns
  private let predicate: Predicate

  /// - Throws: `SpaceError` for invalid statements: unknown columns, strings compared by size, states
  ///   that do not exist.
  public init(_ statement: String, over columns: TrialColumns) throws {
    self.columns = columns
    do { predicate = try Predicate(statement, over: columns.vocabulary) } catch {
      guard let error = error as? SpaceError else { throw error }
      throw SpaceError(
        Self.aboutColumns(error.what), Self.aboutColumns(error.remedy), in: error.place)
    }
  }

  /// Whether it certainly holds.
  /// - Parameter isStale: whether the trial's worker has exited.
  public func admits(_ trial: Trial, isStale: Bool = false) -> Bool {
    predicate.holds { columns.value($0, of: trial, isStale: isStale) }
  }

  /// Errors about spaces speak of parameters, but most columns are none. Names in backquotes are
  /// kept.
  private static func aboutColumns(_ text: String) -> String {
    text.split(separator: "`", omittingEmptySubsequences: false).enumerated().map { place, part in
      place % 2 == 1
        ? String(part)
        : part.split(separator: "parameter", omittingEmptySubsequences: false).joined(
          separator: "column")
    }.joined(separator: "`")
  }
}
