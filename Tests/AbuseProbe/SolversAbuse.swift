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
  typealias Product = @Sendable ([Double], inout [Double]) throws -> Void
  let description: String
  let product: Product
  let right: [Double]
  let start: [Double]?

  private init(
    _ description: String, right: [Double] = [1, 2], start: [Double]? = nil,
    product: @escaping Product = { $1 = $0 }
  ) {
    (self.description, self.product) = (description, product)
    (self.right, self.start) = (right, start)
  }

  static let wrongLengths: [SystemOfEquations] = [
    SystemOfEquations("no products") { $1 = [] },
    SystemOfEquations("long products") { $1 = $0 + $0 },
    SystemOfEquations("a product that throws") { _, _ in throw Stop() },
  ]

  static let all: [SystemOfEquations] =
    wrongLengths + [
      SystemOfEquations("empty", right: []), SystemOfEquations("b of zeros", right: [0, 0]),
      SystemOfEquations("b of NaN", right: [.nan, 1]),
      SystemOfEquations("b infinite", right: [.infinity, 1]),
      SystemOfEquations("b huge", right: [1e308, -1e308]),
      SystemOfEquations("products of NaN") { $1 = $0.map { _ in .nan } },
      SystemOfEquations("products infinite") { $1 = $0.map { _ in .infinity } },
      SystemOfEquations("products of zeros") { $1 = $0.map { 0 * $0 } },
      SystemOfEquations("negative") { $1 = $0.map { -$0 } },
      SystemOfEquations("not symmetric") { $1 = [$0[1], -$0[0]] },
      SystemOfEquations("a start too short", start: [1]),
      SystemOfEquations("a start of NaN", start: [.nan, 1]),
    ]

  private struct Stop: Error {}
}
