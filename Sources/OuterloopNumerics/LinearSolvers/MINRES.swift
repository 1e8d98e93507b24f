/// The minimal residual method (Paige & Saunders 1975) for symmetric A of any signature.
///
/// Lanczos gives `A V_k = V_{k+1} T_k` with a tridiagonal T_k; plane rotations make it upper
/// triangular with three diagonals (gamma, delta, epsilon), column by column:
///
///     beta' v' = A v - alpha v - beta v_old
///     x += phi w,   w = (v - epsilon w_2 - delta w_1) / gamma,   |b - A x| = phibar
///
/// x minimises `|b - A x|` over the Krylov space, so the residual never rises.
///
/// - Requirement: A symmetric. For singular A and b outside its range the solve ends as `singular`
///   at a least-squares solution.
/// - Stops: by `StoppingRule`, on the true residual (see `KrylovRun`); as `stagnated` when a step no
///   longer changes x and the tolerance is not met.
/// - Cost: one product and about nine passes over P numbers an iteration; about condition (not its
///   root) iterations for a digit if A is indefinite. 9 P numbers.
/// - Condition: largest over least gamma, a lower bound of the condition of T_k and so of A's on the
///   Krylov space (Choi 2006, 2.2.4); seldom off by more than ten.
/// - Differs from the textbook: residual replacement; no preconditioner and no shift (put the shift
///   into the product).
public struct MINRES: LinearSolver {
  /// When to stop.
  public var stop: StoppingRule

  /// MINRES with a stopping rule.
  public init(_ stop: StoppingRule = StoppingRule()) { self.stop = stop }

  public var requirement: LinearRequirement { .symmetric }
  public var description: String { "MINRES (\(stop))" }

  public func solve(
    _ multiply: LinearMap, _ b: [Double], from start: [Double]?
  ) throws -> LinearSolution {
    try KrylovRun.solve(multiply, b, from: start, stop, cycle: Self.cycle)
  }

  private static func cycle(_ run: inout KrylovRun) throws -> KrylovRun.CycleEnd {
    let zero = [Double](repeating: 0, count: run.b.count)
    // beta v of this and the last Lanczos step.
    var (next, last, v, product) = (run.residual, zero, zero, zero)
    var (w, w1, w2) = (zero, zero, zero)
    var (beta, lastBeta) = (run.residualNorm, 0.0)
    var phibar = beta
    var (cosine, sine) = (-1.0, 0.0)
    var (dbar, epsilon) = (0.0, 0.0)
    var (frobenius, isFirst) = (0.0, true)
    var gammas = (least: Double.infinity, largest: 0.0)
    defer { run.saw(least: gammas.least, largest: gammas.largest) }

    while !run.isOutOfIterations {
      // Lanczos: one more column of V and T.
      v.set(1 / beta, next)
      try run.product(v, &product)
      if lastBeta > 0 { product.add(-beta / lastBeta, last) }
      let alpha = v.dot(product)
      product.add(-alpha / beta, next)
      swap(&last, &next)
      swap(&next, &product)
      lastBeta = beta
      beta = next.norm
      guard alpha.isFinite, beta.isFinite else { return .stopped(.nonFinite) }
      // Column k of T; the first has nothing above its diagonal.
      frobenius += alpha * alpha + beta * beta + (isFirst ? 0 : lastBeta * lastBeta)
      isFirst = false
      let size = frobenius.squareRoot()

      // The rotation before this one acts on the new column, then a new one removes beta.
      let oldEpsilon = epsilon
      let delta = cosine * dbar + sine * alpha
      let gbar = sine * dbar - cosine * alpha
      epsilon = sine * beta
      dbar = -cosine * beta
      let gamma = (gbar * gbar + beta * beta).squareRoot()
      // A r = 0 to rounding while r is not: r is orthogonal to the range of A.
      let slope = (gbar * gbar + dbar * dbar).squareRoot()
      if slope <= 100 * Double.ulpOfOne * size || gamma <= 4 * Double.ulpOfOne * size {
        return .stopped(.singular)
      }
      cosine = gbar / gamma
      sine = beta / gamma
      let phi = cosine * phibar
      phibar *= sine
      gammas = (Swift.min(gammas.least, gamma), Swift.max(gammas.largest, gamma))

      swap(&w1, &w2)
      swap(&w, &w1)
      // w now holds the oldest direction and is written over; w1 is the last, w2 the one before.
      for index in w.indices {
        w[index] = (v[index] - oldEpsilon * w2[index] - delta * w1[index]) / gamma
      }
      run.x.add(phi, w)
      run.iterations += 1
      if phibar <= run.target || beta <= 4 * Double.ulpOfOne * size
        || Swift.abs(phi) * w.norm <= 0.5 * Double.ulpOfOne * run.x.norm
      {
        return .reached
      }
    }
    return .restart
  }
}
