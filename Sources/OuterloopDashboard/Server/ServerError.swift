public import OuterloopText

/// Why a server cannot start.
public struct ServerError: ExplainedError {
  public let what: String
  public let remedy: String
  /// Whether another port would work.
  public let isPortTaken: Bool

  init(_ what: String, _ remedy: String, isPortTaken: Bool = false) {
    self.what = what
    self.remedy = remedy
    self.isPortTaken = isPortTaken
  }
}
