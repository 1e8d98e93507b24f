internal import OuterloopAutodiff
internal import OuterloopBilevel
internal import OuterloopLearning
internal import OuterloopNumerics

/// What implicit hypergradients equal at a solution of the inner problem, on every row of a table of
/// strongly convex problems.
public enum ImplicitLaws {
  /// A law that does not hold, in words.
  public typealias Violation = HypergradientLaws.Violation

  private static let solution = InnerSolution.lbfgs(LBFGS(tolerance: 1e-13))
  private static let tight = StoppingRule(relative: 1e-13)

  /// Every exact solver gives the same hypergradient, by training or by L-BFGS; Krylov methods need
  /// at most P iterations; the Neumann series converges to it.
  ///
  /// - Throws: a `Violation` where the law does not hold, and what the calculations throw.
  public static func checkSolvers(_ test: ImplicitCase) throws {
    let dense = try test.hypergradient(by: .implicit(.dense, inner: solution))
    let solvers: [CurvatureSolver] = [
      .cg(tight), .minres(tight), .gmres(tight), .neumann(terms: 400, step: test.rate),
    ]
    for solver in solvers {
      for inner in [solution, .training] {
        let other = try test.hypergradient(by: .implicit(solver, inner: inner))
        try requireClose(other, dense, test.agreement, "\(test): \(solver) by \(inner)")
        let diagnostics = try require(other.diagnostics, "\(test): no diagnostics")
        try hold(
          diagnostics.residual < test.agreement, "\(test) \(solver): residual \(diagnostics)")
        if case .neumann = solver { continue }
        try hold(
          diagnostics.iterations <= test.weightCount && diagnostics.iterations > 0,
          "\(test) \(solver): \(diagnostics.iterations) iterations for \(test.weightCount) weights")
      }
    }
  }

  /// The reported stationarity is the norm of the gradient at the returned weights, and it is small.
  ///
  /// - Throws: a `Violation` where the law does not hold, and what the calculations throw.
  public static func checkStationarity(_ test: ImplicitCase) throws {
    let inners: [InnerSolution] = [
      solution, .training, .trainingUntil(tolerance: 1e-3, every: 1),
      .lbfgs(LBFGS(tolerance: 1e-3)),
    ]
    for (index, inner) in inners.enumerated() {
      let answer = try test.hypergradient(by: .implicit(.dense, inner: inner))
      let norm = length(try test.innerGradient(at: answer.weights))
      let said = try require(answer.diagnostics, "\(test): no diagnostics").stationarity
      try hold(Swift.abs(said - norm) <= 1e-6 * norm + 1e-15, "\(test) \(inner): \(said), \(norm)")
      try hold(
        index < 2 ? norm <= 1e-9 : norm <= 1e-3 && norm > 1e-9, "\(test) \(inner): \(norm)")
    }
  }

  /// Damping solves with H + rho I: the Nystrom approximation from all columns equals that inverse,
  /// not H^-1.
  ///
  /// - Throws: a `Violation` where the law does not hold, and what the calculations throw.
  public static func checkNystrom(_ test: ImplicitCase, damping: Double = 0.3) throws {
    let damped = try test.hypergradient(by: .implicit(.dense, damping: damping, inner: solution))
    let whole = try test.hypergradient(
      by: .implicit(.nystrom(rank: test.weightCount), damping: damping, inner: solution))
    try requireClose(whole, damped, 100 * test.agreement, "\(test): Nystrom of all columns")
    let plain = try test.hypergradient(by: .implicit(.dense, inner: solution))
    try hold(try error(damped, plain) > 0.01, "\(test): damping changed nothing")
    let krylov = try test.hypergradient(
      by: .implicit(.cg(tight), damping: damping, inner: solution))
    try requireClose(krylov, damped, test.agreement, "\(test): damped CG")
  }

  /// The Neumann series with K terms at rate eta corresponds to K steps of gradient descent at w*;
  /// the identity to the last step without its rate.
  ///
  /// - Throws: a `Violation` where the law does not hold, and what the calculations throw.
  public static func checkTruncation(_ test: ImplicitCase) throws {
    for terms in [1, 2, 5] {
      let series = try test.hypergradient(by: .implicit(.neumann(terms: terms, step: test.rate)))
      let steps = try test.hypergradient(by: .truncated(terms))
      try requireClose(series, steps, test.agreement, "\(test): \(terms) terms and steps")
    }
    let identity = try test.hypergradient(by: .implicit(.identity)).indirect()
    let last = try test.hypergradient(by: .oneStep).indirect().map { $0 / test.rate }
    try hold(
      distance(identity, last) <= test.agreement * length(last), "\(test): identity and one step")
  }

  /// The fixed-point form equals the implicit function theorem, whatever the rate of the map and its
  /// momentum; its series is truncated reverse mode through the whole state.
  ///
  /// - Throws: a `Violation` where the law does not hold, and what the calculations throw.
  public static func checkFixedPoint(_ test: ImplicitCase) throws {
    let exact = try test.hypergradient(by: .implicit(.dense, inner: solution))
    let trainers: [ImplicitCase.Trainer] = [.descent(1), .descent(0.6), .momentum(0.5)]
    for trainer in trainers {
      let fixed = try test.hypergradient(by: .fixedPoint(.gmres(tight)), trainedBy: trainer)
      try requireClose(fixed, exact, 10 * test.agreement, "\(test): fixed point of \(trainer)")
      for terms in [1, 3] {
        let series = try test.hypergradient(
          by: .fixedPoint(.neumann(terms: terms)), trainedBy: trainer)
        let steps = try test.hypergradient(by: .truncated(terms), trainedBy: trainer)
        try requireClose(
          series, steps, test.agreement, "\(test): \(terms) terms of \(trainer)'s fixed point")
      }
      let last = try test.hypergradient(by: .fixedPoint(.identity), trainedBy: trainer)
      let one = try test.hypergradient(by: .oneStep, trainedBy: trainer)
      try requireClose(last, one, test.agreement, "\(test): identity at \(trainer)'s fixed point")
    }
  }

  /// Reverse mode through a long training tends to the implicit hypergradient.
  ///
  /// - Throws: a `Violation` where the law does not hold, and what the calculations throw.
  public static func checkLongTraining(_ test: ImplicitCase) throws {
    let exact = try test.hypergradient(by: .implicit(.dense, inner: solution))
    let trainers: [ImplicitCase.Trainer] = [.descent(1), .momentum(0.5)]
    for trainer in trainers {
      let unrolled = try test.hypergradient(by: .reverse, trainedBy: trainer)
      try requireClose(unrolled, exact, 10 * test.agreement, "\(test): reverse through \(trainer)")
    }
  }

  /// Larsen's curvature from single examples: Woodbury's formula equals a dense solve with `F =
  /// (1/n) G'G + rho I`, its gradient by a product outside the compiled programs.
  ///
  /// - Throws: a `Violation` where the law does not hold, and what the calculations throw.
  public static func checkLarsen(_ test: ImplicitCase, damping: Double = 0.2) throws {
    let answer = try test.hypergradient(by: .implicit(.larsen, damping: damping, batches: 1))
    let w = answer.weights
    let rows = try (0..<test.examples).map { try test.innerGradient(at: w, example: $0) }
    let b = try test.outerGradient(at: w)
    let q = try Cholesky().solve(
      { x, y in
        for i in y.indices { y[i] = damping * x[i] }
        for row in rows {
          let part = zip(row, x).reduce(0) { $0 + $1.0 * $1.1 } / Double(rows.count)
          for i in y.indices { y[i] += part * row[i] }
        }
      }, b
    ).x
    let expected = try test.mixedProduct(at: w, q).map { -$0 }
    let indirect = try answer.indirect()
    try hold(
      distance(indirect, expected) <= test.agreement * length(expected),
      "\(test): Larsen \(indirect), dense \(expected)")
  }

  // MARK: - Comparisons

  private static func hold(_ condition: Bool, _ what: @autoclosure () -> String) throws {
    if !condition { throw Violation(what()) }
  }

  private static func require<Value>(_ value: Value?, _ what: String) throws -> Value {
    guard let value else { throw Violation(what) }
    return value
  }

  private static func length(_ x: [Double]) -> Double {
    x.reduce(0) { $0 + $1 * $1 }.squareRoot()
  }

  private static func distance(_ x: [Double], _ y: [Double]) -> Double {
    length(zip(x, y).map { $0 - $1 })
  }

  private static func error(_ a: ImplicitCase.Answer, _ b: ImplicitCase.Answer) throws -> Double {
    let (x, y) = (
      try a.gradient.flatMap { try $0.doubles() }, try b.gradient.flatMap { try $0.doubles() }
    )
    return distance(x, y) / length(y)
  }

  private static func requireClose(
    _ a: ImplicitCase.Answer, _ b: ImplicitCase.Answer, _ tolerance: Double, _ what: String
  ) throws {
    let difference = try error(a, b)
    try hold(difference <= tolerance, "\(what): relative difference \(difference)")
    let indirect = length(try b.indirect())
    try hold(indirect > 0, "\(what): nothing comes through the weights")
    try hold(
      distance(try a.indirect(), try b.indirect()) <= tolerance * indirect,
      "\(what): relative difference of the indirect parts")
  }
}
