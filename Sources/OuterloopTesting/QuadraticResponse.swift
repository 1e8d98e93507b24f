public import OuterloopAutodiff
public import OuterloopBilevel
public import OuterloopLearning
public import OuterloopNumerics

/// A bilevel problem whose best response is known: with weights w (P) in two tensors and
/// hyperparameters l (Q) in two tensors,
///
///     L = w' H w / 2 - w' (N l + c),    E = |w - d|^2 / 2 + k . l
///
/// so that `w*(l) = H^-1 (N l + c)`, `dw*/dl = H^-1 N`, and `dE/dl = N' H^-1 (w* - d) + k`.
public struct QuadraticResponse: Sendable {
  /// The problem.
  public let problem: BilevelProblem<TrainingState<[Tensor]>, [Tensor], NoTensors>
  /// lambda.
  public let hyper: [Tensor]
  /// dw*/dl as a `BestResponse` has it: for each weight tensor a row for each number of l.
  public let slopes: [[Double]]
  /// w*(l)
  public let solution: [Double]
  /// dE/dl at w*(l), and its direct part.
  public let gradient, direct: [Double]

  /// - Parameter optimizer: trains w; H has eigenvalues between 0.5 and about 2.
  /// - Throws: what the estimator and the problem throw.
  public init(
    steps: Int, dtype: DType = .float64, seed: UInt64 = 1,
    optimizer: @escaping @Sendable () -> Optimizer
  ) throws {
    let (p, q) = (5, 3)
    func draw(_ count: Int, _ name: String) throws -> [Double] {
      try RandomKey(seed: seed, purpose: name).normal([count], dtype: .float64).doubles()
    }
    // H = I / 2 + G G' / 10
    let g = try draw(p * p, "H")
    var h = [Double](repeating: 0, count: p * p)
    for i in 0..<p {
      h[p * i + i] = 0.5
      for j in 0..<p {
        for k in 0..<p { h[p * i + j] += g[p * i + k] * g[p * j + k] / 10 }
      }
    }
    let (n, c, d, k) = (
      try draw(p * q, "N"), try draw(p, "c"), try draw(p, "d"), try draw(q, "k")
    )
    let l = try draw(q, "l")

    let columns = (0..<q).map { column in
      Self.solve(h, (0..<p).map { n[q * $0 + column] })
    }
    slopes = [columns.flatMap { $0[..<2] }, columns.flatMap { $0[2...] }]
    let constant = Self.solve(h, c)
    let solution = (0..<p).map { row in
      (0..<q).reduce(constant[row]) { $0 + columns[$1][row] * l[$1] }
    }
    self.solution = solution
    direct = k
    let miss = zip(solution, d).map { $0 - $1 }
    gradient = (0..<q).map { column in
      (0..<p).reduce(k[column]) { $0 + columns[column][$1] * miss[$1] }
    }
    hyper = [Tensor(Array(l[..<1])), Tensor(Array(l[1...]))].map { $0.cast(to: dtype) }

    let (matrix, mixed) = (Tensor(h, shape: [p, p]), Tensor(n, shape: [p, q]))
    let (shift, target, weight) = (Tensor(c), Tensor(d), Tensor(k))
    problem = BilevelProblem(
      steps: steps,
      weights: { _ in [Tensor.zeros([2, 1], dtype: dtype), Tensor.zeros([3], dtype: dtype)] },
      optimizer: { _, _ in optimizer() },
      loss: { w, l in
        let w = concatenate(w.map { $0.reshaped([-1]) })
        let pull = matmul(mixed.cast(to: dtype), concatenate(l)) + shift.cast(to: dtype)
        return (w * (0.5 * matmul(matrix.cast(to: dtype), w) - pull)).sum()
      },
      outer: { w, l in
        let w = concatenate(w.map { $0.reshaped([-1]) })
        return 0.5 * (w - target.cast(to: dtype)).square().sum()
          + (weight.cast(to: dtype) * concatenate(l)).sum()
      })
  }

  /// x with A x = b, by elimination with pivots.
  private static func solve(_ matrix: [Double], _ right: [Double]) -> [Double] {
    let n = right.count
    var a = matrix
    var b = right
    for column in 0..<n {
      var pivot = column
      for row in column..<n
      where Swift.abs(a[n * row + column]) > Swift.abs(a[n * pivot + column]) { pivot = row }
      for j in 0..<n { a.swapAt(n * column + j, n * pivot + j) }
      b.swapAt(column, pivot)
      for row in (column + 1)..<n {
        let factor = a[n * row + column] / a[n * column + column]
        for j in column..<n { a[n * row + j] -= factor * a[n * column + j] }
        b[row] -= factor * b[column]
      }
    }
    for row in (0..<n).reversed() {
      for j in (row + 1)..<n { b[row] -= a[n * row + j] * b[j] }
      b[row] /= a[n * row + row]
    }
    return b
  }
}
