import OuterloopNumerics
import Testing

/// What each Krylov method promises beside solving.
@Suite struct KrylovMethodTests {
  /// In exact arithmetic CG and MINRES end after as many steps as A has distinct eigenvalues; nearly
  /// so in rounding, on well conditioned matrices.
  @Test(arguments: [1, 2, 3, 5]) func distinctEigenvalues(count: Int) throws {
    let values = [1.3, 0.4, 2.1, 0.9, 3.0]
    let matrix = TestMatrix("", spectrum: (0..<20).map { values[$0 % count] }, seed: 31)
    let b = normal(20, seed: 32)
    let rule = StoppingRule(relative: 1e-12)
    let solvers: [any LinearSolver] = [ConjugateGradient(rule), MINRES(rule), GMRES(rule)]
    for solver in solvers {
      let solution = try solver.solve(matrix.multiply, b)
      #expect(solution.outcome == .converged && solution.iterations == count, "\(solver)")
      #expect(difference(solution.x, matrix.solved(b)) < 1e-11 * length(b))
    }
    // One step less does not do.
    guard count > 1 else { return }
    let less = try ConjugateGradient(StoppingRule(iterations: count - 1)).solve(matrix.multiply, b)
    #expect(less.residual > 1e-3)
  }

  /// Each CG iterate minimises the A-norm of the error over its Krylov space, so k steps never do
  /// worse than any polynomial of degree k: here than k Chebyshev steps, 2 q^k with
  /// q = (sqrt c - 1) / (sqrt c + 1).
  @Test func conjugateGradientBound() throws {
    let matrix = TestMatrix("", spectrum: (0..<60).map { 0.02 + Double($0) / 59 }, seed: 33)
    let b = normal(60, seed: 34)
    let truth = matrix.solved(b)
    func energy(_ x: [Double]) -> Double {
      let error = zip(x, truth).map { $0 - $1 }
      return zip(error, matrix.times(error)).reduce(0) { $0 + $1.0 * $1.1 }.squareRoot()
    }
    let q = (matrix.condition.squareRoot() - 1) / (matrix.condition.squareRoot() + 1)
    var power = 1.0
    for k in 1...25 {
      power *= q
      let x = try ConjugateGradient(StoppingRule(relative: 0, iterations: k))
        .solve(matrix.multiply, b).x
      #expect(energy(x) <= 2 * power * energy([Double](repeating: 0, count: 60)))
    }
  }

  /// The residuals of plain CG rise here and there; what is returned after k steps is the least of
  /// them so far.
  @Test func keepsTheBestIterate() throws {
    let spectrum: [Double] = (0..<40).map { (i: Int) -> Double in
      let place = Double(i)
      return i % 2 == 0 ? 1 + 0.01 * place : 1e-3 * place
    }
    let matrix = TestMatrix("", spectrum: spectrum, seed: 35)
    let b = normal(40, seed: 36)
    var r = b
    var p = b
    var least = length(b)
    var rises = 0
    for iterations in 1...8 {
      let ap = matrix.times(p)
      let rr = r.reduce(0) { $0 + $1 * $1 }
      let alpha = rr / zip(p, ap).reduce(0) { $0 + $1.0 * $1.1 }
      for i in r.indices { r[i] -= alpha * ap[i] }
      let beta = r.reduce(0) { $0 + $1 * $1 } / rr
      for i in p.indices { p[i] = r[i] + beta * p[i] }
      if length(r) > least, least < 0.99 * length(b) { rises += 1 }
      least = min(least, length(r))
      let solution = try ConjugateGradient(StoppingRule(iterations: iterations))
        .solve(matrix.multiply, b)
      #expect(abs(solution.residual - least / length(b)) < 1e-10)
    }
    #expect(rises > 0, "the residual rose nowhere: the test shows nothing")
  }

  /// Negative curvature is named, at once or later, and the best iterate is returned.
  @Test func negativeCurvature() throws {
    let spectrum = (0..<12).map { $0 == 11 ? -0.3 : 1 + 0.2 * Double($0) }
    let matrix = TestMatrix("", spectrum: spectrum, seed: 37)
    let b = normal(12, seed: 38)
    let solution = try ConjugateGradient().solve(matrix.multiply, b)
    #expect(solution.outcome == .negativeCurvature && solution.iterations > 0)
    #expect(solution.residual < 1)
    #expect(abs(solution.residual - residual(matrix, solution.x, b)) < 1e-14)
    let negative = TestMatrix("", spectrum: [-1, -2, -3], seed: 39)
    let none = try ConjugateGradient().solve(negative.multiply, [1, 2, 3])
    #expect(none.outcome == .negativeCurvature && none.iterations == 0 && none.x == [0, 0, 0])
    #expect(none.outcome.advice?.contains("MINRES") == true)
  }

  /// MINRES's residual falls at every step, on indefinite matrices too.
  @Test func minimalResiduals() throws {
    let matrix = LinearSolverTableTests.matrices[6]
    let b = normal(matrix.count, seed: 40)
    var last = 1.0
    for iterations in 1...matrix.count {
      let rule = StoppingRule(iterations: iterations)
      let solution = try MINRES(rule).solve(matrix.multiply, b)
      #expect(solution.residual <= last * (1 + 1e-12))
      // The least possible over the same space is what GMRES finds.
      let general = try GMRES(rule).solve(matrix.multiply, b)
      #expect(abs(solution.residual - general.residual) < 1e-8)
      last = solution.residual
    }
    #expect(last < 1e-8)
  }

  // MARK: - Singular matrices

  /// diag-like matrices with a null space: solvable where b has no part in it.
  @Test(arguments: [
    ConjugateGradient(StoppingRule(relative: 1e-12)) as any LinearSolver,
    MINRES(StoppingRule(relative: 1e-12)), GMRES(StoppingRule(relative: 1e-12)),
    NeumannSeries(power: 400, step: 0.6, stop: StoppingRule(relative: 1e-12)),
  ])
  func singularConsistent(solver: any LinearSolver) throws {
    let matrix = TestMatrix("", spectrum: [0, 0, 1, 2, 3, 0.5], seed: 41)
    let b = matrix.times(normal(6, seed: 42))
    let solution = try solver.solve(matrix.multiply, b)
    #expect(solution.outcome == .converged && residual(matrix, solution.x, b) < 2e-12)
    // Nothing of the null space came in: the solution of least norm, as all its Krylov vectors.
    let again = try solver.solve(matrix.multiply, matrix.times(solution.x))
    #expect(difference(again.x, solution.x) < 1e-10)
    #expect(length(solution.x) < 2.1 * length(b))
  }

  @Test(arguments: [
    ConjugateGradient() as any LinearSolver, MINRES(), GMRES(), Cholesky(), LDLT(),
  ])
  func singularInconsistent(solver: any LinearSolver) throws {
    let matrix = TestMatrix("", rows: [[1, 0, 0], [0, 2, 0], [0, 0, 0]])
    let solution = try solver.solve(matrix.multiply, [1, 1, 1])
    #expect([.singular, .negativeCurvature].contains(solution.outcome), "\(solution)")
    #expect(solution.residual <= 1 && solution.x.allSatisfy { $0.isFinite })
    let zero = try solver.solve({ _, y in y = [0, 0] }, [1, 2])
    #expect([.singular, .negativeCurvature].contains(zero.outcome), "\(zero)")
    #expect(zero.x == [0, 0] && zero.residual == 1)
  }

  /// MINRES ends at a least-squares solution: A r = 0.
  @Test func leastSquares() throws {
    let matrix = TestMatrix("", spectrum: [0, 1, -2, 3, 0.5, 0], seed: 43)
    let b = normal(6, seed: 44)
    let solution = try MINRES(StoppingRule(relative: 1e-14)).solve(matrix.multiply, b)
    #expect(solution.outcome == .singular)
    let rest = zip(b, matrix.times(solution.x)).map { $0 - $1 }
    #expect(length(matrix.times(rest)) < 1e-10 && length(rest) > 0.1)
  }

  // MARK: - GMRES

  /// A rotation by a quarter turn, A = [[0, -1], [1, 0]]: symmetric methods fail, restarts of length 1
  /// make no progress and say so, two steps are exact.
  @Test func quarterTurn() throws {
    let matrix = TestMatrix("", rows: [[0, -1], [1, 0]], isSymmetric: false)
    let whole = try GMRES().solve(matrix.multiply, [1, 2])
    #expect(whole.outcome == .converged && difference(whole.x, [2, -1]) < 1e-15)
    let short = try GMRES(restart: 1).solve(matrix.multiply, [1, 2])
    #expect(short.outcome == .stagnated || short.outcome == .singular)
    #expect(short.x == [0, 0] && short.residual == 1)
    #expect(throws: LinearSolverError.notSymmetric(difference: 2, size: 1)) {
      try LDLT().solve(matrix.multiply, [1, 2])
    }
  }

  /// A matrix of condition 1e7 in as many steps as it has rows.
  @Test func keepsItsBasisOrthogonal() throws {
    let matrix = TestMatrix(
      "", spectrum: (0..<16).map { i in (0..<i).reduce(1.0) { a, _ in a / 3 } }, seed: 45)
    let b = matrix.times(normal(16, seed: 46))
    let solution = try GMRES(StoppingRule(relative: 1e-14)).solve(matrix.multiply, b)
    #expect(solution.residual < 1e-13 && solution.iterations <= 17)
  }

  // MARK: - Neumann

  /// Partial sums against the series written out.
  @Test(arguments: 0...6) func partialSums(power: Int) throws {
    let matrix = TestMatrix(general: 5, scale: 0.3, seed: 47)
    let b = normal(5, seed: 48)
    var term = b
    var sum = [Double](repeating: 0, count: 5)
    for _ in 0...power {
      for i in sum.indices { sum[i] += 0.2 * term[i] }
      term = zip(term, matrix.times(term)).map { $0 - 0.2 * $1 }
    }
    let solution = try NeumannSeries(power: power, step: 0.2).solve(matrix.multiply, b)
    #expect(difference(solution.x, sum) < 1e-15)
    #expect(solution.iterations == power + 1 && solution.products == power + 1)
    #expect(abs(solution.residual - length(term) / length(b)) < 1e-15)
    #expect(solution.outcome == .iterationLimit)
  }

  /// A step beyond 2 / largest eigenvalue diverges and says so; the sum is still the series'.
  @Test func divergence() throws {
    let matrix = TestMatrix("", spectrum: [0.5, 1, 4], seed: 49)
    let b = normal(3, seed: 50)
    let fine = try NeumannSeries(power: 200, step: 0.49).solve(matrix.multiply, b)
    #expect(fine.outcome == .iterationLimit && fine.residual < 1e-3)
    for power in [3, 30, 500, 100_000] {
      let solution = try NeumannSeries(power: power, step: 0.7).solve(matrix.multiply, b)
      #expect(solution.outcome == .diverged, "\(power): \(solution)")
      #expect(solution.iterations <= 100 && solution.residual > 1)
    }
  }
}
