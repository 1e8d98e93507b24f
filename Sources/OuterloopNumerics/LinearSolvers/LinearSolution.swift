/// What a linear solver found, and how far it can be trusted.
public struct LinearSolution: Sendable, Hashable {
  /// The best x found.
  public var x: [Double]
  /// Steps of the method; 0 for direct ones.
  public var iterations: Int
  /// Products with A, those that measure the residual included.
  public var products: Int
  /// `|b - A x| / |b|` in 2-norms, computed from `x` itself at the end, not by the recurrence, which
  /// drifts; 0 for b = 0. With damping rho, A is `A + rho I`.
  public var residual: Double
  /// An estimate of the condition number of A, from below, where the method has one at no cost. In
  /// the 2-norm for iterative methods (of A on the Krylov space of b), in the 1-norm for direct ones.
  public var conditionEstimate: Double?
  /// How the solve ended.
  public var outcome: Outcome

  /// A solution and how it was found.
  public init(
    x: [Double], iterations: Int, products: Int, residual: Double,
    conditionEstimate: Double? = nil, outcome: Outcome
  ) {
    self.x = x
    self.iterations = iterations
    self.products = products
    self.residual = residual
    self.conditionEstimate = conditionEstimate
    self.outcome = outcome
  }

  /// How a solve ended.
  public enum Outcome: String, Sendable, Hashable, Codable, CustomStringConvertible {
    /// The true residual meets the tolerance; direct methods: A is not singular to rounding.
    case converged
    /// The formula of an approximate inverse was evaluated: the residual shows its accuracy.
    case approximation
    /// The allowed number of iterations, or of terms of a series, was used up.
    case iterationLimit
    /// Rounding keeps the residual above the tolerance.
    case stagnated
    /// A direction p with p'Ap < 0 showed that A is not positive definite.
    case negativeCurvature
    /// A is singular, and b is not in its range as far as rounding can tell.
    case singular
    /// The terms of a series grow.
    case diverged
    /// A product, or b, has a NaN or an infinity.
    case nonFinite

    /// Whether the tolerance was met.
    public var isConverged: Bool { self == .converged }

    public var description: String {
      switch self {
      case .converged: "converged"
      case .approximation: "approximation"
      case .iterationLimit: "iteration limit reached"
      case .stagnated: "stagnated above the tolerance"
      case .negativeCurvature: "negative curvature: the matrix is not positive definite"
      case .singular: "the matrix is singular"
      case .diverged: "diverged"
      case .nonFinite: "non-finite numbers"
      }
    }

    /// What to do about it; nil if nothing.
    public var advice: String? {
      switch self {
      case .converged, .approximation: nil
      case .iterationLimit: "allow more iterations, loosen the tolerance or add damping"
      case .stagnated: "loosen the tolerance or add damping"
      case .negativeCurvature:
        "use MINRES or LDL', add damping beyond the most negative eigenvalue, or solve the inner "
          + "problem further"
      case .singular: "add damping"
      case .diverged: "lower the step of the series below 2 over the largest eigenvalue"
      case .nonFinite: "check the point at which the products are taken"
      }
    }
  }
}
