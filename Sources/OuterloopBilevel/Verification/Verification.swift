internal import OuterloopAutodiff
internal import OuterloopNumerics

/// How an estimator's answer compares with the truth on the user's own problem.
public struct Verification: Sendable, CustomStringConvertible {
  public enum Reference: String, Sendable {
    /// Forward mode: the whole hypergradient.
    case forward
    /// Central differences of the outer loss along random directions and along the estimate.
    case differences
  }
  public var estimator: Estimator
  public var reference: Reference
  /// Cosine of the angle between estimate and truth (their components, or directional derivatives).
  public var cosine: Double
  /// Norm of the estimate over norm of the truth.
  public var normRatio: Double
  /// Norm of the difference over norm of the truth.
  public var residual: Double
  public var cost: Cost
  public var referenceCost: Cost

  public var description: String {
    "\(estimator) against \(reference.rawValue): cosine \(cosine), norm ratio \(normRatio), "
      + "residual \(residual)"
  }
}

extension BilevelProblem {
  /// Compares an estimator with forward mode, or with central differences where there are more than
  /// `forwardLimit` hyperparameters.
  ///
  /// - Parameters:
  ///   - directions: random directions for differences, besides the estimate's own.
  ///   - step: the step of the differences, relative to the size of lambda; by default the cube root
  ///     of the rounding unit of its element type.
  /// - Complexity: one estimate and (1 + Q) training runs, or two per direction.
  public func verify(
    _ estimator: Estimator, at hyper: Hyper, directions: Int = 4, forwardLimit: Int = 32,
    step: Double? = nil, seed: UInt64 = 0
  ) throws -> Verification {
    let estimate = try hypergradient(at: hyper, by: estimator)
    let given = try estimate.gradient.leaves.flatMap { try $0.doubles() }
    if hyper.elementCount <= forwardLimit {
      let exact = try hypergradient(at: hyper, by: .forward)
      let truth = try exact.gradient.leaves.flatMap { try $0.doubles() }
      return verification(
        estimator, .forward, given, truth, estimate.cost, exact.cost)
    }
    var cost = Cost()
    var slopes: [Double] = []
    var expected: [Double] = []
    let scale = try hyper.leaves.flatMap { try $0.doubles() }.map { Swift.abs($0) }.max() ?? 1
    let isDouble = hyper.leaves.allSatisfy { $0.dtype == .float64 }
    let h = (step ?? (isDouble ? 6e-6 : 5e-3)) * Swift.max(scale, 1e-3)
    for index in 0...directions {
      let direction =
        index == 0 ? estimate.gradient : Self.randomDirection(hyper, seed: seed, index: index)
      let length = try direction.leaves.flatMap { try $0.doubles() }
        .reduce(0) { $0 + $1 * $1 }.squareRoot()
      guard length > 0 else { continue }
      func moved(_ sign: Double) -> Hyper {
        hyper.zipLeaves(direction) { $0 + $1 * (sign * h / length) }
      }
      let (plus, _) = try solve(at: moved(1))
      let (minus, _) = try solve(at: moved(-1))
      slopes.append((plus - minus) / (2 * h))
      let flat = try direction.leaves.flatMap { try $0.doubles() }
      expected.append(zip(flat, given).reduce(0) { $0 + $1.0 * $1.1 } / length)
      cost.steps += 2 * dynamics.steps
    }
    return verification(estimator, .differences, expected, slopes, estimate.cost, cost)
  }

  private static func randomDirection(_ hyper: Hyper, seed: UInt64, index: Int) -> Hyper {
    var leaf: UInt64 = 0
    return hyper.mapLeaves { tensor in
      leaf += 1
      return RandomKey(seed: seed, purpose: "verify \(index)", index: leaf)
        .normal(tensor.shape, dtype: tensor.dtype)
    }
  }

  private func verification(
    _ estimator: Estimator, _ reference: Verification.Reference, _ a: [Double], _ b: [Double],
    _ cost: Cost, _ referenceCost: Cost
  ) -> Verification {
    func norm(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    let dot = zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
    let difference = norm(zip(a, b).map { $0 - $1 })
    let (na, nb) = (norm(a), norm(b))
    return Verification(
      estimator: estimator, reference: reference,
      cosine: na > 0 && nb > 0 ? dot / (na * nb) : (na == nb ? 1 : 0),
      normRatio: nb > 0 ? na / nb : (na == 0 ? 1 : .infinity),
      residual: nb > 0 ? difference / nb : difference, cost: cost, referenceCost: referenceCost)
  }
}
