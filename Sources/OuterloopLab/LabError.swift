public import OuterloopText

/// Why a cleaning run or an experiment could not start or continue. `description` is `WHAT;
/// REMEDY`.
public struct LabError: ExplainedError, Hashable {
  /// The kind of error, for matching by case.
  public enum Cause: String, Sendable, Hashable {
    /// A setting out of its range.
    case setting
    /// The data do not fit the work: too few examples, or only one class.
    case data
    /// The method would need more memory than there is.
    case memory
    /// Training or the weights became non-finite.
    case diverged
    /// Another process is using the same folder.
    case busy
    /// The folder holds a run with other settings or data, or of another version.
    case otherRun
    /// A file of an earlier run is damaged.
    case damaged
    /// A file or folder cannot be read or written.
    case file
    /// The disk is full, or a file may not grow so large.
    case diskFull
  }

  public let cause: Cause
  /// What is wrong, with which thing.
  public let what: String
  public let remedy: String

  public init(_ cause: Cause, _ what: String, remedy: String) {
    self.cause = cause
    self.what = what
    self.remedy = remedy
  }

  /// Throws an error about a setting out of range if the condition is false.
  static func require(
    _ holds: Bool, _ name: String, _ value: some Any, _ range: String
  ) throws(LabError) {
    guard !holds else { return }
    throw LabError(
      .setting, "--\(name) \(value) is out of range", remedy: "it must be \(range)")
  }
}
