/// An estimator's diagnostics of its own result; nil where they do not apply.
public struct Diagnostics: Sendable, Hashable {
  /// HyperDistill's correction of length.
  public var theta: Double?
  /// A hypernetwork's response, and the scale at which it was learned.
  public var response: BestResponse?
  /// Implicit methods: the quality of the inner solution and of the linear solve.
  public var implicit: ImplicitDiagnostics?

  /// Nothing to say.
  public init() {}
}
