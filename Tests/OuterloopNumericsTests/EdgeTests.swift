import OuterloopNumerics
import OuterloopText
import Testing

/// Counts and sizes at the ends of their range, and products of the wrong length.
@Suite struct EdgeTests {
  @Test func countsOfRandomNumbers() {
    let key = RandomKey(seed: 3)
    for count in [Int.min, -1, 0, 1 << 40, .max] {
      #expect(key.bits(count).isEmpty)
      #expect(key.permutation(count).isEmpty)
      #expect(key.split(count).isEmpty)
    }
    #expect(key.permutation(1) == [0])
    #expect(key.permutation(5).sorted() == [0, 1, 2, 3, 4])
    #expect(key.split(2).count == 2 && key.bits(3).count == 3)
    #expect(key.uniform([2], dtype: .int32).error?.description.contains("int32") == true)
    #expect(key.normal([2, -1]).error?.description.contains("negative") == true)
  }

  @Test func threads() {
    let before = ThreadBudget.threads
    defer { ThreadBudget.threads = before }
    ThreadBudget.threads = .max
    #expect(ThreadBudget.threads == 64)
    ThreadBudget.threads = .min
    #expect(ThreadBudget.threads == 1)
  }

  /// An element type of the caller's own.
  private struct Half: TensorScalar {
    static var dtype: DType { .float32 }
    var value: Int8
    init(truncating value: Double) { self.value = Int8(value * 2) }
    var asDouble: Double { Double(value) / 2 }
  }

  @Test func elementsOfAnotherType() throws {
    let tensor = Tensor([Half(truncating: 1.5), Half(truncating: -2)])
    #expect(tensor.type == TensorType([2]))
    #expect(try tensor.doubles() == [1.5, -2])
    #expect(try tensor.scalars(Half.self).map(\.value) == [3, -4])
  }

  /// Solvers, and the products of a 2 x 2 system before the one that measures the residual.
  private static let solvers: [(solver: any LinearSolver, products: Int)] = [
    (Cholesky(), 2), (LDLT(), 2), (DirectSolver(), 2), (ConjugateGradient(), 1), (MINRES(), 1),
    (GMRES(restart: .max), 1), (IdentityInverse(), 0), (NeumannSeries(power: .max, step: 0.4), 1),
    (Nystrom(rank: .max, damping: 0.1), 2),
  ]

  @Test(arguments: solvers.indices) func productsOfTheWrongLength(_ index: Int) throws {
    let (solver, before) = Self.solvers[index]
    for length in [0, 1, 3] {
      #expect(throws: LinearSolverError.self) {
        try solver.solve({ $1 = [Double](repeating: 1, count: length) }, [1, 2])
      }
    }
    // Wrong only after the matrix was made, where the residual is measured.
    var products = 0
    #expect(throws: LinearSolverError.self) {
      try solver.solve(
        { x, y in
          products += 1
          y = products > before ? [] : x.map { 2 * $0 }
        }, [1, 2])
    }
    #expect(try solver.solve({ $1 = $0.map { 2 * $0 } }, [1, 2]).x.count == 2)
  }

  @Test func matricesBeyondMemory() {
    let right = [Double](repeating: 1, count: 1 << 18)
    for solver in [Cholesky(), LDLT(), DirectSolver()] as [any LinearSolver] {
      #expect(throws: LinearSolverError.self) { try solver.solve({ $1 = $0 }, right) }
    }
  }
}
