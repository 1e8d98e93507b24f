internal import OuterloopAutodiff
internal import OuterloopBilevel
internal import OuterloopLearning
internal import OuterloopNumerics

/// Ridge regression whose features come in groups, each with a log decay: few groups matter, the others are noise.
///
///     L = |X w - y|^2 / (2 n) + sum_g e^(l_g) |w_g|^2 / 2,     E = |X' w - y'|^2 / (2 n')
///
/// Any number of groups up to that of the features is the same regression with more hyperparameters.
struct AlgorithmProblem {
  typealias Problem = BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>

  static let features = 1_024
  static let (train, validation) = (120, 240)

  /// Q
  let groups: Int
  let steps: Int
  let momentum: Double
  let problem: Problem

  init(groups: Int, steps: Int, momentum: Double = 0.9, seed: UInt64) throws {
    (self.groups, self.steps, self.momentum) = (groups, steps, momentum)
    let (p, n, m) = (Self.features, Self.train, Self.validation)
    let keys = RandomKey(seed: seed, purpose: "algorithms").split(5)
    // A quarter of the features carries the signal, in one block, which the decays have to separate
    // from the rest.
    let truth = try keys[0].normal([p], dtype: .float64).doubles().enumerated().map {
      $0.offset < p / 4 ? $0.element / Double(p / 4).squareRoot() : 0
    }
    let (x, held) = (
      keys[1].normal([n, p], dtype: .float64), keys[2].normal([m, p], dtype: .float64)
    )
    func values(_ x: Tensor, _ count: Int, noise key: RandomKey) throws -> Tensor {
      let clean = matmul(x, Tensor(truth, shape: [p, 1])).reshaped([count])
      return try (clean + 0.3 * key.normal([count], dtype: .float64)).materialized()
    }
    let y = try values(x, n, noise: keys[3])
    let heldY = try values(held, m, noise: keys[4])
    let group = Tensor((0..<p).map { Int32($0 * groups / p) })
    let start = Tensor.zeros([p], dtype: .float64)
    problem = Problem(
      steps: steps, weights: { _ in start },
      optimizer: { _, _ in
        momentum > 0 ? .momentum(rate: 0.1, momentum: .init(momentum)) : .sgd(rate: 0.1)
      },
      loss: { w, l in
        0.5 * (matmul(x, w.reshaped([p, 1])).reshaped([n]) - y).square().mean()
          + 0.5 * (exp(l).gathered(at: group) * w.square()).sum()
      },
      outer: { w, _ in
        0.5 * (matmul(held, w.reshaped([p, 1])).reshaped([m]) - heldY).square().mean()
      })
  }

  /// All log decays at -4.
  var start: Tensor { Tensor([Double](repeating: -4, count: groups)) }

  /// E after training to the solution with these decays, the common measure for all methods.
  func judged(_ decays: Tensor) throws -> Double {
    try problem.hypergradient(
      at: decays, by: .implicit(.identity, inner: .lbfgs(LBFGS(tolerance: 1e-7)))
    ).loss
  }
}
