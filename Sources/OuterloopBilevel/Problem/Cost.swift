/// The cost of a hypergradient.
public struct Cost: Sendable, Hashable, Codable {
  /// Training steps, not counting recomputation.
  public var steps = 0
  /// Steps recomputed because their states had not been stored.
  public var recomputedSteps = 0
  /// Plain advances of a checkpointed run, by revolve's count (see `Revolve`).
  public var advances = 0
  /// Products with the derivative of a step: adjoint steps, or tangent steps per hyperparameter; and
  /// with the Hessian of the inner loss, batch by batch.
  public var products = 0
  /// Gradients of the inner loss outside of plain training steps, batch by batch. Methods that take
  /// gradients of the outer loss along the way, rather than one at the end, count those too.
  public var gradients = 0
  /// Wall time of the run, and of tracing and planning before it (0 if nothing was compiled).
  public var seconds = 0.0
  /// Seconds of tracing and planning.
  public var compileSeconds = 0.0
  /// Bytes of states, adjoints and tangents the method holds at its peak.
  public var stateBytes = 0
  /// Bytes of products kept from the steps for their adjoints, in addition to the states.
  public var keptBytes = 0
  /// Bytes of temporaries and scratch of the compiled programs, and of hoisted values.
  public var workspaceBytes = 0
  /// Bits of information that reversible training kept, for all weights together.
  public var reversalBits = 0
  /// The largest number of states alive at once, the working ones included.
  public var liveStates = 0

  /// Bytes planned for the run.
  public var plannedBytes: Int { stateBytes + keptBytes + workspaceBytes }

  /// No cost yet.
  public init() {}
}
