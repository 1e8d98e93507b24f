import OuterloopNumerics
import OuterloopText
import Testing

/// What every solver must satisfy on every matrix that it is made for. A new solver is a new row.
@Suite struct LinearSolverTableTests {
  private static let graded: [Double] = (0..<24).map { 0.2 + 0.15 * Double($0) }
  private static let clusters: [Double] = (0..<30).map { [0.05, 1, 1.9][$0 % 3] }
  /// 1e-5 to 3.2, half a decade apart.
  private static let decades: [Double] = (0..<12).map { i in
    (0..<i).reduce(1e-5) { value, _ in value * 10.0.squareRoot() }
  }
  private static let signs: [Double] = (0..<25).map { i in
    let size = 0.3 + 0.1 * Double(i)
    return i % 3 == 0 ? -size : size
  }

  static let matrices: [TestMatrix] = [
    TestMatrix("one number", spectrum: [3], seed: 1),
    TestMatrix("identity", spectrum: [1, 1, 1, 1, 1], seed: 2),
    TestMatrix("graded", spectrum: graded, seed: 3),
    TestMatrix("clusters", spectrum: clusters, seed: 4),
    TestMatrix("ill-conditioned", spectrum: decades, seed: 5),
    TestMatrix("negative", spectrum: [-1, -2, -0.5, -3], seed: 6),
    TestMatrix("indefinite", spectrum: signs, seed: 7),
    TestMatrix(general: 20, scale: 0.2, seed: 8),
    TestMatrix(general: 2, scale: 0.4, seed: 9),
  ]

  /// A solver, and what error it may make on a matrix of condition 1.
  struct Row: Sendable, CustomTestStringConvertible {
    var solver: any LinearSolver
    var tolerance: Double
    /// Neumann's series needs a spectrum in (0, 2).
    var isBounded = false
    var testDescription: String { solver.description }

    func suits(_ matrix: TestMatrix) -> Bool {
      if isBounded {
        return matrix.isPositiveDefinite && matrix.spectrum.allSatisfy { $0 > 0.04 && $0 < 1.95 }
      }
      return matrix.suits(solver.requirement)
    }
  }

  static let rows: [Row] = [
    Row(solver: ConjugateGradient(StoppingRule(relative: 1e-12)), tolerance: 1e-12),
    Row(solver: MINRES(StoppingRule(relative: 1e-12)), tolerance: 1e-12),
    Row(solver: GMRES(StoppingRule(relative: 1e-12)), tolerance: 1e-12),
    Row(
      solver: GMRES(StoppingRule(relative: 1e-12, iterations: 5000), restart: 12),
      tolerance: 1e-12),
    Row(
      solver: NeumannSeries(power: 1000, step: 1, stop: StoppingRule(relative: 1e-12)),
      tolerance: 1e-12, isBounded: true),
    Row(solver: Cholesky(), tolerance: 1e-13),
    Row(solver: LDLT(), tolerance: 1e-13),
    Row(solver: DirectSolver(), tolerance: 1e-13),
  ]

  /// Rows and the matrices that suit them.
  static let pairs = rows.flatMap { row in
    matrices.filter { row.suits($0) }.map { (row, $0) }
  }

  @Test(arguments: pairs) func solves(row: Row, matrix: TestMatrix) throws {
    // A right-hand side with a solution of size 1, so that rounding allows small residuals.
    let b = matrix.times(normal(matrix.count, seed: 11))
    let expected = matrix.solved(b)
    let solution = try row.solver.solve(matrix.multiply, b)
    #expect(solution.outcome == .converged)
    #expect(solution.outcome.advice == nil)
    let condition = matrix.spectrum.isEmpty ? 20 : matrix.condition
    let error = difference(solution.x, expected) / length(expected)
    #expect(error <= row.tolerance * condition, "error \(error)")
    // The residual is that of x, whatever the method believes.
    let truth = residual(matrix, solution.x, b)
    #expect(abs(solution.residual - truth) <= 1e-3 * truth + 1e-15, "\(truth)")
  }

  /// Products are counted, and each is one call.
  @Test(arguments: pairs) func countsProducts(row: Row, matrix: TestMatrix) throws {
    var calls = 0
    let solution = try row.solver.solve(
      { x, y in
        calls += 1
        matrix.multiply(x, &y)
      }, normal(matrix.count, seed: 12))
    #expect(solution.products == calls)
    #expect(solution.products > solution.iterations || solution.iterations == 0)
  }

  /// Half the solution as a start: the same solution; the solution as a start: no iterations.
  @Test(arguments: pairs) func warmStarts(row: Row, matrix: TestMatrix) throws {
    let b = matrix.times(normal(matrix.count, seed: 13))
    let expected = matrix.solved(b)
    let solution = try row.solver.solve(matrix.multiply, b, from: expected.map { 0.5 * $0 })
    #expect(solution.outcome == .converged)
    let condition = matrix.spectrum.isEmpty ? 20 : matrix.condition
    #expect(difference(solution.x, expected) <= row.tolerance * condition * length(expected))
    let again = try row.solver.solve(matrix.multiply, b, from: expected)
    #expect(again.outcome == .converged)
    if matrix.condition0 < 100 { #expect(again.iterations == 0) }
  }

  /// x = 0 solves A x = 0, at no cost, even from another start.
  @Test(arguments: rows) func zeroRightHandSide(row: Row) throws {
    let matrix = Self.matrices[3]
    let zero = [Double](repeating: 0, count: matrix.count)
    for start in [nil, normal(matrix.count, seed: 14)] {
      let solution = try row.solver.solve(matrix.multiply, zero, from: start)
      #expect(solution.x == zero && solution.residual == 0 && solution.products == 0)
      #expect(solution.outcome == .converged)
    }
  }

  @Test(arguments: rows) func noUnknowns(row: Row) throws {
    let solution = try row.solver.solve({ _, _ in }, [])
    #expect(solution.x.isEmpty && solution.outcome == .converged && solution.residual == 0)
  }

  /// A NaN or an infinity in a product, at once or later, is an outcome; x stays finite.
  @Test(arguments: rows, [Double.nan, .infinity]) func badProducts(row: Row, bad: Double) throws {
    let matrix = Self.matrices[3]
    let b = normal(matrix.count, seed: 15)
    for healthy in [0, 2] {
      var calls = 0
      let solution = try row.solver.solve(
        { x, y in
          matrix.multiply(x, &y)
          calls += 1
          if calls > healthy { y[calls % y.count] = bad }
        }, b)
      #expect(solution.outcome == .nonFinite, "after \(healthy) products: \(solution)")
      #expect(solution.x.allSatisfy { $0.isFinite })
      #expect(solution.outcome.advice != nil)
    }
  }

  @Test(arguments: rows) func badRightHandSide(row: Row) throws {
    let matrix = Self.matrices[3]
    var b = normal(matrix.count, seed: 16)
    b[4] = .nan
    let solution = try row.solver.solve(matrix.multiply, b)
    #expect(solution.outcome == .nonFinite && solution.residual.isNaN)
    #expect(solution.x.allSatisfy { $0 == 0 })
  }

  /// With tolerance 0 a solver ends at the precision of the arithmetic.
  @Test(arguments: [
    ConjugateGradient(StoppingRule(relative: 0)) as any LinearSolver,
    MINRES(StoppingRule(relative: 0)), GMRES(StoppingRule(relative: 0)),
    NeumannSeries(power: 1000, step: 1),
  ])
  func noTolerance(solver: any LinearSolver) throws {
    for matrix in Self.matrices[0..<4] where solver.requirement != .general || matrix.count == 30 {
      let b = normal(matrix.count, seed: 17)
      let solution = try solver.solve(matrix.multiply, b)
      #expect([.converged, .stagnated, .iterationLimit].contains(solution.outcome))
      #expect(solution.residual <= 2e-15 * matrix.condition, "\(matrix.name): \(solution)")
      if !(solver is NeumannSeries) { #expect(solution.iterations <= 12 * matrix.count + 5) }
    }
  }

  /// A residual tolerance that is absolute.
  @Test(arguments: [1e-2, 1e-5]) func absoluteTolerance(tolerance: Double) throws {
    let matrix = Self.matrices[2]
    let b = normal(matrix.count, seed: 18)
    let rule = StoppingRule(relative: 0, absolute: tolerance)
    let solvers: [any LinearSolver] = [ConjugateGradient(rule), MINRES(rule), GMRES(rule)]
    for solver in solvers {
      let solution = try solver.solve(matrix.multiply, b)
      let size = difference(b, matrix.times(solution.x))
      #expect(solution.outcome == .converged && size <= tolerance && size > 1e-3 * tolerance)
    }
  }

  /// Too few iterations are said, and x is no worse than 0.
  @Test(arguments: [
    ConjugateGradient(StoppingRule(iterations: 3)) as any LinearSolver,
    MINRES(StoppingRule(iterations: 3)), GMRES(StoppingRule(iterations: 3)),
    GMRES(StoppingRule(iterations: 3), restart: 2), NeumannSeries(power: 2, step: 0.3),
  ])
  func tooFewIterations(solver: any LinearSolver) throws {
    let matrix = Self.matrices[2]
    let b = normal(matrix.count, seed: 19)
    let solution = try solver.solve(matrix.multiply, b)
    #expect(solution.outcome == .iterationLimit && solution.iterations == 3)
    #expect(solution.residual < 1 && solution.residual > 1e-3)
    #expect(abs(solution.residual - residual(matrix, solution.x, b)) < 1e-14)
  }

  // MARK: - Conditions

  /// Estimates are lower bounds in their norm, within a factor of 10 of the truth: CG's of 1.01,
  /// since its Ritz values have converged; a tenth of the matrix at the least.
  @Test(arguments: pairs) func conditions(row: Row, matrix: TestMatrix) throws {
    guard matrix.isSymmetric, !(row.solver is NeumannSeries) else { return }
    let solution = try row.solver.solve(matrix.multiply, normal(matrix.count, seed: 20))
    let estimate = try #require(solution.conditionEstimate)
    let isDense = row.solver.isDirect
    let truth = isDense ? matrix.oneNormCondition : matrix.condition
    #expect(estimate <= truth * (1 + 1e-6), "\(estimate) of \(truth)")
    let factor = row.solver is ConjugateGradient ? 1.01 : isDense ? 3 : 10
    #expect(estimate >= truth / factor, "\(estimate) of \(truth)")
  }

  // MARK: - Misuse

  @Test(arguments: rows) func wrongLengths(row: Row) throws {
    let matrix = Self.matrices[3]
    let b = normal(matrix.count, seed: 21)
    #expect(throws: LinearSolverError.length("the product", 2, expected: matrix.count)) {
      try row.solver.solve({ _, y in y = [1, 2] }, b)
    }
    if !row.solver.isDirect {
      #expect(throws: LinearSolverError.length("the starting point", 1, expected: matrix.count)) {
        try row.solver.solve(matrix.multiply, b, from: [1])
      }
    }
  }

  @Test(arguments: rows) func errorsOfProductsPass(row: Row) {
    struct Broken: Error {}
    #expect(throws: Broken.self) { try row.solver.solve({ _, _ in throw Broken() }, [1, 2]) }
  }

  @Test(arguments: [
    ConjugateGradient(StoppingRule(relative: -1)) as any LinearSolver,
    ConjugateGradient(StoppingRule(absolute: .nan)), MINRES(StoppingRule(relative: .infinity)),
    MINRES(StoppingRule(iterations: -1)), GMRES(restart: 0), NeumannSeries(power: -1, step: 1),
    NeumannSeries(power: 2, step: 0), NeumannSeries(power: 2, step: .nan), Cholesky(damping: -1),
    LDLT(damping: .infinity),
  ])
  func badSettings(solver: any LinearSolver) {
    do {
      _ = try solver.solve({ x, y in y = x }, [1, 2])
      Issue.record("\(solver) was accepted")
    } catch LinearSolverError.setting(_, let remedy) {
      #expect(remedy.contains("at least") || remedy.contains("above"))
    } catch {
      Issue.record("\(error)")
    }
  }
}

extension LinearSolver {
  fileprivate var isDirect: Bool { self is Cholesky || self is LDLT || self is DirectSolver }
}

extension TestMatrix {
  /// The condition where the spectrum is known, 1 elsewhere.
  fileprivate var condition0: Double { spectrum.isEmpty ? 1 : condition }

  /// |A| |A^-1| in the 1-norm, by elimination column by column.
  fileprivate var oneNormCondition: Double {
    func norm(_ columns: [[Double]]) -> Double {
      columns.map { $0.reduce(0) { $0 + abs($1) } }.max()!
    }
    let inverse = rows.indices.map { k in
      solved(rows.indices.map { $0 == k ? 1 : 0 })
    }
    return norm(rows) * norm(inverse)
  }
}
