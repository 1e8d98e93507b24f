/// Conjugate gradients (Hestenes & Stiefel 1952) for symmetric positive definite A:
///
///     r = b - A x;  p = r
///     alpha = r'r / p'Ap;   x += alpha p;   r' = r - alpha A p
///     beta = r''r' / r'r;   p = r' + beta p
///
/// x minimises the A-norm of the error over the Krylov space, so with k distinct eigenvalues the k-th
/// iterate is exact. The norm of the residual need not fall at each step: the iterate with the least
/// one is kept.
///
/// - Requirement: A symmetric positive definite; positive semidefinite if b is in its range. A
///   direction with p'Ap < 0 ends the solve as `negativeCurvature` at the best iterate, one with
///   p'Ap = 0 to rounding, relative to the largest p'Ap seen, as `singular`.
/// - Stops: by `StoppingRule`, on the true residual (see `KrylovRun`); as `stagnated` when a step no
///   longer changes x and the tolerance is not met.
/// - Cost: one product and five passes over P numbers an iteration, about sqrt(condition) iterations
///   for a digit; 6 P numbers and two for each iteration. One more product at the end, and one for a
///   start.
/// - Condition: the extreme eigenvalues of the Lanczos matrix that alpha and beta make up (Golub &
///   Van Loan 2013, 10.2.5). A lower bound, close once the solve has converged unless b lacks the
///   extreme eigenvectors.
/// - Differs from the textbook: best iterate, residual replacement, named ends.
public struct ConjugateGradient: LinearSolver {
  /// When to stop.
  public var stop: StoppingRule

  /// Conjugate gradients with a stopping rule.
  public init(_ stop: StoppingRule = StoppingRule()) { self.stop = stop }

  public var requirement: LinearRequirement { .positiveDefinite }
  public var description: String { "conjugate gradients (\(stop))" }

  public func solve(
    _ multiply: LinearMap, _ b: [Double], from start: [Double]?
  ) throws -> LinearSolution {
    try KrylovRun.solve(multiply, b, from: start, stop, cycle: Self.cycle)
  }

  private static func cycle(_ run: inout KrylovRun) throws -> KrylovRun.CycleEnd {
    var x = run.x
    var r = run.residual
    var p = r
    var ap = [Double](repeating: 0, count: r.count)
    var rr = r.dot(r)
    var bestNorm = run.residualNorm
    /// The largest p'Ap / p'p so far.
    var largest = 0.0
    var lanczos = LanczosCoefficients()
    defer { lanczos.report(to: &run) }

    while !run.isOutOfIterations {
      try run.product(p, &ap)
      let curvature = p.dot(ap)
      guard curvature.isFinite else { return .stopped(.nonFinite) }
      let pp = p.dot(p)
      largest = Swift.max(largest, Swift.abs(curvature) / pp)
      guard curvature > Double.ulpOfOne * largest * pp else {
        let rounding = Double.ulpOfOne * pp.squareRoot() * ap.norm
        return .stopped(curvature < -rounding ? .negativeCurvature : .singular)
      }
      let alpha = rr / curvature
      x.add(alpha, p)
      r.add(-alpha, ap)
      run.iterations += 1
      let next = r.dot(r)
      guard next.isFinite else { return .stopped(.nonFinite) }
      let beta = next / rr
      lanczos.append(alpha: alpha, beta: beta)
      let norm = next.squareRoot()
      if norm < bestNorm {
        bestNorm = norm
        run.x.set(1, x)
      }
      let length = alpha * pp.squareRoot()
      if norm <= run.target || length <= 0.5 * Double.ulpOfOne * x.norm { return .reached }
      rr = next
      p.scale(beta, adding: r)
    }
    return .restart
  }
}

/// The tridiagonal matrix of the Lanczos process that conjugate gradients perform: diagonal
/// `1/alpha_j + beta_{j-1}/alpha_{j-1}`, off-diagonal `sqrt(beta_j)/alpha_j`.
private struct LanczosCoefficients {
  private var diagonal: [Double] = []
  private var offDiagonal: [Double] = []
  private var last = (alpha: 1.0, beta: 0.0)

  mutating func append(alpha: Double, beta: Double) {
    if !diagonal.isEmpty { offDiagonal.append(last.beta.squareRoot() / last.alpha) }
    diagonal.append(1 / alpha + last.beta / last.alpha)
    last = (alpha, beta)
  }

  func report(to run: inout KrylovRun) {
    guard let seen = TridiagonalSpectrum(diagonal: diagonal, offDiagonal: offDiagonal) else {
      return
    }
    run.saw(least: seen.least, largest: seen.largest)
  }
}
