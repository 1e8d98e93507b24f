internal import OuterloopAutodiff
internal import OuterloopBilevel
internal import OuterloopLearning
internal import OuterloopNumerics

/// Bengio's problem: `Q(theta, h) = b(h)'theta + theta' H(h) theta / 2`, with outer loss `E = |theta - t|^2
/// / 2`.
///
/// Here `H(h) = G G'/s + diag(exp h)` and `b(h) = -(1 + h) t`, so that both depend on h.
struct BengioProblem {
  let size: Int
  let seed: UInt64

  private var numbers: (matrix: Tensor, target: Tensor) {
    get throws {
      let keys = RandomKey(seed: seed, purpose: "Bengio", index: UInt64(size)).split(2)
      let root = keys[0].normal([size, size], dtype: .float64)
      let matrix = try (matmul(root, root, transposeB: true) * (1 / Double(size))).materialized()
      return (matrix, keys[1].normal([size], dtype: .float64))
    }
  }

  /// The same as a bilevel problem, for estimators.
  func problem() throws -> BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors> {
    let (matrix, target) = try numbers
    let (size, zeros) = (size, Tensor.zeros([size], dtype: .float64))
    return BilevelProblem(
      steps: 5_000, weights: { _ in zeros }, optimizer: { _, _ in .sgd(rate: 0.1) },
      loss: { theta, h in
        let product = matmul(matrix, theta.reshaped([size, 1])).reshaped([size])
        let quadratic = (theta * product).sum() + (exp(h) * theta.square()).sum()
        return 0.5 * quadratic - ((1 + h) * target * theta).sum()
      },
      outer: { theta, _ in 0.5 * (theta - target).square().sum() })
  }

  /// The hypergradient through `theta = -H^-1 b` by a Cholesky factor, compiled.
  private func program() throws -> Compiled<Tensor, Tensor> {
    let (matrix, target) = try numbers
    let (size, eye) = (size, Tensor.eye(size, dtype: .float64))
    return Compiled { h in
      try gradient(at: h) { h in
        let factor = cholesky(matrix + eye * exp(h))
        let right = ((1 + h) * target).reshaped([size, 1])
        let theta = triangularSolve(factor, triangularSolve(factor, right), transposed: true)
        return 0.5 * (theta.reshaped([size]) - target).square().sum()
      }
    }
  }

  func throughSolution(_ h: Tensor) throws -> [Double] { try program()(h).doubles() }

  /// The shortest time of one hypergradient, since other load only adds to it; compilation is not timed.
  func seconds(repeats: Int) throws -> Double {
    let (program, h) = (try program(), Tensor([Double](repeating: 0.1, count: size)))
    _ = try program(h).doubles()
    let clock = ContinuousClock()
    let times = try (0..<repeats).map { _ in
      try clock.measure { _ = try program(h).doubles() } / .seconds(1)
    }
    return times.min() ?? .nan
  }
}
