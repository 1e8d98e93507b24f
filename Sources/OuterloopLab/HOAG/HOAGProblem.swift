internal import OuterloopAutodiff
internal import OuterloopBilevel
internal import OuterloopLearning
internal import OuterloopNumerics

/// A linear classifier with one log decay: an inner problem with one solution for every decay.
///
///     L(w, lambda) = mean loss on training examples + exp(lambda) |w|^2 / 2 + 5e-4 b^2
///     E(w)         = mean loss on held-out examples
struct HOAGProblem: Sendable {
  typealias Problem = BilevelProblem<TrainingState<Dense>, Tensor, NoTensors>

  let problem: Problem

  private init(
    from start: Dense, fit: @escaping @Sendable (Dense) -> Tensor,
    heldOut: @escaping @Sendable (Dense) -> Tensor
  ) {
    problem = Problem(
      steps: 1, weights: { _ in start }, optimizer: { _, _ in .sgd(rate: 0.1) },
      loss: { model, decay in
        fit(model) + 0.5 * (exp(decay).reshaped([]) * model.weights.square().sum())
          + 5e-4 * model.bias.square().sum()
      },
      outer: { model, _ in heldOut(model) })
  }

  /// Softmax regression of the bundled digits.
  static func softmax(_ split: DigitSplit) -> Self {
    Self(
      from: split.zeroModel(), fit: { Loss.crossEntropy($0(split.x), labels: split.y) },
      heldOut: { Loss.crossEntropy($0(split.heldX), labels: split.heldY) })
  }

  /// Logistic regression of sparse examples.
  static func logistic(_ split: SparseSplit) -> Self {
    let start = Dense(
      weights: Tensor.zeros([split.features, 1], dtype: .float64),
      bias: Tensor.zeros([1], dtype: .float64))
    return Self(from: start, fit: split.train.loss, heldOut: split.heldOut.loss)
  }

  /// E at the exact solution for a log decay.
  func loss(at decay: Double) throws -> Double {
    try problem.hypergradient(
      at: Tensor([decay]), by: .implicit(.cg(), inner: .lbfgs(LBFGS(tolerance: 1e-8)))
    ).loss
  }

  /// The best log decay and its loss: a grid of width 1, then golden sections around its best point, to 1e-5.
  ///
  /// - Parameter check: called before every evaluation; an error it throws ends the search.
  func bestDecay(
    in range: ClosedRange<Double>, check: () throws -> Void
  ) throws -> (decay: Double, loss: Double) {
    func evaluate(_ decay: Double) throws -> Double {
      try check()
      return try loss(at: decay)
    }
    let grid = Array(stride(from: range.lowerBound, through: range.upperBound, by: 1))
    let losses = try grid.map(evaluate)
    let place = losses.indices.min { losses[$0] < losses[$1] } ?? 0
    var (low, high) = (grid[Swift.max(place - 1, 0)], grid[Swift.min(place + 1, grid.count - 1)])
    let ratio = 0.6180339887498949
    var (a, b) = (high - ratio * (high - low), low + ratio * (high - low))
    var (atA, atB) = (try evaluate(a), try evaluate(b))
    while high - low > 1e-5 {
      if atA < atB {
        (high, b, atB) = (b, a, atA)
        a = high - ratio * (high - low)
        atA = try evaluate(a)
      } else {
        (low, a, atA) = (a, b, atB)
        b = low + ratio * (high - low)
        atB = try evaluate(b)
      }
    }
    return (atA < atB ? a : b, Swift.min(atA, atB))
  }
}
