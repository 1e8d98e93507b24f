internal import OuterloopAutodiff
internal import OuterloopNumerics

extension LaplaceEvidence {
  /// Where Newton's iteration ended.
  public struct Mode: Sendable {
    public var weights: Weights
    /// psi there.
    public var loss: Double
    /// |d psi / dw|
    public var gradient: Double
    public var iterations: Int
    /// Whether the last step promised no more than `tolerance` of the loss.
    public var converged: Bool
  }

  private static var mostIterations: Int { 1 << 20 }

  /// The mode of the posterior, by Newton's method with the dense Hessian. A step that does not lower
  /// psi, or a Hessian that is not positive definite, is answered by damping, H + rho I with rho ten
  /// times larger (Levenberg 1944); after a success rho falls, and from 1e-8 to 0.
  ///
  /// - Parameter tolerance: the decrease g' H^-1 g / 2 that the last step promised, relative to
  ///   max(|psi|, 1). Convergence is quadratic: the weights are much nearer than its root.
  /// - Throws: `BilevelError` if psi is not finite at the start; what the loss throws.
  /// - Complexity: P Hessian-vector products and O(P^3) an iteration.
  public func mode(
    at hyper: Hyper, from start: Weights, tolerance: Double = 1e-20, iterationLimit: Int = 100
  ) throws -> Mode {
    guard tolerance >= 0, iterationLimit >= 0, iterationLimit <= Self.mostIterations else {
      throw BilevelError.invalid(
        "a mode to a tolerance of \(tolerance) in \(iterationLimit) iterations",
        remedy: "needs a tolerance of at least 0 and 0...\(Self.mostIterations) iterations")
    }
    guard start.elementCount == layout.count else {
      throw BilevelError.invalid(
        "a mode from weights \(start.leafTypes), \(start.elementCount) elements: there are "
          + "\(layout.count)")
    }
    var w = try layout.vector(start).materialized()
    guard try loss(Pair(w, hyper)).item().isFinite else {
      throw BilevelError.invalid(
        "the negative log joint is not finite where the search for its mode starts",
        remedy: "start from other weights")
    }
    var damping = 0.0
    var iterations = 0
    var converged = false
    while iterations < iterationLimit, !converged {
      iterations += 1
      let newton = try newtonStep(
        Pair(w, Pair(hyper, Tensor(damping, dtype: layout.dtype))))
      let before = try newton.loss.item()
      let promise = try newton.decrease.item() / 2
      let next = try (w + newton.step).materialized()
      let scale = max(abs(before), 1)
      // At the bottom psi changes by rounding only: a full step is trusted there.
      let settled = promise <= 1e-10 * scale
      if promise >= 0, settled ? true : try loss(Pair(next, hyper)).item() <= before {
        w = next
        converged = damping == 0 && promise <= tolerance * scale
        damping = settled || damping <= 1e-8 ? 0 : damping / 10
      } else {
        damping = damping == 0 ? 1e-6 : damping * 10
      }
    }
    let end = try newtonStep(Pair(w, Pair(hyper, Tensor(0, dtype: layout.dtype))))
    return Mode(
      weights: layout.weights(w), loss: try end.loss.item(),
      gradient: try end.gradient.item(), iterations: iterations, converged: converged)
  }
}
