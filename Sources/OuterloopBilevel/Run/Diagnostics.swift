/// What an estimator found out about its own answer; nil where it does not apply.
public struct Diagnostics: Sendable, Hashable {
  /// HyperDistill's correction of length.
  public var theta: Double?
  /// A hypernetwork's response, and the scale at which it was learned.
  public var response: BestResponse?
  /// Implicit methods: how good the inner solution and the linear solve are.
  public var implicit: ImplicitDiagnostics?

  /// Nothing to say.
  public init() {}
}
