/// `x = b`: approximates the inverse of A by the identity.
///
/// - Requirement: none. Sound up to a factor where A is near a multiple of I.
/// - Stops: direct.
/// - Cost: one product, for the residual.
/// - Condition: no estimate.
public struct IdentityInverse: LinearSolver {
  /// The identity in place of the inverse.
  public init() {}

  public var requirement: LinearRequirement { .general }
  public var description: String { "identity" }

  public func solve(
    _ multiply: LinearMap, _ b: [Double], from start: [Double]?
  ) throws -> LinearSolution {
    let size = b.norm
    var residual = b
    if size > 0 {
      try product(multiply, b, into: &residual)
      residual.scale(-1, adding: b)
    }
    return LinearSolution(
      x: b, iterations: 0, products: size > 0 ? 1 : 0,
      residual: size > 0 ? residual.norm / size : 0, outcome: .approximation)
  }
}
