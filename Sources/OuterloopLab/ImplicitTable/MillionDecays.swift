internal import OuterloopAutodiff
internal import OuterloopBilevel
internal import OuterloopLearning
internal import OuterloopNumerics
internal import OuterloopPlatform

/// Linear regression from few examples with a log decay for every weight, as many as fit in memory.
///
///     L = |X w - y|^2 / (2 n) + sum_i e^(l_i) w_i^2 / 2,     E = |X' w - y'|^2 / (2 n')
///
/// With equal decays d the solution and the linear system are known through n equations (Woodbury): for any b,
/// `(d I + X'X/n)^-1 b = (b - X' (n d I + X X')^-1 X b) / d`.
struct MillionDecays {
  let weights: Int
  let seed: UInt64

  struct Answer: Codable {
    /// Relative difference from Woodbury's formula, and seconds of the hypergradient.
    var error, seconds: Double
  }

  private static let examples = 16
  private static let logDecay = -1.0

  func answer() throws -> Answer {
    let (n, p) = (Self.examples, weights)
    let keys = RandomKey(seed: seed, purpose: "million decays").split(4)
    let scale = 1 / Double(p).squareRoot()
    let x = try (keys[0].normal([n, p], dtype: .float64) * scale).materialized()
    let held = try (keys[1].normal([n, p], dtype: .float64) * scale).materialized()
    let (y, heldY) = (keys[2].normal([n], dtype: .float64), keys[3].normal([n], dtype: .float64))
    let zeros = Tensor.zeros([p], dtype: .float64)
    func product(_ x: Tensor, _ w: Tensor) -> Tensor {
      matmul(x, w.reshaped([p, 1])).reshaped([n])
    }
    let problem = BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>(
      steps: 1, weights: { _ in zeros }, optimizer: { _, _ in .sgd(rate: 0.1) },
      loss: { w, l in
        0.5 * (matmul(x, w.reshaped([p, 1])).reshaped([n]) - y).square().mean()
          + 0.5 * (exp(l) * w.square()).sum()
      },
      outer: { w, _ in
        0.5 * (matmul(held, w.reshaped([p, 1])).reshaped([n]) - heldY).square().mean()
      })
    let decays = Tensor(repeating: Self.logDecay, shape: [p], dtype: .float64)
    let clock = ContinuousClock()
    let start = clock.now
    let result = try problem.hypergradient(
      at: decays, by: .implicit(.cg(), inner: .lbfgs(LBFGS(tolerance: 1e-10))))
    let seconds = start.duration(to: clock.now) / .seconds(1)
    // w = (d I + X'X/n)^-1 X'y/n, then q for grad E; the hypergradient is -q_i d w_i.
    let w = try solve(
      x, matmul(x, y.reshaped([n, 1]), transposeA: true).reshaped([p]) * (1 / Double(n)))
    let slope =
      matmul(held, (product(held, w) - heldY).reshaped([n, 1]), transposeA: true)
      .reshaped([p]) * (1 / Double(n))
    let q = try solve(x, slope)
    let known = try (-exp(Self.logDecay) * (q * w)).doubles()
    let given = try result.gradient.doubles()
    func norm(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    return Answer(
      error: norm(zip(given, known).map { $0 - $1 }) / norm(known), seconds: seconds)
  }

  /// (d I + X'X/n)^-1 b
  private func solve(_ x: Tensor, _ b: Tensor) throws -> Tensor {
    let (n, p, d) = (Self.examples, weights, exp(Self.logDecay))
    let gram = matmul(x, x, transposeB: true) + Tensor.eye(n, dtype: .float64) * (Double(n) * d)
    let factor = cholesky(gram)
    let right = matmul(x, b.reshaped([p, 1]))
    let inner = triangularSolve(factor, triangularSolve(factor, right), transposed: true)
    return try ((b - matmul(x, inner, transposeA: true).reshaped([p])) * (1 / d)).materialized()
  }
}
