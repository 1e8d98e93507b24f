internal import OuterloopAutodiff
public import OuterloopBilevel
internal import OuterloopNumerics

/// What reverse mode on an approximate trajectory must satisfy on every problem.
public enum DrMADLaws {
  /// With a knot at every step it is reverse mode: bit by bit where states are interpolated, to
  /// rounding where velocities are slopes. It always reports the state, the loss and the direct
  /// term of plain training; and T products, and the training's steps twice where knots need its
  /// length.
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

  /// The relative error of the whole hypergradient.
  public static func error(_ test: HypergradientCase, by estimator: Estimator) throws -> Double {
    let exact = try test.hypergradient(by: .reverse).gradient
    let answer = try test.hypergradient(by: estimator).gradient
    let difference = zip(answer, exact).map { $0 - $1 }
    return try DerivativeLaws.norm(difference) / DerivativeLaws.norm(exact)
  }
}
