/// The dense solve of `(A + rho I) x = b` by whichever factorisation fits: Cholesky's, and where that
/// shows A + rho I not to be positive definite, `P U D U' P'`.
///
/// - Requirement: A symmetric, A + rho I not singular. Products that are not symmetric throw.
/// - Stops: direct.
/// - Cost: P products, P^3 / 3 operations (twice that if A is indefinite) and P^2 numbers; P up to a
///   few thousand. One more product for the residual.
/// - Condition: as `Cholesky` and `LDLT`.
public struct DirectSolver: LinearSolver {
  /// rho, at least 0.
  public var damping: Double

  /// A solver that adds `damping` to the diagonal.
  public init(damping: Double = 0) { self.damping = damping }

  public var requirement: LinearRequirement { .symmetric }
  public var description: String { damping == 0 ? "direct" : "direct (damping \(damping))" }

  public func solve(
    _ multiply: LinearMap, _ b: [Double], from start: [Double]?
  ) throws -> LinearSolution {
    try DenseSolve.solve(multiply, b, damping: damping, failure: .singular) { matrix in
      if let factor = try CholeskyFactorization(matrix) {
        return (factor.solve, factor.reciprocalCondition)
      }
      guard let factor = try SymmetricFactorization(matrix) else { return nil }
      return (factor.solve, factor.reciprocalCondition)
    }
  }
}

/// The dense Cholesky solve of `(A + rho I) x = b`.
///
/// - Requirement: A symmetric and A + rho I positive definite; if it is not, to rounding, the outcome
///   is `negativeCurvature` and x is 0. Products that are not symmetric throw.
/// - Stops: direct.
/// - Cost: P products, P^3 / 3 operations and P^2 numbers; P up to a few thousand. One more product
///   for the residual.
/// - Condition: LAPACK's `dpocon`, in the 1-norm: a lower bound, seldom off by more than three (Higham
///   1988). Below one rounding unit the outcome is `singular`.
/// - Differs from LAPACK's driver: the two triangles are averaged, so that A's rounding counts half.
public struct Cholesky: LinearSolver {
  /// rho, at least 0.
  public var damping: Double

  /// A solver that adds `damping` to the diagonal.
  public init(damping: Double = 0) { self.damping = damping }

  public var requirement: LinearRequirement { .positiveDefinite }
  public var description: String { damping == 0 ? "Cholesky" : "Cholesky (damping \(damping))" }

  public func solve(
    _ multiply: LinearMap, _ b: [Double], from start: [Double]?
  ) throws -> LinearSolution {
    try DenseSolve.solve(multiply, b, damping: damping, failure: .negativeCurvature) { matrix in
      guard let factor = try CholeskyFactorization(matrix) else { return nil }
      return (factor.solve, factor.reciprocalCondition)
    }
  }
}

/// The dense solve of `(A + rho I) x = b` by `P U D U' P'`, for symmetric A of any signature (Bunch &
/// Kaufman 1977).
///
/// - Requirement: A symmetric, A + rho I not singular; if it is, the outcome is `singular`. Products
///   that are not symmetric throw.
/// - Stops: direct.
/// - Cost: P products, P^3 / 3 operations and P^2 numbers; P up to a few thousand. One more product
///   for the residual.
/// - Condition: LAPACK's `dsycon`, in the 1-norm: a lower bound, seldom off by more than three (Higham
///   1988).
/// - Differs from LAPACK's driver: the two triangles are averaged, so that A's rounding counts half.
public struct LDLT: LinearSolver {
  /// rho, at least 0. Damping moves the eigenvalues of an indefinite A, some of them towards 0.
  public var damping: Double

  /// A solver that adds `damping` to the diagonal.
  public init(damping: Double = 0) { self.damping = damping }

  public var requirement: LinearRequirement { .symmetric }
  public var description: String { damping == 0 ? "LDL'" : "LDL' (damping \(damping))" }

  public func solve(
    _ multiply: LinearMap, _ b: [Double], from start: [Double]?
  ) throws -> LinearSolution {
    try DenseSolve.solve(multiply, b, damping: damping, failure: .singular) { matrix in
      guard let factor = try SymmetricFactorization(matrix) else { return nil }
      return (factor.solve, factor.reciprocalCondition)
    }
  }
}
