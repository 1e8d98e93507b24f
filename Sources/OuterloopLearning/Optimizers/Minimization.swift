public import OuterloopText

/// The result of a minimisation.
public struct Minimization<Point: Sendable>: Sendable {
  /// The best point.
  public var point: Point
  /// The value there.
  public var value: Double
  /// The gradient there.
  public var gradient: Point
  /// The 2-norm over all numbers.
  public var gradientNorm: Double
  /// Iterations made.
  public var iterations: Int
  /// Values with gradients that were computed.
  public var evaluations: Int
  /// How it ended.
  public var outcome: MinimizationOutcome
}

/// How a minimisation ended.
public enum MinimizationOutcome: String, Sendable, Hashable, Codable, CustomStringConvertible {
  /// The gradient meets the tolerance.
  case converged
  /// As many iterations as are allowed.
  case iterationLimit
  /// Neither the value nor the gradient improves any more, at the precision of the value.
  case roundingLimit
  /// No step along the steepest descent direction decreases the value as its gradient predicts.
  case lineSearchFailed
  /// The value decreases without bound along a direction.
  case unbounded
  /// The value or the gradient at the start is NaN or infinite.
  case nonFinite

  /// Whether the tolerance was met.
  public var isConverged: Bool { self == .converged }

  public var description: String {
    switch self {
    case .converged: "converged"
    case .iterationLimit: "iteration limit reached"
    case .roundingLimit: "rounding stopped progress above the tolerance"
    case .lineSearchFailed: "the line search failed"
    case .unbounded: "unbounded below"
    case .nonFinite: "non-finite at the start"
    }
  }

  /// What to do about it; nil if nothing.
  public var advice: String? {
    switch self {
    case .converged: nil
    case .iterationLimit: "allow more iterations or loosen the tolerance"
    case .roundingLimit: "loosen the tolerance, or compute in float64"
    case .lineSearchFailed: "check that the loss is smooth there and that its gradient is right"
    case .unbounded: "add a regularizer: the loss has no minimum along a direction"
    case .nonFinite: "start from another point"
    }
  }
}

/// Misuse of `LBFGS`.
public enum LBFGSError: ExplainedError, Hashable {
  /// A setting outside its range, or parameters that are not floating-point.
  case setting(String, remedy: String)
  /// A gradient of another length than the point.
  case gradientLength(Int, expected: Int)

  public var what: String {
    switch self {
    case .setting(let what, _): what
    case .gradientLength(let count, let expected):
      "the gradient has \(count) elements, but the point has \(expected)"
    }
  }

  public var remedy: String {
    switch self {
    case .setting(_, let remedy): remedy
    case .gradientLength: "give one derivative for each coordinate"
    }
  }
}
