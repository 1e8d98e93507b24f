public import OuterloopAutodiff
public import OuterloopBilevel
public import OuterloopLearning
public import OuterloopNumerics

/// A bilevel problem with a solution in closed form, whose losses are means over terms:
///
///     L_i = w' A_i w / 2 - w' (B_i l + c_i),     i < 6
///     E_j = |w - d_j|^2 / 2 + w' F l + rho |l|^2 / 2,   j < 3
///
/// with w of 3 and l of 2 numbers. With the means A, B, c, d: w* = A^-1 (B l + c), and
///
///     dE/dl = rho l + F' w* + B' A^-1 (w* - d + F l),
///
/// which is affine in l. The reference results here are plain recursions and eliminations,
/// independent of the library.
public struct QuadraticBilevel: Sendable {
  /// The problem as the library has it.
  public typealias Problem = BilevelProblem<TrainingState<Tensor>, Tensor, Tensor>
  /// Terms of the inner loss.
  public static let terms = 6
  /// Terms of the outer loss.
  public static let outerTerms = 3
  static let rho = 0.4

  /// (6, 3, 3), (6, 3, 2), (6, 3), (3, 3), (3, 2)
  let a, b, c, d, f: [Double]

  /// - Parameter spread: how much the terms differ from each other.
  public init(spread: Double = 0.3) {
    func draw(_ name: String, _ count: Int) -> [Double] {
      let key = RandomKey(seed: 4, purpose: "quadratic bilevel " + name)
      return ((try? key.uniform([count], dtype: .float64).doubles()) ?? []).map { 2 * $0 - 1 }
    }
    let noise = draw("A", 6 * 9)
    let curvature = [1, 0.3, 0, 0.3, 1.4, -0.2, 0, -0.2, 0.8]
    a = (0..<54).map { (index: Int) -> Double in
      let first = index / 9 * 9
      let (i, j) = (index / 3 % 3, index % 3)
      let symmetric = noise[first + 3 * i + j] + noise[first + 3 * j + i]
      return curvature[index % 9] + spread * symmetric / 3
    }
    func around(_ center: [Double], _ name: String, _ terms: Int) -> [Double] {
      draw(name, terms * center.count).enumerated().map { index, value in
        center[index % center.count] + spread * value
      }
    }
    b = around([0.7, -0.4, 0.2, 0.9, -0.5, 0.6], "B", 6)
    c = around([0.3, -0.6, 0.5], "c", 6)
    d = around([1.2, -0.7, 0.4], "d", 3)
    f = [0.2, -0.1, 0.15, 0.1, -0.25, 0.05]
  }

  /// Training from 0 at a constant rate, or one that decays as `rate / sqrt(t)`, on batches of the
  /// terms' numbers (int32).
  ///
  /// - Throws: what the estimator and the problem throw.
  public func problem(
    steps: Int, rate: Double = 0.4, decays: Bool = false, batches: Batches<Tensor>,
    validation: Batches<Tensor>
  ) throws -> Problem {
    let (a, b) = (Tensor(a, shape: [6, 3, 3]), Tensor(b, shape: [6, 3, 2]))
    let (c, d) = (Tensor(c, shape: [6, 3]), Tensor(d, shape: [3, 3]))
    let f = Tensor(f, shape: [3, 2])
    return try Problem(
      steps: steps, batches: batches, validation: validation,
      weights: { _ in Tensor.zeros([3], dtype: .float64) },
      optimizer: { _, time in
        .sgd(rate: decays ? .init(rate / sqrt(time.number)) : .init(rate))
      },
      loss: { w, l, rows in
        let curvature = a.gathered(at: rows).mean(axes: [0])
        let slope =
          matmul(b.gathered(at: rows).mean(axes: [0]), l)
          + c.gathered(at: rows).mean(axes: [0])
        return 0.5 * (w * matmul(curvature, w)).sum() - (w * slope).sum()
      },
      outer: { w, l, rows in
        let target = d.gathered(at: rows)
        return 0.5 * (w - target).square().sum(axes: [1]).mean() + (w * matmul(f, l)).sum()
          + 0.5 * Self.rho * l.square().sum()
      })
  }

  /// All terms at every step.
  ///
  /// - Throws: what the estimator and the problem throw.
  public func fullBatch(steps: Int, rate: Double = 0.4) throws -> Problem {
    let (inner, outer) = (Self.all(Self.terms), Self.all(Self.outerTerms))
    return try problem(
      steps: steps, rate: rate, batches: Batches { _ in inner }, validation: Batches { _ in outer })
  }

  /// One term at a time, in a new random order each round.
  ///
  /// - Throws: what the estimator and the problem throw.
  public func stochastic(
    steps: Int, rate: Double, decays: Bool = false, seed: UInt64
  ) throws -> Problem {
    try problem(
      steps: steps, rate: rate, decays: decays,
      batches: .partitioned(count: Self.terms, size: 1, seed: seed),
      validation: .partitioned(count: Self.outerTerms, size: 1, seed: seed &+ 1000))
  }

  private static func all(_ count: Int) -> Tensor { Tensor((0..<count).map { Int32($0) }) }

  // MARK: - Answers

  /// w*(l); NaN unless l has two numbers.
  public func solution(at l: [Double]) -> [Double] {
    guard l.count == 2 else { return [.nan, .nan, .nan] }
    return Self.solved(mean(a, 9, 6), slope(l))
  }

  /// dE/dl through w*(l); NaN unless l has two numbers.
  public func hypergradient(at l: [Double]) -> [Double] {
    guard l.count == 2 else { return [.nan, .nan] }
    let w = solution(at: l)
    let target = mean(d, 3, 3)
    let matrix = mean(b, 6, 6)
    var residual = [0.0, 0, 0]
    for i in 0..<3 {
      let cross = f[2 * i] * l[0] + f[2 * i + 1] * l[1]
      residual[i] = w[i] - target[i] + cross
    }
    let q = Self.solved(mean(a, 9, 6), residual)
    var gradient = l.map { Self.rho * $0 }
    for i in 0..<3 {
      for k in 0..<2 { gradient[k] += f[2 * i + k] * w[i] + matrix[2 * i + k] * q[i] }
    }
    return gradient
  }

  /// Where the hypergradient is 0.
  public func optimum() -> [Double] {
    let zero = hypergradient(at: [0, 0])
    let columns = [hypergradient(at: [1, 0]), hypergradient(at: [0, 1])]
    let matrix = (0..<4).map { (index: Int) -> Double in
      columns[index % 2][index / 2] - zero[index / 2]
    }
    return Self.solved(matrix, zero.map { -$0 })
  }

  private func slope(_ l: [Double]) -> [Double] {
    let (matrix, shift) = (mean(b, 6, 6), mean(c, 3, 6))
    return (0..<3).map { (i: Int) -> Double in
      let row = matrix[2 * i] * l[0] + matrix[2 * i + 1] * l[1]
      return row + shift[i]
    }
  }

  private func mean(_ values: [Double], _ size: Int, _ terms: Int) -> [Double] {
    (0..<size).map { index in
      (0..<terms).reduce(0) { $0 + values[$1 * size + index] } / Double(terms)
    }
  }

  /// x with M x = y, by elimination with partial pivoting.
  static func solved(_ matrix: [Double], _ y: [Double]) -> [Double] {
    let n = y.count
    var rows = (0..<n).map { i in matrix[(i * n)..<((i + 1) * n)] + [y[i]] }.map(Array.init)
    for k in 0..<n {
      let pivot = (k..<n).max { Swift.abs(rows[$0][k]) < Swift.abs(rows[$1][k]) } ?? k
      rows.swapAt(k, pivot)
      for i in 0..<n where i != k {
        let factor = rows[i][k] / rows[k][k]
        for j in k...n { rows[i][j] -= factor * rows[k][j] }
      }
    }
    return (0..<n).map { rows[$0][n] / rows[$0][$0] }
  }
}
