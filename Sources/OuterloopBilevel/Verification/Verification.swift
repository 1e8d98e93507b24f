internal import OuterloopAutodiff
internal import OuterloopNumerics

/// How an estimator's answer compares with the truth on the user's own problem.
public struct Verification: Sendable, CustomStringConvertible {
  /// What an answer is compared with.
  public enum Reference: Sendable, Hashable, CustomStringConvertible {
    /// Forward mode: the whole hypergradient of training.
    case forward
    /// Central differences of the outer loss along random directions and along the estimate.
    case differences
    /// Another estimator's hypergradient.
    case estimator(Estimator)

    public var description: String {
      switch self {
      case .forward: "forward"
      case .differences: "differences"
      case .estimator(let estimator): estimator.description
      }
    }
  }
  /// The estimator that was verified.
  public var estimator: Estimator
  /// What it was compared with.
  public var reference: Reference
  /// Cosine of the angle between estimate and truth (their components, or directional derivatives).
  public var cosine: Double
  /// Norm of the estimate over norm of the truth.
  public var normRatio: Double
  /// Norm of the difference over norm of the truth.
  public var residual: Double
  /// What the estimate took.
  public var cost: Cost
  /// What the reference took.
  public var referenceCost: Cost
  /// The estimator's diagnostics of its own result: an implicit method's inner gradient norm, the
  /// residual of its linear solve, distillation's theta.
  public var diagnostics: Diagnostics

  public var description: String {
    var text =
      "\(estimator) against \(reference): cosine \(cosine), norm ratio \(normRatio), "
      + "residual \(residual)"
    if let implicit = diagnostics.implicit {
      text += "; inner gradient norm \(implicit.stationarity)"
    }
    return text
  }
}

/// One estimator among several that were verified on the same problem.
public enum Comparison: Sendable {
  /// It was compared with the reference.
  case verified(Verification)
  /// It refuses this problem, and why.
  case refused(Estimator, reason: String)
  /// It failed, through a linear system without a solution or non-finite numbers, and why.
  case failed(Estimator, reason: String)
}

extension Comparison: CustomStringConvertible {
  public var description: String {
    switch self {
    case .verified(let verification): verification.description
    case .refused(let estimator, let reason): "\(estimator) refuses the problem: \(reason)"
    case .failed(let estimator, let reason): "\(estimator) has no answer: \(reason)"
    }
  }
}

extension BilevelProblem {
  /// Compares an estimator with the truth: forward mode, or central differences of the outer loss
  /// where there are more than `forwardLimit` hyperparameters.
  ///
  /// The truth is the derivative of the T steps of training. An implicit method answers a different
  /// question, how the solution of the inner problem moves: at finite T the two differ, and both are
  /// right. Give such a method another implicit one as `reference`, and read the inner gradient norm.
  ///
  /// - Parameters:
  ///   - reference: an estimator to compare with instead, such as `.reverse` where Q is large.
  ///   - directions: random directions for differences, besides the estimate's own.
  ///   - step: the step of the differences, relative to the size of lambda; by default the cube root
  ///     of the rounding unit of its element type.
  /// - Complexity: one estimate and (1 + Q) training runs, or two per direction, or the reference.
  /// - Throws: `BilevelError` for settings out of range, and what either of the two estimators
  ///   throws.
  public func verify(
    _ estimator: Estimator, at hyper: Hyper, against reference: Estimator? = nil,
    directions: Int = 4, forwardLimit: Int = 32, step: Double? = nil, seed: UInt64 = 0
  ) throws -> Verification {
    guard directions >= 0, directions <= Self.directionLimit else {
      throw BilevelError.invalid(
        "`directions` is \(directions)",
        remedy: "use 0...\(Self.directionLimit) directions besides the estimate's own")
    }
    if let step, !(step > 0 && step.isFinite) {
      throw BilevelError.invalid(
        "`step` is \(step)", remedy: "use a positive number for the differences, or nil")
    }
    let exact = reference ?? (hyper.elementCount <= forwardLimit ? .forward : nil)
    if let exact {
      let truth = try hypergradient(at: hyper, by: exact)
      return try verification(
        estimator, hypergradient(at: hyper, by: estimator), truth,
        reference == nil ? .forward : .estimator(exact))
    }
    return try differences(
      estimator, at: hyper, directions: directions, step: step, seed: seed)
  }

  private static var directionLimit: Int { 1 << 20 }

  /// Verifies several estimators against one truth, computed once: `reference`, by default reverse
  /// mode, which is exact whatever the number of hyperparameters. Those that refuse the problem or
  /// fail report why, and the others are still compared.
  /// - Throws: what the reference throws.
  public func compare(
    _ estimators: [Estimator], at hyper: Hyper, against reference: Estimator = .reverse
  ) throws -> [Comparison] {
    let truth = try hypergradient(at: hyper, by: reference)
    return try estimators.map { estimator in
      do {
        return .verified(
          try verification(
            estimator, hypergradient(at: hyper, by: estimator), truth, .estimator(reference)))
      } catch BilevelError.refused(_, let reason, _) {
        return .refused(estimator, reason: reason)
      } catch let error as BilevelError {
        return .failed(estimator, reason: "\(error)")
      }
    }
  }

  private func verification(
    _ estimator: Estimator, _ estimate: Hypergradient<State, Hyper>,
    _ truth: Hypergradient<State, Hyper>, _ reference: Verification.Reference
  ) throws -> Verification {
    verification(
      estimator, reference, try estimate.gradient.leaves.flatMap { try $0.doubles() },
      try truth.gradient.leaves.flatMap { try $0.doubles() }, estimate, truth.cost)
  }

  private func differences(
    _ estimator: Estimator, at hyper: Hyper, directions: Int, step: Double?, seed: UInt64
  ) throws -> Verification {
    let estimate = try hypergradient(at: hyper, by: estimator)
    let given = try estimate.gradient.leaves.flatMap { try $0.doubles() }
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
    return verification(estimator, .differences, expected, slopes, estimate, cost)
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
    _ estimate: Hypergradient<State, Hyper>, _ referenceCost: Cost
  ) -> Verification {
    func norm(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    let dot = zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
    let difference = norm(zip(a, b).map { $0 - $1 })
    let (na, nb) = (norm(a), norm(b))
    return Verification(
      estimator: estimator, reference: reference,
      cosine: na > 0 && nb > 0 ? dot / (na * nb) : (na == nb ? 1 : 0),
      normRatio: nb > 0 ? na / nb : (na == 0 ? 1 : .infinity),
      residual: nb > 0 ? difference / nb : difference, cost: estimate.cost,
      referenceCost: referenceCost, diagnostics: estimate.diagnostics)
  }
}
