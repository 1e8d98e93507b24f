/// What an estimator found out about its own answer; nil where it does not apply.
public struct Diagnostics: Sendable, Hashable {
  /// HyperDistill's correction of length.
  public var theta: Double?

  public init() {}
}
