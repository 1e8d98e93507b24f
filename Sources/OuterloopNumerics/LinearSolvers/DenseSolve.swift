/// What the direct methods share: the matrix from products, a factorisation, the true residual.
enum DenseSolve {
  /// A factor of the matrix: how to solve with it, and its reciprocal condition number.
  typealias Factor = (solve: ([Double]) -> [Double], reciprocalCondition: Double)

  static func solve(
    _ multiply: LinearMap, _ b: [Double], damping: Double, failure: LinearSolution.Outcome,
    factor: (DenseSymmetric) throws -> Factor?
  ) throws -> LinearSolution {
    guard damping >= 0, damping < .infinity else {
      throw LinearSolverError.setting(
        "a damping of \(damping)", remedy: "it must be finite and at least 0")
    }
    let size = b.norm
    var solution = LinearSolution(
      x: [Double](repeating: 0, count: b.count), iterations: 0, products: 0,
      residual: size == 0 ? 0 : 1, outcome: .converged)
    if size == 0 { return solution }
    guard size.isFinite else {
      solution.outcome = .nonFinite
      solution.residual = .nan
      return solution
    }
    let matrix = try DenseSymmetric(count: b.count, damping: damping, products: multiply)
    solution.products = b.count
    guard matrix.isFinite else {
      solution.outcome = .nonFinite
      return solution
    }
    guard let factor = try factor(matrix) else {
      solution.outcome = failure
      return solution
    }
    let x = factor.solve(b)
    var residual = x
    try product(multiply, x, into: &residual)
    solution.products += 1
    residual.add(damping, x)
    residual.scale(-1, adding: b)
    solution.conditionEstimate = 1 / factor.reciprocalCondition
    // A singular matrix whose pivots are rounding: x is noise unless b happens to fit.
    let norm = residual.norm
    if factor.reciprocalCondition < Double.ulpOfOne { solution.outcome = .singular }
    guard norm.isFinite else {
      solution.outcome = .singular
      return solution
    }
    if solution.outcome == .singular, norm > size { return solution }
    solution.x = x
    solution.residual = norm / size
    return solution
  }
}
