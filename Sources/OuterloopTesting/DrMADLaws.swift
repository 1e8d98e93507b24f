internal import OuterloopAutodiff
public import OuterloopBilevel
internal import OuterloopNumerics

/// What reverse mode on an approximate trajectory must satisfy on every problem.
public enum DrMADLaws {
  /// With a knot at every step it equals reverse mode: bitwise where states are interpolated, up to
  /// rounding where velocities are slopes. It always reports the state, the loss and the direct
  /// term of plain training; and T products, and the training's steps twice where knots need its
  /// length.
  ///
  /// - Throws: a `Violation` where the law does not hold, and what the calculations throw.
  public static func check(_ test: HypergradientCase, velocity: KnotVelocity = .interpolated) throws
  {
    let exact = try test.hypergradient(by: .reverse)
    for knots in [1, 2, test.steps - 1, test.steps, test.steps + 3] where knots > 0 {
      for choice in [Knots.steps(knots), .arcLength(knots)] {
        let name = "\(test) by drmad(\(choice), \(velocity))"
        let answer = try test.hypergradient(by: .drmad(choice, velocity: velocity))
        try HypergradientLaws.requireSame(answer.state, exact.state, "\(name): the final state")
        try HypergradientLaws.requireSame(answer.direct, exact.direct, "\(name): the direct term")
        let again = if case .arcLength = choice { test.steps } else { 0 }
        try HypergradientLaws.require(
          answer.loss == exact.loss && answer.cost.products == test.steps
            && answer.cost.steps == test.steps && answer.cost.recomputedSteps == again,
          "\(name): loss \(answer.loss), \(answer.cost)")
        guard knots >= test.steps else { continue }
        if velocity == .interpolated {
          try HypergradientLaws.requireSame(answer.gradient, exact.gradient, name)
        } else {
          try HypergradientLaws.requireClose(answer.gradient, exact.gradient, 1e-9, name)
        }
      }
    }
  }

  /// Where A_t and B_t do not depend on the state, any knots are exact.
  ///
  /// - Throws: a `Violation` where the law does not hold, and what the calculations throw.
  public static func checkExact(
    _ test: HypergradientCase, velocity: KnotVelocity = .interpolated
  ) throws {
    let exact = try test.hypergradient(by: .reverse)
    for knots in 1...test.steps {
      for choice in [Knots.steps(knots), .arcLength(knots)] {
        let answer = try test.hypergradient(by: .drmad(choice, velocity: velocity))
        try HypergradientLaws.requireClose(
          answer.gradient, exact.gradient, test.agreement,
          "\(test) by drmad(\(choice), \(velocity))")
      }
    }
  }

  /// The relative error of the entire hypergradient.
  ///
  /// - Throws: what the estimator and the problem throw.
  public static func error(_ test: HypergradientCase, by estimator: Estimator) throws -> Double {
    let exact = try test.hypergradient(by: .reverse).gradient
    let answer = try test.hypergradient(by: estimator).gradient
    let difference = zip(answer, exact).map { $0 - $1 }
    return try DerivativeLaws.norm(difference) / DerivativeLaws.norm(exact)
  }
}

/// What reversible learning must satisfy on every problem trained with heavy-ball momentum.
public enum ReversibleLaws {
  typealias Violation = HypergradientLaws.Violation

  /// Reversible learning equals reverse mode. The buffer holds T P log2(1 / b) bits for a momentum
  /// b, within a limb for each weight.
  ///
  /// - Throws: a `Violation` where the law does not hold, and what the calculations throw.
  public static func check(_ test: HypergradientCase, momentum: Double) throws {
    let answer = try test.hypergradient(by: .reversible)
    let exact = try test.hypergradient(by: .reverse)
    try HypergradientLaws.requireClose(
      answer.gradient, exact.gradient, test.agreement, "\(test): reversible and reverse")
    try HypergradientLaws.requireClose(
      answer.direct, exact.direct, test.agreement, "\(test): the direct term")
    try HypergradientLaws.requireClose(
      answer.state, exact.state, test.agreement, "\(test): the final state")
    let scale = Swift.max(1, Swift.abs(exact.loss))
    try HypergradientLaws.require(
      Swift.abs(answer.loss - exact.loss) <= test.agreement * scale,
      "\(test): loss \(answer.loss), by reverse \(exact.loss)")

    let cost = answer.cost
    try HypergradientLaws.require(
      cost.steps == test.steps && cost.products == test.steps
        && cost.recomputedSteps == test.steps, "\(test): \(cost)")
    let weights = answer.state.reduce(0) { $0 + $1.count } / 2
    let growth =
      -(try log(Tensor(momentum, dtype: .float64)).item())
      / (try log(Tensor(2, dtype: .float64)).item())
    let bits = Double(test.steps * weights) * growth
    try HypergradientLaws.require(
      cost.reversalBits > 0 && Swift.abs(Double(cost.reversalBits) - bits) <= Double(64 * weights),
      "\(test): \(cost.reversalBits) bits, \(bits) by the growth of the buffer")
    // Again: nothing is left over in the programs and buffers.
    let again = try test.hypergradient(by: .reversible)
    try HypergradientLaws.requireSame(again.gradient, answer.gradient, "\(test): again")
    try HypergradientLaws.requireSame(again.state, answer.state, "\(test): again, the state")
  }
}
