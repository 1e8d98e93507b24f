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
