/// The Nystrom approximation of `(A + rho I)^-1 b` from k columns of A (Hataya & Yamada 2023, Eq. 6):
///
///     A ~ C A_kk^-1 C',   C = k randomly chosen columns of A, A_kk their k rows
///     x = (b - C (rho A_kk + C'C)^-1 C' b) / rho          (Woodbury)
///
/// With k = P this is the exact solution of `(A + rho I) x = b`, not of `A x = b`.
///
/// - Requirement: A symmetric positive semidefinite for the approximation to be meaningful; rho > 0.
/// - Stops: direct; `singular` if the k x k matrix is.
/// - Cost: k products and one for the residual, 2 k^2 P operations; k P numbers. No step size.
/// - Condition: no estimate.
/// - Differs from the source: the residual of `(A + rho I) x = b` is reported, since nothing else shows
///   whether k was large enough.
public struct Nystrom: LinearSolver {
  /// k; all P columns if there are fewer.
  public var rank: Int
  /// rho, above 0.
  public var damping: Double
  /// Which columns.
  public var seed: UInt64

  /// A low-rank inverse of so many random columns.
  public init(rank: Int, damping: Double, seed: UInt64 = 0) {
    self.rank = rank
    self.damping = damping
    self.seed = seed
  }

  public var requirement: LinearRequirement { .positiveDefinite }
  public var description: String { "Nystrom (rank \(rank), damping \(damping))" }

  public func solve(
    _ multiply: LinearMap, _ b: [Double], from start: [Double]?
  ) throws -> LinearSolution {
    guard rank >= 1 else {
      throw LinearSolverError.setting("a Nystrom rank of \(rank)", remedy: "at least 1 is needed")
    }
    guard damping > 0, damping < .infinity else {
      throw LinearSolverError.setting(
        "a Nystrom damping of \(damping)", remedy: "it must be finite and above 0")
    }
    let size = b.norm
    var solution = LinearSolution(
      x: [Double](repeating: 0, count: b.count), iterations: 0, products: 0,
      residual: size == 0 ? 0 : 1, outcome: .approximation)
    if size == 0 {
      solution.outcome = .converged
      return solution
    }
    guard size.isFinite else {
      (solution.outcome, solution.residual) = (.nonFinite, .nan)
      return solution
    }
    let count = b.count
    try DenseSymmetric.require(rows: Swift.min(rank, count), of: count)
    let places = RandomKey(seed: seed, purpose: "Nystrom columns").permutation(count).prefix(rank)
    var unit = [Double](repeating: 0, count: count)
    var columns: [[Double]] = []
    for place in places {
      unit[place] = 1
      var column = unit
      try product(multiply, unit, into: &column)
      unit[place] = 0
      columns.append(column)
    }
    solution.products = columns.count

    // rho A_kk + C'C, symmetric.
    let k = columns.count
    var elements = [Double](repeating: 0, count: k * k)
    for i in 0..<k {
      for j in 0...i {
        let mean = 0.5 * (columns[i][places[j]] + columns[j][places[i]])
        elements[i * k + j] = damping * mean + columns[i].dot(columns[j])
        elements[j * k + i] = elements[i * k + j]
      }
    }
    let small = DenseSymmetric(count: k, elements: elements)
    guard small.isFinite else {
      solution.outcome = .nonFinite
      return solution
    }
    // Columns that depend on each other leave it singular, yet C'b is in its range: a shift at the
    // level of rounding picks one of the solutions, which C maps to the same vector.
    guard let factor = try SymmetricFactorization(small.shifted(by: 1e-15 * small.oneNorm)) else {
      solution.outcome = .singular
      return solution
    }
    let y = factor.solve(columns.map { $0.dot(b) })
    var x = b
    for (column, weight) in zip(columns, y) { x.add(-weight, column) }
    x.set(1 / damping, Array(x))

    var residual = x
    try product(multiply, x, into: &residual)
    solution.products += 1
    residual.add(damping, x)
    residual.scale(-1, adding: b)
    guard residual.norm.isFinite else {
      solution.outcome = .nonFinite
      return solution
    }
    solution.x = x
    solution.residual = residual.norm / size
    return solution
  }
}
