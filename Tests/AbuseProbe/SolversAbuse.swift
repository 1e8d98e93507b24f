import OuterloopNumerics

extension AbuseRoom {
  /// Linear systems: settings, sizes, products that give the wrong length or no number.
  mutating func addSolvers() {
    add("StoppingRule.init", Edges.numbers, Edges.numbers, [nil, .min, -1, 0, .max]) {
      let rule = StoppingRule(relative: $0, absolute: $1, iterations: $2)
      return try Self.solve(ConjugateGradient(rule))
    }
    add("ConjugateGradient.init", Edges.integers) {
      try Self.solve(ConjugateGradient(StoppingRule(iterations: $0)))
    }
    add("MINRES.init", Edges.integers) { try Self.solve(MINRES(StoppingRule(iterations: $0))) }
    add("Cholesky.init", Edges.numbers) { try Self.solve(Cholesky(damping: $0)) }
    add("LDLT.init", Edges.numbers) { try Self.solve(LDLT(damping: $0)) }
    add("DirectSolver.init", Edges.numbers) { try Self.solve(DirectSolver(damping: $0)) }
    add("GMRES.init", Edges.integers) { try Self.solve(GMRES(restart: $0)) }
    add("IdentityInverse.init") { try Self.solve(IdentityInverse()) }
    add("NeumannSeries.init", [Int.max]) { try Self.solve(NeumannSeries(power: $0, step: 0.3)) }
    add("NeumannSeries.init", Edges.integers.filter { $0 < 100 }, Edges.numbers) {
      try Self.solve(NeumannSeries(power: $0, step: $1))
    }
    add("Nystrom.init", Edges.integers, Edges.numbers) {
      try Self.solve(Nystrom(rank: $0, damping: $1))
    }
    refuse("GMRES.init", [.min, 0]) { try Self.solve(GMRES(restart: $0)) }
    refuse("Nystrom.init", [.min, 0]) { try Self.solve(Nystrom(rank: $0, damping: 1)) }
    add("LinearSolution.init", Edges.integers, Edges.numbers) {
      LinearSolution(
        x: [], iterations: $0, products: $0, residual: $1, outcome: .converged
      ).outcome.description
    }

    let solvers: [any LinearSolver] = [
      Cholesky(), LDLT(), DirectSolver(), ConjugateGradient(), MINRES(), GMRES(),
      IdentityInverse(), NeumannSeries(power: 3, step: 0.1), Nystrom(rank: 2, damping: 0.1),
    ]
    for (solver, name) in zip(solvers, Self.solverNames) {
      add("\(name).solve", SystemOfEquations.all) { system in
        try solver.solve(system.product, system.right, from: system.start)
      }
      // The dense methods cannot hold this matrix, and say so.
      add("\(name).solve", [1 << 17]) { count in
        try solver.solve({ $1 = $0 }, [Double](repeating: 1, count: count)).iterations
      }
      refuse("\(name).solve", SystemOfEquations.wrongLengths) { system in
        try solver.solve(system.product, system.right, from: nil)
      }
    }
    add("LinearSolver.solve", SystemOfEquations.all) { system in
      try ConjugateGradient().solve(system.product, system.right)
    }
  }

  private static let solverNames = [
    "Cholesky", "LDLT", "DirectSolver", "ConjugateGradient", "MINRES", "GMRES", "IdentityInverse",
    "NeumannSeries", "Nystrom",
  ]

  private static func solve(_ solver: some LinearSolver) throws -> String {
    let found = try solver.solve({ $1 = [2 * $0[0], 3 * $0[1]] }, [1, -1])
    return "\(solver) \(solver.requirement) \(found.outcome) \(found.outcome.advice ?? "")"
  }
}

/// `A x = b` by its products.
struct SystemOfEquations: Sendable, CustomStringConvertible {
  let description: String
  let product: @Sendable ([Double], inout [Double]) throws -> Void
  let right: [Double]
  var start: [Double]?

  static let wrongLengths: [SystemOfEquations] = [
    SystemOfEquations(description: "no products", product: { $1 = [] }, right: [1, 2]),
    SystemOfEquations(description: "long products", product: { $1 = $0 + $0 }, right: [1, 2]),
    SystemOfEquations(
      description: "a product that throws", product: { _, _ in throw Stop() }, right: [1, 2]),
  ]

  static let all: [SystemOfEquations] =
    wrongLengths + [
      SystemOfEquations(description: "empty", product: { $1 = $0 }, right: []),
      SystemOfEquations(description: "b of zeros", product: { $1 = $0 }, right: [0, 0]),
      SystemOfEquations(description: "b of NaN", product: { $1 = $0 }, right: [.nan, 1]),
      SystemOfEquations(description: "b infinite", product: { $1 = $0 }, right: [.infinity, 1]),
      SystemOfEquations(description: "b huge", product: { $1 = $0 }, right: [1e308, -1e308]),
      SystemOfEquations(
        description: "products of NaN", product: { $1 = $0.map { _ in .nan } }, right: [1, 2]),
      SystemOfEquations(
        description: "products infinite", product: { $1 = $0.map { _ in .infinity } },
        right: [1, 2]),
      SystemOfEquations(
        description: "products of zeros", product: { $1 = $0.map { 0 * $0 } }, right: [1, 2]),
      SystemOfEquations(
        description: "negative", product: { $1 = $0.map { -$0 } }, right: [1, 2]),
      SystemOfEquations(
        description: "not symmetric", product: { $1 = [$0[1], -$0[0]] }, right: [1, 2]),
      SystemOfEquations(
        description: "a start too short", product: { $1 = $0 }, right: [1, 2], start: [1]),
      SystemOfEquations(
        description: "a start of NaN", product: { $1 = $0 }, right: [1, 2], start: [.nan, 1]),
    ]

  private struct Stop: Error {}
}
