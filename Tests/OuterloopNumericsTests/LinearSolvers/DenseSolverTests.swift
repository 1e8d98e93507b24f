import OuterloopNumerics
import Testing

/// Direct solvers: damping, definiteness, symmetry.
@Suite struct DenseSolverTests {
  /// Damping solves with A + rho I, and the residual is that system's.
  @Test(arguments: [0, 0.7]) func damping(rho: Double) throws {
    let matrix = TestMatrix("", spectrum: [0.5, 1, 4, 2], seed: 61)
    let damped = TestMatrix("", spectrum: [0.5 + rho, 1 + rho, 4 + rho, 2 + rho], seed: 61)
    let b = normal(4, seed: 62)
    let solvers: [any LinearSolver] = [Cholesky(damping: rho), LDLT(damping: rho)]
    for solver in solvers {
      let solution = try solver.solve(matrix.multiply, b)
      #expect(difference(solution.x, damped.solved(b)) < 1e-14)
      #expect(abs(solution.residual - residual(damped, solution.x, b)) < 1e-15)
      #expect(solution.residual < 1e-15 && solution.products == 5)
    }
  }

  /// An indefinite matrix is refused by Cholesky, solved by LDL', and by Cholesky with damping.
  @Test func indefinite() throws {
    let matrix = TestMatrix("", spectrum: [-0.5, 1, 4, 2], seed: 63)
    let b = normal(4, seed: 64)
    let refused = try Cholesky().solve(matrix.multiply, b)
    #expect(refused.outcome == .negativeCurvature && refused.x == [0, 0, 0, 0])
    #expect(refused.residual == 1)
    let solved = try LDLT().solve(matrix.multiply, b)
    #expect(solved.outcome == .converged && difference(solved.x, matrix.solved(b)) < 1e-14)
    #expect(try Cholesky(damping: 0.6).solve(matrix.multiply, b).outcome == .converged)
    #expect(try Cholesky(damping: 0.4).solve(matrix.multiply, b).outcome == .negativeCurvature)
  }

  /// Blocks of two on LDL's diagonal: zeros on the diagonal of A, and larger than a block of columns.
  @Test func pivots() throws {
    let swap = TestMatrix("", rows: [[0, 1], [1, 0]])
    #expect(try LDLT().solve(swap.multiply, [3, 5]).x == [5, 3])
    var rows = [[Double]](repeating: [Double](repeating: 0, count: 150), count: 150)
    let noise = normal(150 * 150, seed: 65)
    for i in 0..<150 {
      for j in 0..<i {
        rows[i][j] = noise[150 * i + j]
        rows[j][i] = rows[i][j]
      }
    }
    let matrix = TestMatrix("", rows: rows)
    let b = normal(150, seed: 66)
    let solution = try LDLT().solve(matrix.multiply, b)
    #expect(difference(solution.x, matrix.solved(b)) < 1e-10 * length(solution.x))
    #expect(solution.residual < 1e-12 && solution.outcome == .converged)
  }

  /// Asymmetry at the level of single precision is averaged, more is an error that names GMRES.
  @Test func asymmetry() throws {
    let slight = TestMatrix("", rows: [[2, 1.000001], [0.999999, 3]])
    let solution = try LDLT().solve(slight.multiply, [1, 2])
    #expect(difference(solution.x, [0.2, 0.6]) < 1e-6)
    let skew = TestMatrix("", rows: [[2, 1.1], [0.9, 3]])
    for solver in [Cholesky(), LDLT()] as [any LinearSolver] {
      do {
        _ = try solver.solve(skew.multiply, [1, 2])
        Issue.record("accepted")
      } catch {
        #expect("\(error)".contains("GMRES"))
      }
    }
  }

  /// Singular to rounding: said, with the x that was found if it fits.
  @Test func singularToRounding() throws {
    let matrix = TestMatrix("", rows: [[1, 1], [1, 1 + 1e-17]])
    let consistent = try LDLT().solve(matrix.multiply, [1, 1])
    #expect(consistent.outcome == .singular && consistent.conditionEstimate ?? .infinity > 1e15)
    let other = try LDLT().solve(matrix.multiply, [1, -1])
    #expect(other.outcome == .singular && other.residual <= 1)
  }

  // MARK: - Approximations

  /// With all columns Nystrom's formula is exact for A + rho I; with few it is as good as the rank.
  @Test(arguments: [0.01, 0.5]) func nystrom(rho: Double) throws {
    let spectrum: [Double] = (0..<10).map { $0 < 3 ? 1 + Double($0) : 0 }
    let matrix = TestMatrix("", spectrum: spectrum, seed: 67)
    let damped = TestMatrix("", spectrum: spectrum.map { $0 + rho }, seed: 67)
    let b = normal(10, seed: 68)
    let truth = damped.solved(b)
    // A of rank 3 is known from any three columns.
    for rank in [3, 7, 10, 20] {
      let solution = try Nystrom(rank: rank, damping: rho).solve(matrix.multiply, b)
      #expect(solution.outcome == .approximation && solution.products == min(rank, 10) + 1)
      #expect(difference(solution.x, truth) < 1e-8 * length(truth), "\(rank)")
      #expect(abs(solution.residual - residual(damped, solution.x, b)) < 1e-13)
    }
    let two = try Nystrom(rank: 2, damping: rho).solve(matrix.multiply, b)
    #expect(difference(two.x, truth) > 1e-2 && two.residual > 1e-2)
    #expect(abs(two.residual - residual(damped, two.x, b)) < 1e-12)
    let again = try Nystrom(rank: 2, damping: rho).solve(matrix.multiply, b)
    #expect(again == two)
    #expect(try Nystrom(rank: 2, damping: rho, seed: 1).solve(matrix.multiply, b) != two)
  }

  @Test func identity() throws {
    let matrix = TestMatrix("", spectrum: [0.5, 1, 4, 2], seed: 69)
    let b = normal(4, seed: 70)
    let solution = try IdentityInverse().solve(matrix.multiply, b)
    #expect(solution.x == b && solution.outcome == .approximation)
    #expect(abs(solution.residual - residual(matrix, b, b)) < 1e-15)
  }

  @Test func approximationsOfNothing() throws {
    for solver in [Nystrom(rank: 2, damping: 1), IdentityInverse()] as [any LinearSolver] {
      #expect(try solver.solve({ _, _ in }, []).x.isEmpty)
      #expect(try solver.solve({ x, y in y = x }, [0, 0]).x == [0, 0])
    }
    #expect(throws: LinearSolverError.self) {
      try Nystrom(rank: 0, damping: 1).solve({ x, y in y = x }, [1])
    }
    #expect(throws: LinearSolverError.self) {
      try Nystrom(rank: 1, damping: 0).solve({ x, y in y = x }, [1])
    }
    let bad = try Nystrom(rank: 1, damping: 1).solve({ _, y in y = [.nan, 0] }, [1, 1])
    #expect(bad.outcome == .nonFinite && bad.x == [0, 0])
  }
}
